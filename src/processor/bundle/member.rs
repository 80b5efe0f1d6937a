//! A member event with its coordinates.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::Role;
use crate::model::Timestamp;

/// One member event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The member's id, in the topology's form.
    pub id: String,
    /// The name of a child whose kind is counted by itself; its id and its position are unique among children of this name.
    pub name: Option<Arc<str>>,
    /// The event time.
    pub at: Timestamp,
    /// The stated position of a child, from 1 to [`CHILDREN_MAX`](super::CHILDREN_MAX); `None` for a parent and for a child
    /// without one.
    pub position: Option<u32>,
    /// The event time of the content, if another one came before; `at` is that of the earliest one.
    pub updated_at: Option<Timestamp>,
    /// The original payload: one JSON text.
    pub content: Bytes,
    /// The coordinates of the record.
    pub origin: Origin,
}

impl Member {
    /// What it is in messages: its name, or its role.
    pub(super) fn kind(&self, role: Role) -> &str {
        self.name.as_deref().unwrap_or(role.as_str())
    }
}

/// The coordinates of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

impl fmt::Display for Origin {
    /// `ctm-parent-events-3@17`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}@{}", self.topic, self.partition, self.offset)
    }
}
