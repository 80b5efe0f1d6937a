//! Encoding and decoding: the versioned entry, binary encoding, fields of JSON texts, the partition of a key.
//!
//! | file | content |
//! |---|---|
//! | `binary` | serde values as bincode; the only file that uses bincode |
//! | `entry` | the value of a key in store and changelog |
//! | `envelope` | the first bytes of an entry or a part: format and versions |
//! | `json` | a few values of a JSON text, by pointer |
//! | `markup` | text in HTML and XML |
//! | `part` | the parts of an entry, stored beside it |
//! | `partitioner` | the partition of a key |
//! | `percent` | text in a URL |
//! | `text` | the text of a file, without its byte order mark |
//! | `yaml` | YAML text as typed values, with positions and all problems at once |

pub mod binary;
pub mod entry;
mod envelope;
pub mod json;
pub mod markup;
pub mod part;
mod partitioner;
mod percent;
pub mod text;
pub mod yaml;

pub use entry::{Entry, Head, Versioned};
pub use envelope::Writer;
pub use part::Part;
pub use partitioner::partitioner;
pub use percent::percent_encode;

/// Errors of encoding and decoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes do not decode in their format.
    #[error("the bytes are corrupt: {0}")]
    Corrupt(String),
    /// A newer version of sheaf wrote the bytes.
    #[error(
        "{what} has version {found}, written by sheaf {writer}; this sheaf reads up to {known}: run sheaf {writer} or newer"
    )]
    UnknownVersion {
        /// The name of the decoded type.
        what: &'static str,
        /// The version in the bytes.
        found: u16,
        /// The newest version that this build reads.
        known: u16,
        /// The sheaf that wrote the bytes.
        writer: String,
    },
}
