//! The store port: one task's entries, timers, pending acts and positions, changed by atomic batches.
//!
//! Two adapters: `rocks` (`RocksDB`, one directory per task) and `memory`. On top of both: the index rows of an entry
//! (`index`) and their counts (`counts`), the write-behind buffer with committed changes (`write_behind`), and the uncommitted changes of a
//! transaction (`overlay`).
//!
//! | family | key | value |
//! |---|---|---|
//! | `entry` | key | entry bytes ([`codec::entry`](crate::codec::entry)) |
//! | `timer` | clock u8, due u64 BE (sign flipped), slot u8, key | empty |
//! | `timer` | `02`, status u64 BE, sort key u64 BE (sign flipped), key: the status index | empty |
//! | `part` | key with an end mark, number u32 BE | part bytes ([`codec::part`](crate::codec::part)) |
//! | `act` | key with an end mark (`00` as `00 FF`, then `00 00`), slot u8 | empty |
//! | `meta` | name | bytes |

pub mod counts;
mod error;
pub mod index;
pub mod memory;
pub mod overlay;
#[cfg(feature = "rocksdb")]
pub mod rocks;
mod status_row;
pub mod write_behind;

pub use error::Error;
pub use status_row::StatusRow;

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use bytes::Bytes;

use counts::{Bucket, Counts};

use crate::metric::{Disk, StoreFigures};
use crate::model::{ActSlot, Key, Status, Timer, TimerKind, Timestamp};

/// The result of the port's operations.
pub type Result<T> = std::result::Result<T, Error>;

/// Read access to a task's state: to a store, or to a buffer in front of one.
pub trait View {
    /// The bytes of an entry.
    fn get(&self, key: &Key) -> Result<Option<Bytes>>;

    /// The parts of an entry, in the order of their numbers.
    fn parts(&self, key: &Key) -> Result<Vec<(u32, Bytes)>>;

    /// The parts within the range that the entry counts. Others were written before a crash and are garbage.
    fn counted_parts(&self, key: &Key, numbers: &Range<u32>) -> Result<Vec<(u32, Bytes)>> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let mut parts = self.parts(key)?;
        parts.retain(|(number, _)| numbers.contains(number));
        Ok(parts)
    }

    /// Up to `limit` timers of one clock that are due at `now`, ordered by (due, slot, key).
    fn due(&self, clock: TimerClock, now: Timestamp, limit: usize) -> Result<Vec<(Key, Timer)>>;

    /// A lower bound of the due time of the next timer of one clock; `None` if there is none.
    fn next_due(&self, clock: TimerClock) -> Result<Option<Timestamp>>;
}

/// The state of one task. Dropping it closes the store.
pub trait Store: View + Send {
    /// Applies a batch atomically, also if the process crashes; for bulk loads see [`Batch::is_bulk`].
    fn apply(&mut self, batch: &Batch) -> Result<()>;

    /// Up to `limit` pending acts, ordered by (key, slot), after the given one.
    fn acts(&self, after: Option<&(Key, ActSlot)>, limit: usize) -> Result<Vec<(Key, ActSlot)>>;

    /// Up to `limit` parts of all entries, ordered by (key, number), after the given one.
    fn scan_parts(&self, after: Option<&(Key, u32)>, limit: usize) -> Result<Vec<((Key, u32), Bytes)>>;

    /// A named value, such as a position.
    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>>;

    /// Up to `limit` entries, ordered by key, after the given one.
    fn scan(&self, after: Option<&Key>, limit: usize) -> Result<Vec<(Key, Vec<u8>)>>;

    /// The approximate number of entries.
    fn len_estimate(&self) -> u64;

    /// The number of entries by status and minute, the sum of all [`Change::Count`].
    fn counts(&self) -> Counts;

    /// A reader for other threads.
    fn reader(&self) -> Arc<dyn Reader>;
}

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its bytes ([`codec::entry`](crate::codec::entry)).
    pub bytes: Bytes,
    /// The parts that the entry counts, in their order ([`codec::part`](crate::codec::part)).
    pub parts: Vec<Bytes>,
}

/// Reads what has been applied to a store. A store that is being closed waits for a call that is under way, so each call must be
/// short; afterwards every call is [`Error::Closed`](Error::Closed).
pub trait Reader: Send + Sync + std::fmt::Debug {
    /// An entry with its parts, both of one moment.
    fn entry(&self, key: &Key) -> Result<Option<StoredEntry>>;

