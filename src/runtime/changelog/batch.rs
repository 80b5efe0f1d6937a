//! What a replay is fed with, in which pieces it passes that on, and what comes of it.

use crate::model::Record;

/// After so many bytes of keys and entries a batch is applied, however few records they are.
const BYTES_MAX: usize = 16 << 20;
/// However many share that, a batch of one has so many: a smaller one is not worth a file.
const BYTES_MIN: usize = 512 << 10;

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
pub(super) enum Batching {
    /// All that has come, at once.
    AtOnce,
    /// As [loads](crate::store::Batch::is_bulk), for which records are held back, of one of so many replays that do so.
    Load {
        /// How many.
        replays: usize,
    },
}

impl Batching {
    /// Whether the batches are loads.
    pub(super) const fn is_bulk(self) -> bool {
        matches!(self, Self::Load { .. })
    }

    /// How many bytes of records make a batch.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::AtOnce => BYTES_MAX,
            Self::Load { replays } => (BYTES_MAX / replays.max(1)).max(BYTES_MIN),
        }
    }
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
