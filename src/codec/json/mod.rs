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
//! | `fields` | the fields of an object as they are written |
//! | `scalar` | an extracted value |
//! | `skip` | the check of all other values |
//! | `diagnosis` | what bytes are that are no JSON object |
//!
//! The whole text is checked to be UTF-8 and one JSON value without trailing characters (RFC 8259), that every later reader can
//! read: nested at most [`NESTING_MAX`] levels, without lone surrogates and numbers beyond 64-bit floats. If an object has a name
//! twice, the last one counts, as in `serde_json`.

mod decimal;
mod diagnosis;
mod digest;
mod extract;
mod fields;
mod pointer;
mod scalar;
mod skip;
#[cfg(test)]
mod tests;
mod token;

pub use decimal::Decimal;
pub use diagnosis::{diagnose, not_an_object};
pub use digest::Digester;
pub use extract::{Error, Extracted, Extractor};
pub use fields::fields;
pub use pointer::{DEPTH_MAX, Pointer, PointerError};
pub use scalar::{Scalar, integer};
pub use skip::NESTING_MAX;
