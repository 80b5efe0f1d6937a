//! Step functions: from state and input to state and effects, without side effects.
//!
//! | processor | task |
//! |---|---|
//! | [`bundle`] | gathers a parent and its children, in any order, and forwards the complete bundle once |
//! | [`dead_letter`] | keeps dead letters, and sends them again |
//! | [`delivery`] | journals the submits of each bundle, so that each is executed once |
//! | [`flow`] | runs staged workflows, human tasks, sagas and event flows |
//! | [`notification`] | tells people of alerts, in groups and within limits |
//! | [`schedule`] | writes records when they are due |
//! | `script` | runs workflows that are written as async functions |
//! | [`signal`] | gives each member of an open bundle as an event to the folder that waits for it |
//! | [`trace`] | keeps the records of topics by their trace ids, as time lines |
//! | [`tracking`] | follows the run of each delivered bundle at its target |
//!
//! | file | content |
//! |---|---|
//! | [`call`] | the calls of outside systems that processors share |
//! | `contract` | [`Processor`], the contract with the runtime |
//! | [`archive`] | texts that states refer to |
//! | `command` | the commands of a processor |
//! | `input`, `effect` | the inputs and effects of a step |
//! | `keying` | the keying step before an inbox |
//! | `metric` | counters of a processor |
//! | [`place`] | places of a record, and conditions on them |
//! | `shown` | bytes of a record as JSON |
//! | `erased` | a processor with an erased state type |
//!
//! # The contract
//!
//! A [`Processor`] is called for one key at a time, with an [`Input`], and returns [`Effect`]s. It reads no clock, uses no
//! random source and performs no I/O: time and ids are arguments. The runtime executes the effects in the transaction that
//! stores the new state, and acts after this transaction has committed. So the same inputs always give the same states, and
//! after a crash the uncommitted steps are run again.
//!
//! State is consumed and returned, so a step that fails with a [`Reject`](crate::model::Reject) cannot leave it half changed.

pub mod archive;
pub mod bundle;
pub mod call;
mod command;
mod contract;
pub mod dead_letter;
pub mod delivery;
mod effect;
mod erased;
pub mod flow;
mod input;
mod keying;
mod metric;
pub mod notification;
pub mod place;
pub mod schedule;
#[cfg(feature = "script")]
pub mod script;
mod shown;
pub mod signal;
pub mod trace;
pub mod tracking;

pub use command::{ArgumentKind, ArgumentSpec, CommandSpec, InvalidCommand, check};
pub use contract::{Deleted, Learned, Processor, Transition};
pub use effect::{Effect, Forward};
pub use erased::{AnyProcessor, Body, erase};
pub use input::{Command, Event, Input, Parsed};
pub use keying::{Addressed, Keyed, Keying, by_key};
pub use metric::{Count, Family, Histogram, Observation};
