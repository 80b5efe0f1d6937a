//! Which processor reads what and writes where.
//!
//! A [`Topology`] is what the runtime runs: sources with a stateless keying step each, and stateful processors with one
//! inbox and one changelog each, so that a task is a processor and a partition of its inbox.
//!
//! ```text
//!  topologies/*.yaml ──Spec::parse──▶ Spec ──Spec::assemble──▶ Topology ──▶ runtime
//!                                                                 └──describe──▶ a picture
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `spec` | the file, typed and checked, and from it to the wiring |
//! | `build` | the wiring in Rust, for processors of one's own |
//! | `wiring` | what the runtime runs, free of any word of what is processed |
//! | `describe` | the wiring as a picture in text |

mod build;
mod describe;
pub mod spec;
mod wiring;

pub use build::{BuildError, Builder, Wiring};
pub use describe::describe;
pub use spec::delivery::DELIVERY;
pub use spec::{AssembleError, BUNDLE, Spec};
pub use wiring::{Node, Output, OutputKind, Source, Topology, internal_topic};

#[cfg(test)]
mod tests;
