//! An entry before and after a step.

use std::sync::Arc;

use bytes::Bytes;

use super::cache::Decoded;
use crate::codec::Head;
use crate::processor::Body;
use crate::store::overlay::{Parts, Written};

/// An entry before a step.
#[derive(Debug)]
pub(super) struct CurrentEntry {
    /// The head of the entry, or of a new one.
    pub head: Arc<Head>,
    /// The state; `None` if there is no entry.
    pub body: Option<Body>,
    /// The size of its parts in bytes.
    pub parts_size: usize,
    /// True if it was not in the cache although entries like it are cached.
    pub was_read: bool,
}

/// An entry after a step.
#[derive(Debug)]
pub(super) struct NextEntry {
    /// The encoded entry.
    pub written: Written,
    /// The changes of its parts.
    pub parts: Parts,
    /// The decoded entry.
    pub decoded: Decoded,
}

impl NextEntry {
    /// The written bytes.
    pub(super) fn size(&self) -> usize {
        self.written.bytes.len() + self.parts.added.iter().map(Bytes::len).sum::<usize>()
    }
}
