//! Scenarios: what users expect of a topology, as text that runs on the virtual clock.
//!
//! ```text
//! topology control-m.yaml                            the topology file, relative to this one
//!
//! # A child arrives before its parent.               a comment begins a scenario: the topology starts anew
//! send ctm-children-events at=0h {"id":"c1", ..}     commands
//! ----
//! state   bundle p1 open/waiting-parent              what they led to, to the next empty line
//! ```
//!
//! `docs/scenarios.md` is the reference. A scenario runs on a [`TestDriver`](super::TestDriver), so it is the real runtime with its
//! topics, stores and timers; the acts of sinks wait for the answers that the scenario gives.
//!
//! ```text
//!  *.scenario ──parse──▶ File ──play──▶ Played ─┬─ diff ──▶ lines for people
//!                         ▲                     ├─ junit, html
//!                         └───────update────────┘
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `play` | plays a file on the topology that it names |
//! | `text` | the text of a file: scenarios, steps, expectations |
//! | `action`, `answer` | a command, and the words for answers of sinks |
//! | `names` | short names for long texts |
//! | `player` | plays a scenario on a test driver |
//! | `observer` | tells what has happened, in the lines of golden text |
//! | `outcome` | what came out |
//! | `diff`, `json` | differences for people, with objects in lines |
//! | `update` | writes what happened to the file |
//! | `junit` | a report for CI systems |
//! | `html` | pages for people |
//! | `error` | the errors |

mod action;
mod answer;
mod diff;
mod error;
mod html;
mod json;
mod junit;
mod names;
mod observer;
mod outcome;
mod play;
mod player;
mod text;
mod update;

pub use diff::{DiffKind, DiffLine, diff, first_line};
pub use error::{Error, Mistake};
pub use html::{Page, pages};
pub use json::pretty;
pub use junit::junit;
pub use outcome::{EndState, Moment, Outcome, Played, StepOutcome, TestResult};
pub use play::{files, play, play_text};
pub use update::update;
