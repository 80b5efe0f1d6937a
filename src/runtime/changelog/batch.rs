//! Input, batching and result of a replay.

use crate::model::Record;

/// The size at which a batch is applied, in bytes of keys and values.
const BYTES_MAX: usize = 16 << 20;
/// The least size of a batch of one of many bulk replays, in bytes: a smaller one is not worth a file.
const BYTES_MIN: usize = 512 << 10;

/// The records that were read from a changelog.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// The new records.
    pub(super) records: Vec<Record>,
    /// The reader's position after them, if known: transaction markers may follow the last record.
    pub(super) position: Option<i64>,
}

/// The batching of writes to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Batching {
    /// All records that were read, without delay.
    AtOnce,
    /// [Bulk loads](crate::store::Batch::is_bulk) of large batches.
    Bulk {
        /// The number of bulk replays, which share the memory.
        replays: usize,
    },
}

impl Batching {
    /// True for bulk loads.
    pub(super) const fn is_bulk(self) -> bool {
        matches!(self, Self::Bulk { .. })
    }

    /// The size of a batch in bytes.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::AtOnce => BYTES_MAX,
            Self::Bulk { replays } => (BYTES_MAX / replays.max(1)).max(BYTES_MIN),
        }
    }
}

/// The state of a replay after a batch of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There is more to read.
    Reading,
    /// The reader has to seek to the replay's next offset.
    Seek,
    /// The end of the changelog is reached.
    Done,
    /// The store has to be rebuilt.
    Outdated,
}
