//! The delivery processor: a journal of what was submitted for each bundle.

pub mod protocol;
