//! YAML with positions: a tree whose nodes have their origin, line and column, and readers that report all problems at once.
//!
//! ```text
//!  text ──parse──▶ Node ──merge/set──▶ Node ──Item, Fields──▶ typed values
//!                    │                              │
//!                 Position: file:line:column,    Collector ──▶ Problems
//!                 variable, flag, default
//! ```
//!
//! | file | content |
//! |---|---|
//! | `node` | the tree, the positions of its nodes, and merging of trees |
//! | `parse` | text to tree, within limits |
//! | `problem` | problems and their display |
//! | `item` | a node, read as a typed value |
//! | `fields` | the keys of a map; unknown keys are problems |
//! | `duration` | durations (`24h`, `1h30m`) |
//! | `write` | JSON values as YAML |
//!
//! A reader does not stop at the first problem: an invalid value is `None` for the caller and a [`Problem`] in the
//! [`Collector`], and [`Collector::finish`] returns the value only if there is no problem.

mod duration;
mod fields;
mod item;
mod node;
mod parse;
mod problem;
mod write;

pub use duration::duration;
pub use fields::Fields;
pub use item::{Item, Read};
pub use node::{Entry, Node, Origin, Position, Value};
pub use parse::{TEXT_BYTES_MAX, parse};
pub use problem::{Collector, Problem, Problems, closest};
pub use write::write;

#[cfg(test)]
mod tests;
