//! A few named places of a JSON text, read in one pass without building the text's values.
//!
//! ```text
//! Pointer::parse("/parent_id")  ──▶ Extractor::new(pointers) ──▶ extract(bytes) ──▶ Extracted { raw(i), scalar(i) }
//!        once, from settings              once                       per record
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `pointer` | RFC 6901 pointers, parsed once |
//! | `extract` | the walk over the text |
//! | `scalar` | what stands at a place |
//!
//! The whole text is checked to be UTF-8 and one JSON value with nothing behind it (RFC 8259). Of a name that an object
//! has twice the last one counts, as in `serde_json`. Nesting costs no stack: only the depth of a pointer does, and that
//! has a limit ([`DEPTH_MAX`]).

mod extract;
mod pointer;
mod scalar;
#[cfg(test)]
mod tests;

pub use extract::{Error, Extracted, Extractor};
pub use pointer::{DEPTH_MAX, Pointer, PointerError};
pub use scalar::Scalar;
