//! An application of the process: a topology with its own consumer group, topics and state.

use serde::Serialize;
use utoipa::ToSchema;

/// An application of the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Application {
    /// Its id: the consumer group, and the beginning of its topics' names. The parameter `application` of other paths takes it.
    #[schema(examples("ctm"))]
    pub id: String,
    /// The name of its topology.
    #[schema(examples("control-m"))]
    pub topology: String,
    /// The state of this instance, as in the metric `sheaf_instance_state`.
    #[schema(examples("running"))]
    pub state: String,
    /// True while this instance processes all partitions that it owns.
    pub ready: bool,
    /// The names of its processors.
    #[schema(examples(json!(["bundle", "delivery"])))]
    pub processors: Vec<String>,
}
