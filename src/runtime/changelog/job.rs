//! What a stream thread asks the restorer for, and what it gets back.

use std::fmt;
use std::sync::Weak;
use std::sync::mpsc::Sender;

use crate::broker::Waker;
use crate::model::{TaskId, TopicPartition};
use crate::runtime::error::Result;
use crate::runtime::task::Done;
use crate::store::Store;

/// A store to be brought up to its changelog's end.
pub struct Job {
    /// Whose.
    pub task: TaskId,
    /// Of which opening of the task.
    pub epoch: u64,
    /// The changelog's partition.
    pub changelog: TopicPartition,
    /// The store, when it is open already.
    pub store: Option<Box<dyn Store>>,
    /// True when what there is of the store is to be thrown away first.
    pub fresh: bool,
    /// Dead when nobody wants the result any more.
    pub wanted: Weak<()>,
    /// Where the result goes, and whom it wakes.
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
    /// Whose.
    pub(in crate::runtime) task: TaskId,
    /// Of which opening of the task.
    pub(in crate::runtime) epoch: u64,
    /// The store, or why there is none.
    pub(in crate::runtime) result: Result<Done>,
}
