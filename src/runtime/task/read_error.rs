//! Why an entry could not be read.

use crate::codec;
use crate::model::{Key, TaskId};
use crate::runtime::error::Error;
use crate::store;

/// Why an entry could not be read.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The store failed.
    Store(store::Error),
    /// The bytes are not those of an entry that this build knows.
    Entry(codec::Error),
}

impl ReadError {
    /// The error of a task.
    pub(super) fn of(self, task: &TaskId, key: &Key) -> Error {
        match self {
            Self::Store(source) => Error::Store { task: task.clone(), source },
            Self::Entry(source) => Error::Entry { task: task.clone(), key: key.to_string(), source },
        }
    }
}
