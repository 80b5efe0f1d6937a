//! The error of reading an entry.

use crate::codec;
use crate::model::{Key, TaskId};
use crate::runtime::error::Error;
use crate::store;

/// The error of reading an entry.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The store failed.
    Store(store::Error),
    /// The bytes cannot be decoded.
    Entry(codec::Error),
}

impl ReadError {
    /// The error with its task and key.
    pub(super) fn of(self, task: &TaskId, key: &Key) -> Error {
        match self {
            Self::Store(error) => Error::store(task, error),
            Self::Entry(error) => Error::Entry { task: task.clone(), key: key.to_string(), error },
        }
    }
}
