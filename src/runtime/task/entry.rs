//! An entry before a step and after it.

use std::sync::Arc;

use bytes::Bytes;

use super::cache::Decoded;
use crate::codec::Head;
use crate::processor::Body;
use crate::store::overlay::{Parts, Written};

/// What a step begins with.
#[derive(Debug)]
pub(super) struct Taken {
    /// The head of the entry, or of one that is yet to be.
    pub head: Arc<Head>,
    /// The state; `None` when there is no entry.
    pub body: Option<Body>,
    /// How many bytes its parts have.
    pub parts_size: usize,
    /// True when it was read and decoded, although it is one that is kept decoded where there is budget.
    pub was_read: bool,
}

/// What a step makes of an entry.
#[derive(Debug)]
pub(super) struct Next {
    /// How it is stored.
    pub written: Written,
    /// What becomes of its parts.
    pub parts: Parts,
    /// As the step after this one sees it.
    pub decoded: Decoded,
}

impl Next {
    /// How many bytes are written.
    pub(super) fn size(&self) -> usize {
        self.written.bytes.len() + self.parts.added.iter().map(Bytes::len).sum::<usize>()
    }
}
