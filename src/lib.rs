//! sheaf gathers related Kafka events into bundles and hands each completed bundle on exactly once.
//!
//! It is a stateful stream processor in the manner of Kafka Streams: a binary, `sheaf`, that needs a YAML file and no code, and this
//! library, which runs any [`Processor`](processor::Processor). What follows is the way from a step function to a service, in order;
//! `examples/counter` is the same as files, and `docs/processor.md` says what to think of in between.
//!
//! # A processor is a function
//!
//! State of one key and one input in; the next state and *effects* out. Nothing else happens in a step: it reads no clock, draws no
//! chance, sends nothing. Everything that can happen is an [`Input`](processor::Input) (a record, a timer that is due, what came of a
//! call), everything that is wanted is an [`Effect`](processor::Effect) (write a record, set a timer, call somebody, tell people).
//!
//! ```
//! use std::time::Duration;
//! use serde::{Deserialize, Serialize};
//! use sheaf::codec::{self, Versioned, binary};
//! use sheaf::model::{Key, Moment, Reject, Timer, TimerKind, Timestamp};
//! use sheaf::processor::{Effect, Input, Processor, Transition};
//!
//! #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
//! struct Tally {
//!     count: u64,
//! }
//!
//! impl Versioned for Tally {
//!     const VERSION: u16 = 1;
//!     const NAME: &'static str = "tally";
//!
//!     fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
//!         binary::encode(self, out)
//!     }
//!
//!     fn decode(_version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
//!         binary::decode(bytes)
//!     }
//! }
//!
//! /// Counts events per key; after ten minutes of silence it emits the count and forgets the key.
//! struct Counter;
//!
//! const SILENCE: TimerKind = TimerKind::Delay(0);
//!
//! impl Processor for Counter {
//!     type State = Tally;
//!
//!     fn step(&self, _: &Key, state: Option<Tally>, input: Input, at: Moment) -> Result<Transition<Tally>, Reject> {
//!         Ok(match (state, input) {
//!             (state, Input::Record(_)) => {
//!                 let count = state.map_or(0, |tally| tally.count) + 1;
//!                 let due = at.wall.saturating_add(Duration::from_mins(10));
//!                 Transition::to(Tally { count }).with(Effect::Schedule(Timer { kind: SILENCE, due }))
//!             }
//!             (Some(tally), Input::Timer(_)) => {
//!                 Transition::forget().with(Effect::forward("counts", tally.count.to_string()))
//!             }
//!             (state, _) => Transition { state, effects: Vec::new() },
//!         })
//!     }
//! }
//!
//! // A step needs nothing around it to be called.
//! let due = Timer { kind: SILENCE, due: Timestamp::from_millis(0) };
//! let last = Counter.step(&Key::new("ada"), Some(Tally { count: 3 }), Input::Timer(due), Moment::at(due.due))?;
//! assert_eq!(last, Transition::forget().with(Effect::forward("counts", "3")));
//! # Ok::<(), Reject>(())
//! ```
//!
//! What the contract asks for, and what it gives:
//!
//! - **State is consumed and returned**, so a step that fails has changed nothing. `Err` is a [`Reject`](model::Reject): the input
//!   goes to the dead letters, with its original bytes and the reason, and the partition goes on.
//! - **A step may be run again** for a transaction that was not committed, with the same state and input. That is why time and ids
//!   are handed in; a step that reads a clock tells two stories.
//! - **An [`Act`](model::Act) is executed after the commit** that recorded it, and stays in the entry until a step settles it. After
//!   a crash it comes back as [`Verdict::Inherited`](model::Verdict::Inherited), and the step decides what that means.
//! - **A timer belongs to its key.** Setting one of the same kind moves it; forgetting the key drops it.
//!
//! # State outlives the program
//!
//! What is stored carries the version that wrote it. A program reads every version up to its own; a newer one it refuses, with the
//! name of the sheaf that wrote it. So a state that grows keeps its old shape beside the new one:
//!
//! ```
//! # use serde::{Deserialize, Serialize};
//! use sheaf::codec::{self, Versioned, binary};
//!
//! #[derive(Deserialize)]
//! struct TallyV1 {
//!     count: u64,
//! }
//!
//! #[derive(Clone, Serialize, Deserialize)]
//! struct Tally {
//!     count: u64,
//!     of_it_late: u64,
//! }
//!
//! impl Versioned for Tally {
//!     const VERSION: u16 = 2;
//!     const NAME: &'static str = "tally";
//!
//!     fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
//!         binary::encode(self, out)
//!     }
//!
//!     fn decode(version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
//!         match version {
//!             1 => binary::decode(bytes).map(|TallyV1 { count }| Self { count, of_it_late: 0 }),
//!             _ => binary::decode(bytes),
//!         }
//!     }
//! }
//!
//! let mut old = Vec::new();
//! binary::encode(&3_u64, &mut old)?; // what version 1 has written
//! assert_eq!(Tally::decode(1, &old)?.count, 3);
//! # Ok::<(), codec::Error>(())
//! ```
//!
//! # A topology says where it reads and writes
//!
//! A [`Topology`](topology::Topology) names sources and outputs. Each processor gets one input of its own, its *inbox*, keyed by what
//! the keying step finds in a record; so sources need no keys, and a *task* is a processor and a partition of its inbox. Then the
//! [`TestDriver`](testing::TestDriver) runs it: the real stream thread, transactions, stores and changelogs, over a broker in memory and a
//! clock that stands still until it is told.
//!
//! ```
//! # use std::time::Duration;
//! # use serde::{Deserialize, Serialize};
//! # use sheaf::codec::{self, Versioned, binary};
//! # use sheaf::model::{Key, Moment, Reject, Timer, TimerKind};
//! # use sheaf::processor::{Effect, Input, Processor, Transition};
//! # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
//! # struct Tally {
//! #     count: u64,
//! # }
//! # impl Versioned for Tally {
//! #     const VERSION: u16 = 1;
//! #     const NAME: &'static str = "tally";
//! #     fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
//! #         binary::encode(self, out)
//! #     }
//! #     fn decode(_version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
//! #         binary::decode(bytes)
//! #     }
//! # }
//! # /// Counts events per key; after ten minutes of silence it emits the count and forgets the key.
//! # struct Counter;
//! # const SILENCE: TimerKind = TimerKind::Delay(0);
//! # impl Processor for Counter {
//! #     type State = Tally;
//! #     fn step(&self, _: &Key, state: Option<Tally>, input: Input, at: Moment) -> Result<Transition<Tally>, Reject> {
//! #         Ok(match (state, input) {
//! #             (state, Input::Record(_)) => {
//! #                 let count = state.map_or(0, |tally| tally.count) + 1;
//! #                 let due = at.wall.saturating_add(Duration::from_mins(10));
//! #                 Transition::to(Tally { count }).with(Effect::Schedule(Timer { kind: SILENCE, due }))
//! #             }
//! #             (Some(tally), Input::Timer(_)) => {
//! #                 Transition::forget().with(Effect::forward("counts", tally.count.to_string()))
//! #             }
//! #             (state, _) => Transition { state, effects: Vec::new() },
//! #         })
//! #     }
//! # }
//! use sheaf::processor::by_key;
//! use sheaf::testing::TestDriver;
//! use sheaf::topology::Topology;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let topology = Topology::builder("clicking")
//!     .processor("counter", Counter)
//!     .reads("clicks", by_key)
//!     .writes("counts", "click-counts")
//!     .build()?;
//!
//! let mut driver = TestDriver::new(topology)?;
//! driver.send("clicks", "ada", "1")?;
//! driver.send("clicks", "ada", "2")?;
//! assert_eq!(driver.state("counter", "ada")?, Some(Tally { count: 2 }));
//!
//! driver.lose_disk()?; // kill -9 and an empty disk: what it knows now comes from the changelog
//! driver.advance(Duration::from_mins(10))?;
//! assert_eq!(driver.read_text("click-counts")?, ["ada=2"]);
//! # Ok(())
//! # }
//! ```
//!
//! The steps of a processor can also be written as text, and compared by a test: [`testing::golden`].
//!
//! # On a real Kafka
//!
//! The same topology, with a cluster and a directory:
//!
//! ```no_run
//! # use std::time::Duration;
//! # use serde::{Deserialize, Serialize};
//! # use sheaf::codec::{self, Versioned, binary};
//! # use sheaf::model::{Key, Moment, Reject, Timer, TimerKind};
//! # use sheaf::processor::{Effect, Input, Processor, Transition};
//! # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
//! # struct Tally {
//! #     count: u64,
//! # }
//! # impl Versioned for Tally {
//! #     const VERSION: u16 = 1;
//! #     const NAME: &'static str = "tally";
//! #     fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
//! #         binary::encode(self, out)
//! #     }
//! #     fn decode(_version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
//! #         binary::decode(bytes)
//! #     }
//! # }
//! # /// Counts events per key; after ten minutes of silence it emits the count and forgets the key.
//! # struct Counter;
//! # const SILENCE: TimerKind = TimerKind::Delay(0);
//! # impl Processor for Counter {
//! #     type State = Tally;
//! #     fn step(&self, _: &Key, state: Option<Tally>, input: Input, at: Moment) -> Result<Transition<Tally>, Reject> {
//! #         Ok(match (state, input) {
//! #             (state, Input::Record(_)) => {
//! #                 let count = state.map_or(0, |tally| tally.count) + 1;
//! #                 let due = at.wall.saturating_add(Duration::from_mins(10));
//! #                 Transition::to(Tally { count }).with(Effect::Schedule(Timer { kind: SILENCE, due }))
//! #             }
//! #             (Some(tally), Input::Timer(_)) => {
//! #                 Transition::forget().with(Effect::forward("counts", tally.count.to_string()))
//! #             }
//! #             (state, _) => Transition { state, effects: Vec::new() },
//! #         })
//! #     }
//! # }
//! # use sheaf::processor::by_key;
//! # use sheaf::topology::Topology;
//! use sheaf::broker::kafka::{KafkaBroker, KafkaSettings};
//! use sheaf::runtime::{Application, Settings};
//! use sheaf::store::rocks::{RocksOptions, RocksStores};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let topology = Topology::builder("clicking").processor("counter", Counter).reads("clicks", by_key).build()?;
//! let broker = KafkaBroker::new(KafkaSettings::new("127.0.0.1:9092"))?;
//! let stores = RocksStores::open(RocksOptions::new("state/counter"))?;
//! let settings = Settings::new("counter", "instance-a"); // the application, which is the group; this instance
//! let instance = Application::new(topology, settings, broker, stores).start()?;
//! // Threads of its own work now; `instance.failure()` says when one has stopped.
//! instance.stop()?;
//! # Ok(())
//! # }
//! ```
//!
//! Each further process with another instance name takes its share of the partitions, and takes over from one that dies.
//!
//! # What is guaranteed
//!
//! - **Exactly once within Kafka.** Input positions, state and everything written commit in one transaction. Readers with
//!   `isolation.level=read_committed` see each effect once, whatever crashes, hangs or is fenced.
//! - **State is a copy.** A store can be rebuilt from its changelog, and a changelog from the stores.
//! - **An act is executed after the commit that decided it**, and what came of it is an input. Kafka cannot fence the outside:
//!   after a crash the processor is told that an act *may* have been executed, and has to look it up or make repeating harmless.
//! - **Order per key.** Inputs of one key are stepped one after the other, in the order in which they came into the inbox. Between
//!   keys and between sources there is none.
//! - **Nothing is dropped silently.** An input is forwarded, waits in the state, raises an alert or becomes a dead letter.
//!
//! [`runtime`] has the order of duties behind this, and what each crash leaves behind.
//!
//! # The floors
//!
//! From the ground up (a lower floor never names a higher one; `tests/tidy.rs` proves it):
//!
//! | floor | modules | what it is |
//! |---|---|---|
//! | 10 | `cli` | the commands |
//! | 9 | `testing` | tests of a processor of one's own: a driver, golden text |
//! | 8 | `app` | turns a configuration into applications |
//! | 7 | `admin`, `sim` | look at a runtime over HTTP; drive one from a seed |
//! | 6 | `runtime`, `sink`, `mock`, `aws` | move records; call other systems; stand in for them; fill the ports from AWS |
//! | 5 | `broker`, `store`, `secret`, `blob` | ports, each with its adapters beside it |
//! | 4 | `config`, `metric` | typed settings; every metric's name |
//! | 3 | `topology` | which processor reads what and writes where |
//! | 2 | `processor` | step functions |
//! | 1 | `codec`, `template` | bytes and values; templates and text |
//! | 0 | `model` | ids, time, record, event, alert, error class |

pub mod admin;
pub mod app;
pub mod aws;
pub mod blob;
pub mod broker;
pub mod cli;
pub mod codec;
pub mod config;
pub mod metric;
pub mod mock;
pub mod model;
pub mod processor;
pub mod runtime;
pub mod secret;
// The demo, the benchmarks and the tests of this repository use it; users have `testing`.
#[doc(hidden)]
pub mod sim;
pub mod sink;
pub mod store;
pub mod template;
pub mod testing;
pub mod topology;
