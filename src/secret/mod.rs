//! The secret port: values by reference, never printed.
//!
//! A configuration names a secret, it does not contain it: `${env:CTM_API_KEY}`, `${file:/run/secrets/key}`,
//! `${aws-sm:prod/control-m#CTM_API_KEY}`. References stand in string leaves only and are read after the file was
//! parsed, so a value can never become syntax.
//!
//! | file | what it is |
//! |---|---|
//! | `reference` | what a reference names |
//! | `parse` | how it is read from a string leaf |
//! | `environment` | `${env:..}`; the only file that reads an environment variable |
//! | `file` | `${file:..}`, as Kubernetes and Docker mount secrets |
//! | `sources` | chooses the adapter by the reference; the one for AWS is handed in |

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

/// What the operations of the port return.
pub type Result<T> = std::result::Result<T, Error>;

/// The most that one secret may take, in bytes; larger is a wrong path, not a key. It is also the limit of AWS.
pub const SIZE_MAX: usize = 64 << 10;

/// Where secrets are. Called at the start and when a secret is read anew, never per record; it may block.
pub trait Source: Send + Sync + fmt::Debug {
    /// Reads what the reference names. A secret that is there but empty is [`Error::Empty`].
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

    /// The same secret with its source's word for this version of it, which is not secret.
    #[must_use]
    pub fn with_revision(mut self, revision: Option<String>) -> Self {
        self.revision = revision;
        self
    }

    /// The text itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The source's word for this version of it, where the source has versions.
    pub fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Why there is no secret. No variant carries a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text looks like a reference and is none.
    #[error(
        "`{text}` is not a reference to a secret ({detail}): write ${{env:NAME}}, ${{file:/path}} or ${{aws-sm:name#json_key}}"
    )]
    Syntax {
        /// The text as it stands in the configuration.
        text: String,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// The source has nothing under that name.
    #[error("{reference} does not exist: {remedy}")]
    Missing {
        /// What was asked for.
        reference: SecretRef,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The source has it, and it is empty.
    #[error("{reference} is empty: put a value there")]
    Empty {
        /// What was asked for.
        reference: SecretRef,
    },
    /// What is there cannot be a secret, or not the part of it that the reference names.
    #[error("{reference} cannot be used: {detail}")]
    Unusable {
        /// What was asked for.
        reference: SecretRef,
        /// What is wrong with it, without its value.
        detail: String,
    },
    /// The source cannot be reached or does not let us in.
    #[error("{reference} cannot be read: {detail}")]
    Unavailable {
        /// What was asked for.
        reference: SecretRef,
        /// The source's words.
        detail: String,
    },
    /// No adapter for references of this kind was wired.
    #[error("{reference} cannot be read by {source_name}: {remedy}")]
    Unsupported {
        /// What was asked for.
        reference: SecretRef,
        /// Who was asked.
        source_name: &'static str,
        /// What to do about it.
        remedy: &'static str,
    },
}

impl Error {
    /// What is to be done about it.
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

/// Makes a secret of a source's bytes: text, of a sensible size, without the newline that editors and mounts append.
fn from_bytes(reference: &SecretRef, bytes: Vec<u8>) -> Result<Secret> {
    let unusable = |detail: &str| Error::Unusable { reference: reference.clone(), detail: detail.to_owned() };
    if bytes.len() > SIZE_MAX {
        return Err(unusable("it is larger than 64 KiB; is it the right name?"));
    }
    // The error of `from_utf8` holds the bytes, so its words are not passed on.
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
