//! The blob port: templates by name, from files or an object store.
//!
//! | file | what it is |
//! |---|---|
//! | `file` | templates below a directory |
//!
//! An object store implements the same port on a higher floor. Every blob has a [`Revision`], which changes exactly
//! when its content does; it is recorded with each submission, and saves transfers of unchanged blobs.

mod file;

pub use file::Files;

use std::fmt;

use bytes::Bytes;

use crate::model::ErrorClass;

/// The result of the port's operations.
pub type Result<T> = std::result::Result<T, Error>;

/// The largest blob in bytes; a larger one is a wrong name, not a template.
pub const SIZE_MAX: usize = 4 << 20;

/// A source of blobs. Called at the start and for a reload, never per record; it may block.
pub trait Source: Send + Sync + fmt::Debug {
    /// Fetches a blob by its name, a relative path with `/`. With a `known` revision an unchanged blob is not
    /// transferred again.
    fn fetch(&self, name: &str, known: Option<&Revision>) -> Result<Fetched>;
}

/// The result of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The current blob.
    Current(Blob),
    /// The blob still has the known revision.
    Unchanged,
}

/// The bytes of a blob with its revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The content.
    pub bytes: Bytes,
    /// The revision of the content.
    pub revision: Revision,
}

/// The identity of a blob's content: S3's `ETag`, a fingerprint for files. Only equality is defined.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Revision(String);

impl Revision {
    /// A revision from a source's text.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text, for records and for requests to the source.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The error of fetching a blob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An invalid name, or one that leads out of the source.
    #[error("`{name}` is not the name of a template: write a relative path without `..`, below {location}")]
    Name {
        /// The name.
        name: String,
        /// The directory or bucket.
        location: String,
    },
    /// A blob that does not exist.
    #[error("`{name}` does not exist in {location}: put the template there, or correct the name")]
    Missing {
        /// The name.
        name: String,
        /// The directory or bucket.
        location: String,
    },
    /// A blob larger than [`SIZE_MAX`].
    #[error("`{name}` in {location} is larger than {SIZE_MAX} bytes: check the name of the template")]
    TooLarge {
        /// The name.
        name: String,
        /// The directory or bucket.
        location: String,
    },
    /// An unreachable source, or missing permission.
    #[error("`{name}` in {location} cannot be read: {detail}")]
    Unavailable {
        /// The name.
        name: String,
        /// The directory or bucket.
        location: String,
        /// The source's message.
        detail: String,
    },
}

impl Error {
    /// The class, which decides how the runtime handles it.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Unavailable { .. } => ErrorClass::Retry,
            Self::Name { .. } | Self::Missing { .. } | Self::TooLarge { .. } => ErrorClass::Fatal,
        }
    }
}
