//! Runs of flows: their definitions, workers and operators, and an oracle of their own.
//!
//! | file | what it is |
//! |---|---|
//! | `definition` | the flows of a run, and what the oracle knows of their steps |
//! | `message` | messages, and the ids of attempts |
//! | `worker` | workers that answer once, twice, late, early, wrongly or never, and operators |
//! | `transition`, `case`, `asked` | the oracle of one flow and of its steps, by the steps of its history |
//! | `oracle` | the oracle of a run: it shares no code with the engine |

mod asked;
mod case;
mod definition;
mod message;
mod oracle;
mod transition;
mod worker;

pub(super) use definition::{EVENTS, Flow};
pub(super) use message::{Ask, text, value};
pub(super) use oracle::{Found, Observed, check};
pub(super) use worker::{Order, Workers};
