//! The secret port: values by reference, never printed.
//!
//! A configuration refers to a secret and does not contain it: `${env:CTM_API_KEY}`, `${file:/run/secrets/key}`,
//! `${aws-sm:prod/control-m#CTM_API_KEY}`. References are string values and are resolved after the file was parsed, so
//! a secret never becomes syntax.
//!
//! | file | content |
//! |---|---|
//! | `reference` | the kinds of references |
//! | `parse` | parses a reference in a string value |
//! | `environment` | `${env:..}`; the only file that reads an environment variable |
//! | `file` | `${file:..}`, as Kubernetes and Docker mount secrets |
//! | `sources` | selects the adapter by the kind of reference; the one for AWS is passed in |

mod environment;
mod file;
mod parse;
mod reference;
mod sources;

pub use environment::Environment;
pub use file::Files;
pub use reference::SecretRef;
pub use sources::Sources;

use std::fmt;

use crate::model::ErrorClass;

/// The result of the port's operations.
pub type Result<T> = std::result::Result<T, Error>;

/// The largest secret in bytes; a larger one is a wrong path, not a key. It is also the limit of AWS.
pub const SIZE_MAX: usize = 64 << 10;

/// A source of secrets. Called at the start and for a reload, never per record; it may block.
pub trait Source: Send + Sync + fmt::Debug {
    /// Fetches the secret of a reference. An existing but empty one is [`Error::Empty`].
    fn fetch(&self, reference: &SecretRef) -> Result<Secret>;
}

/// A value that is never printed: `Debug` shows `***`, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: String,
    revision: Option<String>,
}

impl Secret {
    /// A secret from its text.
    pub const fn new(text: String) -> Self {
        Self { text, revision: None }
    }

    /// Sets the source's version id, which is not secret.
    #[must_use]
    pub fn with_revision(mut self, revision: Option<String>) -> Self {
        self.revision = revision;
        self
    }

    /// The text itself, for the request that contains it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The source's version id, if it has versions.
    pub fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The error of fetching a secret. No variant contains a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A malformed reference.
    #[error(
        "`{text}` is not a reference to a secret ({detail}): write ${{env:NAME}}, ${{file:/path}} or ${{aws-sm:name#json_key}}"
    )]
    Syntax {
        /// The text in the configuration.
        text: String,
        /// The problem.
        detail: &'static str,
    },
    /// A secret that does not exist.
    #[error("{reference} does not exist: {remedy}")]
    Missing {
        /// The reference.
        reference: SecretRef,
        /// The remedy.
        remedy: &'static str,
    },
    /// An empty secret.
    #[error("{reference} is empty: put a value there")]
    Empty {
        /// The reference.
        reference: SecretRef,
    },
    /// A value that cannot be a secret, or lacks the referenced part.
    #[error("{reference} cannot be used: {detail}")]
    Unusable {
        /// The reference.
        reference: SecretRef,
        /// The problem, without the value.
        detail: String,
    },
    /// An unreachable source, or missing permission.
    #[error("{reference} cannot be read: {detail}")]
    Unavailable {
        /// The reference.
        reference: SecretRef,
        /// The source's message.
        detail: String,
    },
    /// A reference of a kind without a source.
    #[error("{reference} cannot be read by {source_name}: {remedy}")]
    Unsupported {
        /// The reference.
        reference: SecretRef,
        /// The source that was called.
        source_name: &'static str,
        /// The remedy.
        remedy: &'static str,
    },
}

impl Error {
    /// The class, which decides how the runtime handles it.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Unavailable { .. } => ErrorClass::Retry,
            Self::Syntax { .. }
            | Self::Missing { .. }
            | Self::Empty { .. }
            | Self::Unusable { .. }
            | Self::Unsupported { .. } => ErrorClass::Fatal,
        }
    }
}

/// A secret from a source's bytes: UTF-8 text of a limited size, without the newline that editors and mounts append.
fn from_bytes(reference: &SecretRef, bytes: Vec<u8>) -> Result<Secret> {
    let unusable = |detail: &str| Error::Unusable { reference: reference.clone(), detail: detail.to_owned() };
    if bytes.len() > SIZE_MAX {
        return Err(unusable("it is larger than 64 KiB: check the name"));
    }
    // The error of `from_utf8` holds the bytes, so its message is not passed on.
    let Ok(text) = String::from_utf8(bytes) else { return Err(unusable("it is not UTF-8 text")) };
    let text = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if text.is_empty() {
        return Err(Error::Empty { reference: reference.clone() });
    }
    Ok(Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Secret, SecretRef, from_bytes};

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::new("hunter2".to_owned()).with_revision(Some("v1".to_owned()));
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "*** Some(***)");
    }

    #[test]
    fn one_trailing_newline_is_the_editors_and_not_the_secrets() {
        let reference = SecretRef::Env("X".to_owned());
        for (bytes, text) in [("k\n", "k"), ("k\r\n", "k"), ("k\n\n", "k\n"), (" k ", " k ")] {
            assert_eq!(from_bytes(&reference, bytes.as_bytes().to_vec()).unwrap().expose(), text, "{bytes:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_without_being_shown() {
        let reference = SecretRef::Env("X".to_owned());
        let error = from_bytes(&reference, b"hunter2\xff".to_vec()).unwrap_err().to_string();
        assert_eq!(error, "${env:X} cannot be used: it is not UTF-8 text");
        assert!(from_bytes(&reference, b"\n".to_vec()).is_err());
        assert!(from_bytes(&reference, vec![b'k'; super::SIZE_MAX + 1]).is_err());
    }
}
