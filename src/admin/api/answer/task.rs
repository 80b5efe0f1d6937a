//! A task: a processor and a partition of its inbox.

use serde::Serialize;
use utoipa::ToSchema;

use super::Time;

/// A task: a processor and a partition of its inbox. Of a task of another instance than the one that is asked only its name is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Task {
    /// The id of the application.
    #[schema(examples("ctm"))]
    pub application: String,
    /// Its name: the processor and the partition.
    #[schema(examples("bundle-0"))]
    pub name: String,
    /// The processor.
    #[schema(examples("bundle"))]
    pub processor: String,
    /// The partition of the processor's inbox.
    #[schema(examples(0), minimum = 0)]
    pub partition: i32,
    /// The id of the instance.
    #[schema(examples("a"))]
    pub instance: String,
    /// Whether it processes, or follows a task of another instance.
    pub role: TaskRole,
    /// Its state; absent for a standby, and for a task of another instance.
    #[schema(examples("running"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The number of its entries, some seconds ago; absent until it runs.
    #[schema(minimum = 0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<u64>,
    /// The number of those that have not ended.
    #[schema(minimum = 0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<u64>,
    /// The begin of the oldest open entry, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_open: Option<Time>,
    /// The due time of the next deadline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_deadline: Option<Time>,
}

/// Whether a task processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskRole {
    /// It processes.
    Active,
    /// It keeps a copy of the state of a task of another instance.
    Standby,
}