    /// The entries of these keys, all of one moment; `None` for a key without an entry.
    fn entries(&self, keys: &[&Key]) -> Result<Vec<Option<StoredEntry>>>;

    /// Up to `limit` entries without their parts, ordered by key, after the given one.
    fn scan(&self, after: Option<&Key>, limit: usize) -> Result<Vec<(Key, Bytes)>>;

    /// Up to `limit` rows of a status, ordered by (sort key, key): those from `from`, inclusive, whose sort key is at most `until`.
    fn scan_status(&self, from: &StatusRow, until: Timestamp, limit: usize) -> Result<Vec<StatusRow>>;

    /// The number of entries by status and minute.
    fn counts(&self) -> Result<Counts>;

    /// The statuses of entries.
    fn statuses(&self) -> Result<Vec<Status>>;

    /// The first minute of a range with entries of a status; `None` if there is none.
    fn first_minute(&self, status: Status, minutes: RangeInclusive<i64>) -> Result<Option<i64>>;

    /// What the store takes of disk and memory; nothing if it is not on a disk.
    fn figures(&self) -> Result<StoreFigures> {
        Ok(StoreFigures::default())
    }
}

/// Opens the stores of tasks.
pub trait Stores: Send + Sync + std::fmt::Debug {
    /// Opens the store of a task, and creates it if there is none. [`Error::Locked`]: another process has it open;
    /// [`Error::Corrupt`]: it cannot be read; [`Error::Unfinished`]: a crash interrupted its restore.
    fn open(&self, task: &str) -> Result<Box<dyn Store>>;

    /// Deletes the store of a task, which must not be open.
    fn destroy(&self, task: &str) -> Result<()>;

    /// The tasks with a store, open or not.
    fn existing(&self) -> Result<Vec<String>>;

    /// The space of the file system of the stores; `None` if they are not on a disk.
    fn disk(&self) -> Result<Option<Disk>> {
        Ok(None)
    }

    /// The memory of the cache that the stores share, in bytes.
    fn cache_bytes(&self) -> u64 {
        0
    }
}

impl<S: Stores + ?Sized> Stores for Box<S> {
    fn open(&self, task: &str) -> Result<Box<dyn Store>> {
        (**self).open(task)
    }

    fn destroy(&self, task: &str) -> Result<()> {
        (**self).destroy(task)
    }

    fn existing(&self) -> Result<Vec<String>> {
        (**self).existing()
    }

    fn disk(&self) -> Result<Option<Disk>> {
        (**self).disk()
    }

    fn cache_bytes(&self) -> u64 {
        (**self).cache_bytes()
    }
}

/// The clock of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerClock {
    /// Event time.
    Deadline,
    /// The wall clock.
    Delay,
}

impl TimerClock {
    /// All clocks.
    pub const ALL: [Self; 2] = [Self::Deadline, Self::Delay];

    /// The clock of a timer.
    pub const fn of(kind: TimerKind) -> Self {
        match kind {
            TimerKind::Deadline(_) => Self::Deadline,
            TimerKind::Delay(_) => Self::Delay,
        }
    }
}

/// Changes that are applied atomically.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// True for a bulk load, part of a restore: it may be large and bypass the log, because the changelog can be
    /// replayed. A crash during it may leave the store [`Error::Unfinished`]. A restore ends with a batch that is not a
    /// bulk load.
    pub is_bulk: bool,
}

/// One change of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Set an entry.
    PutEntry(Key, Bytes),
    /// Delete an entry.
    DeleteEntry(Key),
    /// Add a timer to the index.
    PutTimer(Key, Timer),
    /// Delete a timer from the index.
    DeleteTimer(Key, Timer),
    /// Add a pending act to the index.
    PutAct(Key, ActSlot),
    /// Delete a pending act from the index.
    DeleteAct(Key, ActSlot),
    /// Add a row to the status index.
    PutStatus(StatusRow),
    /// Delete a row of the status index.
    DeleteStatus(StatusRow),
    /// Set a part of an entry.
    PutPart(Key, u32, Bytes),
    /// Delete a part of an entry.
    DeletePart(Key, u32),
    /// Add to the number of entries of a bucket.
    Count(Bucket, i64),
    /// Set a named value.
    PutMeta(String, Vec<u8>),
}
