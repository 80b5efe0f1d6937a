//! Golden text: the behaviour of a processor as text that an expert of its domain can read.
//!
//! ```text
//! # A key is counted until ten minutes have passed without a click.     a comment begins a new case
//! click ada at=0h                                                       commands: a name, words, name=value
//! until 1h
//! ----
//! state   count=1                                                       their output, to the next empty line
//! timer   Delay(0) due=10m
//! due     Delay(0) key=ada
//! state   none
//! forward counts key=ada 1
//! ```
//!
//! [`check()`] compares the outputs in the files of a directory with the current ones, or with `SHEAF_UPDATE_GOLDEN=1` in the environment
//! writes them to the files, for review with `git diff`. So a new case needs only its commands and a `----`. [`run()`] runs a text.
//!
//! # Commands
//!
//! A [`Script`] names a processor and reads its commands. A word that begins with a brace or a bracket extends to the end of the line,
//! so that JSON may have spaces. Every script also has these commands:
//!
//! | command | what it does |
//! |---|---|
//! | `until 25h` | advances the clock and the watermark, and fires the timers that become due, in the order of (due, kind, key) |
//! | `command p1 cancel reason=x` | an operator's command, with its arguments |
//! | `headers` | prints the headers of forwarded records from now on |
//!
//! Times are durations since hour zero, which is midnight of 1 January 2026 in UTC. Any command may have `at=3h`, the time of an
//! event, and `now=4h`, the wall clock. The default of `now` is the latest time of any command so far.
//!
//! # Output
//!
//! The next state is printed first, then the effects in their order, one or two lines each: `forward`, `timer`, `untimer`, `alert`, `count`,
//! `act`, `settle`, `part`, `parts`, `dead`. A rejected input prints `reject` and the reason, a record that the
//! keying step passes over `pass`. Between steps a state is encoded and decoded, with its parts, so its stored form is tested too.
//!
//! # Example
//!
//! ```
//! # use std::time::Duration;
//! # use sheaf::codec::{self, Versioned, binary};
//! # use sheaf::model::{Key, Moment, Reject, Timer, TimerKind};
//! # use sheaf::processor::{Effect, Input, Processor, Transition};
//! # #[derive(Clone)]
//! # struct Tally { count: u64 }
//! # impl Versioned for Tally {
//! #     const VERSION: u16 = 1;
//! #     const NAME: &'static str = "tally";
//! #     fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> { binary::encode(&self.count, out) }
//! #     fn decode(_: u16, bytes: &[u8]) -> Result<Self, codec::Error> { Ok(Self { count: binary::decode(bytes)? }) }
//! # }
//! # struct Counter;
//! # impl Processor for Counter {
//! #     type State = Tally;
//! #     fn step(&self, _: &Key, state: Option<Tally>, input: Input, at: Moment) -> Result<Transition<Tally>, Reject> {
//! #         Ok(match (state, input) {
//! #             (state, Input::Record(_)) => {
//! #                 let count = state.map_or(0, |tally| tally.count) + 1;
//! #                 let due = at.wall.saturating_add(Duration::from_mins(10));
//! #                 Transition::to(Tally { count }).with(Effect::Schedule(Timer { kind: TimerKind::Delay(0), due }))
//! #             }
//! #             (Some(tally), Input::Timer(_)) => {
//! #                 Transition::forget().with(Effect::forward("counts", tally.count.to_string()))
//! #             }
//! #             (state, _) => Transition { state, effects: Vec::new() },
//! #         })
//! #     }
//! # }
//! use sheaf::model::Timestamp;
//! use sheaf::processor::by_key;
//! use sheaf::testing::golden::{self, Command, Error, Given, ProcessorCase, Script};
//!
//! #[derive(Default)]
//! struct Clicks;
//!
//! impl Script for Clicks {
//!     type Processor = Counter;
//!
//!     fn processor(&self) -> Counter {
//!         Counter
//!     }
//!
//!     fn read(&mut self, command: &Command, at: Timestamp) -> Result<Given, Error> {
//!         match command.name.as_str() {
//!             "click" => {
//!                 command.allow(&[], 1)?;
//!                 Ok(Given::keyed(&by_key, golden::record("clicks", Some(command.word(0)?), None, at)))
//!             }
//!             _ => Err(command.unknown()),
//!         }
//!     }
//!
//!     fn state(&self, tally: &Tally) -> String {
//!         format!("count={}", tally.count)
//!     }
//! }
//!
//! let text = "\
//! ## A key is counted until ten minutes have passed without a click.
//! click ada at=0h
//! until 1h
//! ----
//! state   count=1
//! timer   Delay(0) due=10m
//! due     Delay(0) key=ada
//! state   none
//! forward counts key=ada 1
//! ";
//! assert_eq!(golden::run::<ProcessorCase<Clicks>>(text)?, text);
//! // In a test: golden::check::<ProcessorCase<Clicks>>("tests/golden/clicks");
//! # Ok::<(), Error>(())
//! ```
//!
//! # Files
//!
//! | file | what it is |
//! |---|---|
//! | `check` | compares the files of a directory with the current outputs |
//! | `run` | runs a text: comments, commands, outputs |
//! | `command`, `time` | a command, and its times |
//! | `script` | the commands of one processor |
//! | `processor_case` | a case of a processor: its entries, their timers, a clock |
//! | `effect` | prints effects |
//! | `error` | the errors |

mod check;
mod command;
mod effect;
mod error;
mod processor_case;
mod run;
mod script;
mod time;

pub use check::check;
pub use command::Command;
pub use error::Error;
pub use processor_case::ProcessorCase;
pub use run::{Case, run};
pub use script::{Given, Script, record};
pub use time::{hours, instant};

#[cfg(test)]
mod tests;
