//! What a replay is fed with, in which pieces it passes that on, and what comes of it.

use crate::model::Record;

/// After so many bytes of keys and entries a batch is applied, however few records they are.
pub(super) const BATCH_BYTES_MAX: usize = 16 << 20;

/// What a reader has come to in a changelog.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// New records.
    pub(super) records: Vec<Record>,
    /// Where it stands behind them, when it says so: behind the last record there may be markers.
    pub(super) position: Option<i64>,
}

/// How records go into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Batching {
    /// [`Batch::is_load`].
    pub(super) is_load: bool,
    /// So many bytes are held back for one batch, at most [`BATCH_BYTES_MAX`]; 0: nothing is held back.
    pub(super) bytes: usize,
}

/// What some records of the changelog came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More is to come.
    Reading,
    /// The reader has to go to another place.
    Moved,
    /// The end is reached.
    Done,
    /// The store has to be made anew.
    Outdated,
}
