//! Which processor reads what and writes where.
//!
//! A [`Topology`] is what the runtime runs: sources with a stateless keying step each, and stateful processors with one
//! inbox and one changelog each, so that a task is a processor and a partition of its inbox.

mod wiring;

pub use wiring::{Node, Output, Source, Topology, internal_topic};
