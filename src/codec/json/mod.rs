//! Extracts a few values from a JSON text in one pass, without building its other values.
//!
//! ```text
//! Pointer::parse("/parent_id")  ──▶ Extractor::new(pointers) ──▶ extract(bytes) ──▶ Extracted { raw(i), scalar(i) }
//!        once, from settings              once                       per record
//! ```
//!
//! | file | content |
//! |---|---|
//! | `decimal` | the exact value of a number |
//! | `pointer` | RFC 6901 pointers, parsed once |
//! | `token` | the tokens of a checked text |
//! | `digest` | a hash of a value, equal for all its texts |
//! | `extract` | the traversal of the text |
//! | `scalar` | an extracted value |
//!
//! The whole text is checked to be UTF-8 and one JSON value without trailing characters (RFC 8259). If an object has a name
//! twice, the last one counts, as in `serde_json`. Stack use depends on the depth of the pointers, which is limited
//! ([`DEPTH_MAX`]), and not on the nesting of the text.

mod decimal;
mod digest;
mod extract;
mod pointer;
mod scalar;
#[cfg(test)]
mod tests;
mod token;

pub use decimal::Decimal;
pub use digest::Digester;
pub use extract::{Error, Extracted, Extractor};
pub use pointer::{DEPTH_MAX, Pointer, PointerError};
pub use scalar::Scalar;
