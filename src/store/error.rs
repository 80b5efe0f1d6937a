//! What can go wrong with a store.

use std::path::PathBuf;

use crate::model::ErrorClass;

/// An error of a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another process has the store open.
    #[error("the state directory {} is in use by another process: stop that process, or give this one its own state_dir", path.display())]
    Locked {
        /// Which directory.
        path: PathBuf,
    },
    /// The store's files cannot be trusted.
    #[error("the store {} is corrupt: {detail}", path.display())]
    Corrupt {
        /// Which directory.
        path: PathBuf,
        /// The engine's words.
        detail: String,
    },
    /// The process was killed while it loaded a changelog into the store: there is a part that fits no position.
    #[error(
        "the store {} was cut off in the middle of its restore: `sheaf run` makes it anew from its changelog",
        path.display()
    )]
    Unfinished {
        /// Which directory.
        path: PathBuf,
    },
    /// The disk or the file system fails.
    #[error(
        "the store {} cannot be used: {detail}. Nothing that was committed is lost: see to the disk (room, rights, \
         state_dir) and start again",
        path.display()
    )]
    Io {
        /// Which directory.
        path: PathBuf,
        /// The system's words.
        detail: String,
    },
}

impl Error {
    /// What is to be done about it.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Corrupt { .. } | Self::Unfinished { .. } => ErrorClass::Corrupt,
            Self::Locked { .. } | Self::Io { .. } => ErrorClass::Fatal,
        }
    }
}
