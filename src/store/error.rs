//! Errors of the store port.

use std::path::PathBuf;

use crate::model::ErrorClass;

/// An error of a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another process has the store open.
    #[error("the state directory {} is in use by another process: stop that process, or give this one its own state_dir", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// The store was closed, because its task was moved or stopped.
    #[error("the store {} is closed: its task is being moved or stopped, ask again", path.display())]
    Closed {
        /// The directory.
        path: PathBuf,
    },
    /// The store's files cannot be trusted.
    #[error("the store {} is corrupt: {detail}", path.display())]
    Corrupt {
        /// The directory.
        path: PathBuf,
        /// The message of the storage engine.
        detail: String,
    },
    /// A crash during a bulk restore: the contents match no position of the changelog.
    #[error(
        "the store {} is incomplete, because its restore was interrupted: `sheaf run` rebuilds it from its changelog",
        path.display()
    )]
    Unfinished {
        /// The directory.
        path: PathBuf,
    },
    /// The disk or the file system fails.
    #[error(
        "the store {} cannot be used: {detail}. Nothing that was committed is lost: check the disk (free space, permissions, \
         state_dir) and start again",
        path.display()
    )]
    Io {
        /// The directory.
        path: PathBuf,
        /// The message of the operating system.
        detail: String,
    },
}

impl Error {
    /// The class, which decides how the runtime handles it.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Corrupt { .. } | Self::Unfinished { .. } => ErrorClass::Corrupt,
            Self::Closed { .. } => ErrorClass::Retry,
            Self::Locked { .. } | Self::Io { .. } => ErrorClass::Fatal,
        }
    }
}
