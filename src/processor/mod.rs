//! Step functions: state and input in, state and effects out, and nothing else happens.
//!
//! | processor | what it does |
//! |---|---|
//! | [`bundle`] | gathers a parent and its children, in any order, and hands the complete bundle on once |
//! | [`delivery`] | keeps the journal of what was submitted for each bundle |
//!
//! | file | what it is |
//! |---|---|
//! | `contract` | [`Processor`]: what a processor is, and what the runtime asks of it |
//! | `input`, `effect` | what happens to an entry, and what a step asks for |
//! | `keying` | the stateless step in front of an inbox |
//! | `metric` | what a processor counts |
//! | `erased` | a processor without its state's type |
//!
//! # The contract
//!
//! A [`Processor`] is called for one key at a time. Everything that can happen is an [`Input`]; everything that it wants
//! to happen is an [`Effect`]. It reads no clock, draws no chance and sends nothing: time and ids are handed in, effects
//! are carried out by the runtime in the transaction that stores the new state, and acts after that transaction has
//! committed. So the same inputs always give the same states, and a crash at any point can be repaired by doing the
//! uncommitted steps again.
//!
//! State is consumed and returned: a step that fails with a [`Reject`](crate::model::Reject) cannot have changed it half.

pub mod bundle;
mod contract;
pub mod delivery;
mod effect;
mod erased;
mod input;
mod keying;
mod metric;

pub use contract::{Processor, Transition};
pub use effect::{Effect, Forward};
pub use erased::{AnyProcessor, Body, erase};
pub use input::{Command, Event, Input, Parsed};
pub use keying::{Addressed, Keyed, Keying, by_key};
pub use metric::{Count, Family};
