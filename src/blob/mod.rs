//! The blob port: templates by name, from files or an object store.
//!
//! | file | what it is |
//! |---|---|
//! | `file` | templates below a directory |
//!
//! An object store fills the same port from above. Every blob carries a [`Revision`], which changes when and only when
//! its content does; it is recorded with what was submitted, and it spares the transfer of what has not changed.

mod file;

pub use file::Files;

use std::fmt;

use bytes::Bytes;

use crate::model::ErrorClass;

/// What the operations of the port return.
pub type Result<T> = std::result::Result<T, Error>;

/// The most that one blob may take, in bytes; larger is a wrong name, not a template.
pub const SIZE_MAX: usize = 4 << 20;

/// Where blobs are. Called at the start and when templates are read anew, never per record; it may block.
pub trait Source: Send + Sync + fmt::Debug {
    /// Reads a blob by its name, a relative path with `/`. With the revision that is already `known`, an unchanged blob
    /// is not transferred again.
    fn fetch(&self, name: &str, known: Option<&Revision>) -> Result<Fetched>;
}

/// What came of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The blob as it is now.
    Current(Blob),
    /// It still has the revision that is known.
    Unchanged,
}

/// Some bytes and their revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The content.
    pub bytes: Bytes,
    /// Which content it is.
    pub revision: Revision,
}

/// Names one content of a blob: S3's `ETag`, a fingerprint for files. Only equality means anything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Revision(String);

impl Revision {
    /// A revision from the source's text.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text, to be recorded and to be sent back to the source.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why there is no blob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The name leaves the source, or is none.
    #[error("`{name}` is not the name of a template: write a relative path without `..`, below {place}")]
    Name {
        /// The name that was asked for.
        name: String,
        /// The directory or bucket.
        place: String,
    },
    /// There is nothing of that name.
    #[error("there is no `{name}` in {place}: put the template there, or correct the name")]
    Missing {
        /// The name that was asked for.
        name: String,
        /// The directory or bucket.
        place: String,
    },
    /// It is larger than [`SIZE_MAX`].
    #[error("`{name}` in {place} is larger than {SIZE_MAX} bytes; is it a template?")]
    TooLarge {
        /// The name that was asked for.
        name: String,
        /// The directory or bucket.
        place: String,
    },
    /// The source cannot be reached or does not let us in.
    #[error("`{name}` in {place} cannot be read: {detail}")]
    Unavailable {
        /// The name that was asked for.
        name: String,
        /// The directory or bucket.
        place: String,
        /// The source's words.
        detail: String,
    },
}

impl Error {
    /// What is to be done about it.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Unavailable { .. } => ErrorClass::Retry,
            Self::Name { .. } | Self::Missing { .. } | Self::TooLarge { .. } => ErrorClass::Fatal,
        }
    }
}
