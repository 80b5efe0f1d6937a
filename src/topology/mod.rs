//! Topologies: the topics that each processor reads and writes.
//!
//! A [`Topology`] is run by the runtime. It has sources, with a stateless keying step each, and stateful processors, with one
//! inbox and one changelog each; so a task is a processor and a partition of its inbox.
//!
//! ```text
//!  topologies/*.yaml ──Spec::parse──▶ Spec ──Spec::assemble──▶ Topology ──▶ runtime
//!                                                                 └──describe──▶ text diagram
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `spec` | topology files, parsed, validated and assembled |
//! | `build` | a builder in Rust, for custom processors |
//! | `dead_letter` | the processor of dead letters, which every application has |
//! | `start` | where the first start begins to read a source |
//! | `wiring` | the types that the runtime runs, independent of the domain |
//! | `describe` | a topology as a text diagram |
//! | [`diagram`] | pictures of flows |

mod build;
mod dead_letter;
mod describe;
pub mod diagram;
pub mod spec;
mod start;
mod wiring;

pub use build::{BuildError, Builder, Wiring};
pub use dead_letter::add_dead_letters;
pub use describe::describe;
pub use spec::delivery::{DELIVERY, SIGNAL, TRACKING};
pub use spec::{APPLICATION_CHARS_MAX, AssembleError, BUNDLE, Spec};
pub use start::StartAt;
pub use wiring::{Node, Output, OutputKind, Source, Topology, inbox, internal_topic, parse_store, state_name};

#[cfg(test)]
mod tests;
