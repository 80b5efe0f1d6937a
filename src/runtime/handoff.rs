//! What stream threads and the restorer hand to each other: stores, out to be brought to their changelogs' ends, and back.

use std::fmt;
use std::sync::Weak;
use std::sync::mpsc::Sender;

use uuid::Uuid;

use super::error::Result;
use crate::broker::Waker;
use crate::model::{TaskId, TopicPartition};
use crate::store::Store;

/// A store to be brought to its changelog's end.
pub struct Job {
    /// The task.
    pub task: TaskId,
    /// The number of the task's opening, so that the answer to an earlier one is told apart.
    pub epoch: u64,
    /// The changelog's partition.
    pub changelog: TopicPartition,
    /// The store, when it is open already.
    pub store: Option<Box<dyn Store>>,
    /// True when the store's contents are to be thrown away first.
    pub fresh: bool,
    /// Dead when the result is not wanted any more.
    pub wanted: Weak<()>,
    /// The channel for the result, and the waker of its receiver.
    pub reply: (Sender<Restored>, Waker),
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("task", &self.task).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// What became of a [`Job`].
#[derive(Debug)]
pub struct Restored {
    /// The task.
    pub(super) task: TaskId,
    /// The number of the task's opening.
    pub(super) epoch: u64,
    /// The store, or why there is none.
    pub(super) result: Result<RestoredStore>,
}

/// A store at its changelog's end.
pub(super) struct RestoredStore {
    /// The store.
    pub store: Box<dyn Store>,
    /// The offset of the changelog up to which the store has it.
    pub changelog_next: i64,
    /// Whether the changelog has its first record.
    pub genesis: Genesis,
}

impl fmt::Debug for RestoredStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestoredStore").field("changelog_next", &self.changelog_next).finish_non_exhaustive()
    }
}

/// Whether a changelog has its first record, which says whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Genesis {
    /// It has.
    Written,
    /// The changelog is empty; the task's first transaction begins it with this id.
    Due(Uuid),
}
