//! An instance of an application.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// This instance of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Instance {
    /// The id of the application.
    #[schema(examples("ctm"))]
    pub application: String,
    /// The id of the instance.
    #[schema(examples("a"))]
    pub id: String,
    /// Its address for HTTP, as other instances see it.
    #[schema(examples("127.0.0.1:8080"))]
    pub address: String,
    /// Its state, as in the metric `sheaf_instance_state`.
    #[schema(examples("running"))]
    pub state: String,
    /// False if a thread hangs or has failed: then the process should be restarted.
    pub alive: bool,
    /// True while it processes all partitions that it owns.
    pub ready: bool,
    /// Its stream threads.
    pub threads: Vec<Thread>,
    /// The number of its tasks that process or are being restored.
    #[schema(minimum = 0)]
    pub tasks: u64,
    /// The number of its standby tasks.
    #[schema(minimum = 0)]
    pub standby_tasks: u64,
    /// The free space of the file system of its stores, in bytes; absent before the first measurement.
    #[schema(minimum = 0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_free_bytes: Option<u64>,
    /// What else is worth to know, as in `/healthz`.
    pub details: BTreeMap<String, String>,
}

/// A stream thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Thread {
    /// Its name.
    #[schema(examples("stream-0"))]
    pub name: String,
    /// Its state.
    #[schema(examples("running"))]
    pub state: String,
}
