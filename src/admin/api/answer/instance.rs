//! An instance of an application.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// An instance of an application. Of others than the one that is asked only what they have registered is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Instance {
    /// The id of the application.
    #[schema(examples("ctm"))]
    pub application: String,
    /// The id of the instance.
    #[schema(examples("a"))]
    pub id: String,
    /// True of the instance that is asked.
    pub asked: bool,
    /// Its address for HTTP, as other instances see it; absent: it has none.
    #[schema(examples("127.0.0.1:8080"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Its state, as in the metric `sheaf_instance_state`.
    #[schema(examples("running"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// False if a thread hangs or has failed: then the process should be restarted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alive: Option<bool>,
    /// True while it processes all partitions that it owns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// Its stream threads.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub threads: Vec<Thread>,
    /// The number of its tasks that process or are being restored.
    #[schema(minimum = 0)]
    pub tasks: u64,
    /// The number of its standby tasks.
    #[schema(minimum = 0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standby_tasks: Option<u64>,
    /// The free space of the file system of its stores, in bytes; absent before the first measurement.
    #[schema(minimum = 0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_free_bytes: Option<u64>,
    /// What else is worth to know, as in `/healthz`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
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
