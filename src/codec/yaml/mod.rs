//! YAML with positions: a tree whose every node knows where it was written, and readers that report all mistakes at once.
//!
//! ```text
//!  text ──parse──▶ Node ──merge/set──▶ Node ──Item, Fields──▶ typed values
//!                    │                              │
//!                 Position: file:line:column,    Collector ──▶ Problems
//!                 variable, flag, default
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `node` | the tree, where a node was written, and how trees are laid over each other |
//! | `parse` | text to tree, within limits |
//! | `problem` | one mistake, and all of them, as a person reads them |
//! | `item` | a node on its way to a typed value |
//! | `fields` | a map's keys, each asked for once, the rest refused |
//! | `duration` | durations (`24h`, `1h30m`) |
//!
//! A reader never stops at the first mistake: what cannot be read is `None` for the caller and a [`Problem`] in the
//! [`Collector`], and [`Collector::finish`] gives the value only if there is no problem at all.

mod duration;
mod fields;
mod item;
mod node;
mod parse;
mod problem;

pub use fields::Fields;
pub use item::{Item, Read};
pub use node::{Entry, Node, Origin, Position, Value};
pub use parse::{TEXT_BYTES_MAX, parse};
pub use problem::{Collector, Problem, Problems, closest};

#[cfg(test)]
mod tests;
