//! What Control-M does with what is ordered, at times that are handed in: a step takes the state and gives the state.
//!
//! | file | what it is |
//! |---|---|
//! | `state` | all of it: active jobs, events, pools, deployed folders |
//! | `unit` | a folder, sub-folder or job among the active jobs |
//! | `order` | orders folders, and finds what was ordered |
//! | `life_cycle` | waits, starts, executes, ends |
//! | `condition` | the actions at the end of a job |
//! | `operator` | what a user does to a job: hold, free, confirm, kill, rerun, ... |
//! | `new_day` | the next order date: what is over leaves the active jobs |
//! | `calendar` | order dates, by the time zone and the New Day of the server |
//! | `id` | ids of jobs |
//! | `events` | the pool of events |
//! | `waiting` | the units that wait for an event, by its name |
//! | `resources` | pools and locks |
//! | `service` | SLA services: due times, and what is raised when |
//! | `tracked` | a service among the active jobs |
//! | `outcome` | rules for how jobs end |
//! | `log` | the log of a job |
//!
//! ```text
//! ordered -> waiting: user, event, resource, host -> executing -> ended OK, ended not OK
//!               ^                                                          |
//!               +------------------------- rerun --------------------------+
//! ```
//!
//! Time moves by [`Engine::advance_to`]: what is due until then happens in order, each at its own time.

mod archive;
mod calendar;
mod condition;
mod events;
mod id;
mod life_cycle;
mod log;
mod new_day;
mod operator;
mod order;
mod outcome;
mod resources;
mod service;
mod state;
mod tracked;
mod unit;
mod waiting;

pub(super) use calendar::Calendar;
pub(super) use events::Event;
pub(super) use id::{job_id, number};
pub(super) use operator::Verb;
pub(super) use order::{Ordering, Wanted};
pub use outcome::Outcome;
pub(super) use resources::Pool;
pub(super) use service::ServiceRow;
pub use state::Alert;
pub(super) use state::{Engine, Order, Rules};
pub(super) use unit::{State, Unit};

#[cfg(test)]
mod tests;
