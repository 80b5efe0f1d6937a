//! The store port: one task's entries, timers, pending acts and positions, changed by atomic batches.
//!
//! Two adapters: `rocks` (`RocksDB`, one directory per task) and `memory`. Above both stand the index of an entry
//! (`index`: which rows a head has), what is committed and not yet written (`behind`), and the overlay (`overlay`: what a
//! transaction has changed and not committed).
//!
//! | family | key | value |
//! |---|---|---|
//! | `entry` | key | entry bytes ([`codec::entry`](crate::codec::entry)) |
//! | `timer` | clock u8, due u64 BE (sign flipped), slot u8, key | empty |
//! | `part` | key with an end mark, number u32 BE | part bytes ([`codec::part`](crate::codec::part)) |
//! | `act` | key with an end mark (`00` as `00 FF`, then `00 00`), slot u8 | empty |
//! | `meta` | name | bytes |

mod error;
pub mod index;
pub mod memory;
pub mod overlay;
pub mod rocks;
pub mod write_behind;

pub use error::Error;

use std::ops::Range;

use bytes::Bytes;

use crate::model::{ActSlot, Key, Timer, TimerKind, Timestamp};

/// What the operations of the port return.
pub type Result<T> = std::result::Result<T, Error>;

/// What a transaction reads of a task's state: of a store, or of what stands before one.
pub trait View {
    /// The bytes of an entry.
    fn get(&self, key: &Key) -> Result<Option<Bytes>>;

    /// The parts of an entry, in the order of their numbers.
    fn parts(&self, key: &Key) -> Result<Vec<(u32, Bytes)>>;

    /// Those of them that an entry counts. One that it does not count was written in vain, before a crash.
    fn counted_parts(&self, key: &Key, numbers: &Range<u32>) -> Result<Vec<(u32, Bytes)>> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let mut parts = self.parts(key)?;
        parts.retain(|(number, _)| numbers.contains(number));
        Ok(parts)
    }

    /// Up to `limit` timers of one clock that are due at `now`, in the order of (due, slot, key).
    fn due(&self, clock: TimerClock, now: Timestamp, limit: usize) -> Result<Vec<(Key, Timer)>>;

    /// When the next timer of one clock is due, or earlier.
    fn next_due(&self, clock: TimerClock) -> Result<Option<Timestamp>>;
}

/// The state of one task. Dropping it closes it.
pub trait Store: View + Send {
    /// Applies a batch, all of it or nothing, also through a crash of the process; for a load see [`Batch::is_bulk`].
    fn apply(&mut self, batch: &Batch) -> Result<()>;

    /// Up to `limit` pending acts, in the order of (key, slot), after the given one.
    fn acts(&self, after: Option<&(Key, ActSlot)>, limit: usize) -> Result<Vec<(Key, ActSlot)>>;

    /// Up to `limit` parts of all entries in the order of (key, number), after the given one.
    fn scan_parts(&self, after: Option<&(Key, u32)>, limit: usize) -> Result<Vec<((Key, u32), Bytes)>>;

    /// A named value, such as a position.
    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>>;

    /// Up to `limit` entries in the order of their keys, after the given one.
    fn scan(&self, after: Option<&Key>, limit: usize) -> Result<Vec<(Key, Vec<u8>)>>;

    /// About how many entries there are.
    fn len_estimate(&self) -> u64;
}

/// Opens the stores of tasks.
pub trait Stores: Send + Sync + std::fmt::Debug {
    /// Opens the store of a task, making it when there is none. A store that another process has open is
    /// [`Error::Locked`]; one that cannot be read is [`Error::Corrupt`], and
    /// one whose restore a crash cut off [`Error::Unfinished`].
    fn open(&self, task: &str) -> Result<Box<dyn Store>>;

    /// Deletes the store of a task, which must not be open.
    fn destroy(&self, task: &str) -> Result<()>;

    /// The tasks that have a store, open or not.
    fn existing(&self) -> Result<Vec<String>>;
}

/// Which clock drives a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerClock {
    /// Event time.
    Deadline,
    /// The wall clock.
    Delay,
}

impl TimerClock {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Deadline, Self::Delay];

    /// The clock of a timer.
    pub const fn of(kind: TimerKind) -> Self {
        match kind {
            TimerKind::Deadline(_) => Self::Deadline,
            TimerKind::Delay(_) => Self::Delay,
        }
    }
}

/// Changes that are applied together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// True for a part of a restore, which may be large and may go a faster way; the changelog can repeat it. A crash in
    /// the middle of it may leave a store that is [`Error::Unfinished`] from then on. A restore ends with a batch that is
    /// none.
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
    /// Take a timer from the index.
    DeleteTimer(Key, Timer),
    /// Add a pending act to the index.
    PutAct(Key, ActSlot),
    /// Take a pending act from the index.
    DeleteAct(Key, ActSlot),
    /// Set a part of an entry, by its number.
    PutPart(Key, u32, Bytes),
    /// Delete a part of an entry.
    DeletePart(Key, u32),
    /// Set a named value.
    PutMeta(String, Vec<u8>),
}
