//! Bytes to values and back: the versioned entry, binary encoding, fields of JSON texts, the partition of a key.
//!
//! | file | between |
//! |---|---|
//! | `binary` | serde values and bincode bytes; the only file that knows bincode |
//! | `entry` | what the store and the changelog hold |
//! | `envelope` | what stands in front of an entry, and of a part |
//! | `json` | a JSON text and a few of its fields |
//! | `part` | what an entry has grown by |
//! | `partitioner` | a key and its partition |
//! | `yaml` | YAML text and typed values, with positions and all mistakes at once |

pub mod binary;
pub mod entry;
mod envelope;
pub mod json;
pub mod part;
mod partitioner;
pub mod yaml;

pub use entry::{Entry, Head, Versioned};
pub use envelope::Writer;
pub use part::Part;
pub use partitioner::partitioner;

/// Why bytes could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are not what they claim to be.
    #[error("the bytes are corrupt: {0}")]
    Corrupt(String),
    /// Another version of sheaf wrote them.
    #[error(
        "{what} has version {found}, written by sheaf {writer}; this sheaf reads up to {known}: run sheaf {writer} or newer"
    )]
    UnknownVersion {
        /// What was read.
        what: &'static str,
        /// The version in the bytes.
        found: u16,
        /// The newest version that this build reads.
        known: u16,
        /// The sheaf that wrote the bytes.
        writer: String,
    },
}
