//! One member event, and where it was read.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::model::Timestamp;

/// One member event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its own id, in the topology's form.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// Which child it says it is, from 1 to [`CHILDREN_MAX`](super::CHILDREN_MAX); `None` for a parent and for a child that
    /// does not say.
    pub place: Option<u32>,
    /// The original payload: one JSON text.
    pub content: Bytes,
    /// Where it was read.
    pub origin: Origin,
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
