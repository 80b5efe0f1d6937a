//! The hand-off of stores between stream threads and the restorer.

use std::fmt;
use std::sync::Weak;
use std::sync::mpsc::Sender;

use uuid::Uuid;

use super::error::Result;
use crate::broker::Waker;
use crate::model::{TaskId, TopicPartition};
use crate::store::Store;

/// A store to be restored.
pub struct Job {
    /// The task.
    pub task: TaskId,
    /// The epoch of the task, which tells the answers to earlier jobs apart.
    pub epoch: u64,
    /// The changelog's partition.
    pub changelog: TopicPartition,
    /// The store, if it is already open.
    pub store: Option<Box<dyn Store>>,
    /// True if the store's contents are deleted first.
    pub fresh: bool,
    /// Dead when the job is cancelled.
    pub wanted: Weak<()>,
    /// The channel for the result, and its receiver's waker.
    pub reply: (Sender<Restored>, Waker),
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("task", &self.task).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// The result of a [`Job`].
#[derive(Debug)]
pub struct Restored {
    /// The task.
    pub(super) task: TaskId,
    /// The epoch of the job.
    pub(super) epoch: u64,
    /// The store, or the error.
    pub(super) result: Result<RestoredStore>,
}

/// A restored store.
pub(super) struct RestoredStore {
    /// The store.
    pub store: Box<dyn Store>,
    /// The changelog offset up to which the store is complete.
    pub changelog_next: i64,
    /// The state of the changelog's genesis record.
    pub genesis: Genesis,
}

impl fmt::Debug for RestoredStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestoredStore").field("changelog_next", &self.changelog_next).finish_non_exhaustive()
    }
}

/// The state of a changelog's genesis record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Genesis {
    /// The changelog has it.
    Written,
    /// The changelog is empty; the task's first transaction writes the record with this id.
    Due(Uuid),
}
