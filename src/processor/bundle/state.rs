//! What is remembered of one bundle between steps.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::{Fingerprint, Gathering};
use crate::model::Timestamp;

/// How many deviations of one bundle are alerted; further ones are counted only.
pub const REPORTED_MAX: usize = 64;

/// A bundle. No state at all: nothing has been seen of it, or its closed marker has been dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for members, and its deadline is ahead.
    Open(Gathering),
    /// It waits for members, and the breach of its deadline has been alerted.
    Breached(Gathering),
    /// It has ended; a marker recognises what comes too late.
    Closed(Marker),
}

/// One member event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its own id, in the topology's form.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// Which child it says it is, from 1 to [`CHILDREN_MAX`]; `None` for a parent and for a child that does not say.
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

/// What is left of a bundle that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// How it ended.
    pub ending: Ending,
    /// Its members: fingerprints of name and content, in the order of the names'.
    pub seen: Vec<(Fingerprint, Fingerprint)>,
    /// As [`Gathering::reported`].
    pub reported: Vec<Fingerprint>,
}

/// How a bundle ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every member came, and it was handed on.
    Completed,
}

/// Who has not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The parent has not.
    pub parent: bool,
    /// The places of the children that have not, ascending.
    pub children: Vec<u32>,
}

impl Missing {
    /// Parent, child or both, as a label.
    pub(super) const fn word(&self) -> &'static str {
        match (self.parent, self.children.is_empty()) {
            (true, true) => "parent",
            (true, false) => "both",
            (false, _) => "child",
        }
    }
}

impl fmt::Display for Origin {
    /// `ctm-parent-events-3@17`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}@{}", self.topic, self.partition, self.offset)
    }
}
