//! sheaf gathers related Kafka events into bundles and hands each completed bundle on exactly once.
//!
//! It is a stateful stream processor similar to Kafka Streams: a binary, `sheaf`, that needs a YAML file and no code, and this
//! library, which runs any [`Processor`](processor::Processor). The sections below lead from a step function to a service;
//! `examples/counter` is the same as files, and `docs/processor.md` is the guide.
//!
//! # A processor is a function
//!
//! The state of a key and one input go in; the next state and *effects* come out. A step has no side effects: it reads no clock, draws
//! no random numbers, sends nothing. Its input is an [`Input`](processor::Input): a record, a due timer, the outcome of an act. Its
//! results are [`Effect`](processor::Effect)s: forward a record, set a timer, start an act, raise an alert.
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
//! // A step is called without a runtime.
//! let due = Timer { kind: SILENCE, due: Timestamp::from_millis(0) };
//! let last = Counter.step(&Key::new("ada"), Some(Tally { count: 3 }), Input::Timer(due), Moment::at(due.due))?;
//! assert_eq!(last, Transition::forget().with(Effect::forward("counts", "3")));
//! # Ok::<(), Reject>(())
//! ```
//!
//! The contract of a step:
//!
//! - **State is consumed and returned**, so a step that fails has changed nothing. `Err` is a [`Reject`](model::Reject): the input
//!   goes to the dead letters, with its original bytes and the reason, and the partition continues.
//! - **A step may be run again** for a transaction that was not committed, with the same state and input. That is why time and ids
//!   are arguments; a step that reads a clock is not repeatable.
//! - **An [`Act`](model::Act) is executed after the commit** that recorded it, and is pending in the entry until a step settles it.
//!   After a crash its outcome is [`Verdict::Inherited`](model::Verdict::Inherited), and the step decides what to do.
//! - **A timer belongs to its key.** Setting one of the same kind replaces it; forgetting the key removes it.
//!
//! # State has versions
//!
//! Stored state has the version of its format. A program reads every version up to its own; it refuses a newer one, and names the
//! version of sheaf that wrote it. So the type of an older version is kept beside the current one:
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
//!     late: u64,
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
//!             1 => binary::decode(bytes).map(|TallyV1 { count }| Self { count, late: 0 }),
//!             _ => binary::decode(bytes),
//!         }
//!     }
//! }
//!
//! let mut old = Vec::new();
//! binary::encode(&3_u64, &mut old)?; // as version 1 wrote it
//! assert_eq!(Tally::decode(1, &old)?.count, 3);
//! # Ok::<(), codec::Error>(())
//! ```
//!
//! # A topology names sources and outputs
//!
//! A [`Topology`](topology::Topology) names sources and outputs. Each processor has an input topic of its own, its *inbox* (Kafka
//! Streams: repartition topic), with the key that the keying step extracts from a record; so sources need no keys, and a *task* is a
//! processor and a partition of its inbox. The [`TestDriver`](testing::TestDriver) runs a topology with the real stream thread,
//! transactions, stores and changelogs, on a broker in memory and a manual clock.
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
//! driver.lose_disk()?; // kill -9 and an empty disk: the state is restored from the changelog
//! driver.advance(Duration::from_mins(10))?;
//! assert_eq!(driver.read_text("click-counts")?, ["ada=2"]);
//! # Ok(())
//! # }
//! ```
//!
//! The steps of a processor can also be tested as text: [`testing::golden`].
//!
//! # On a real Kafka
//!
//! The same topology on a cluster, with a state directory:
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
//! let settings = Settings::new("counter", "instance-a"); // the application id, which is the group id; the instance
//! let instance = Application::new(topology, settings, broker, stores).start()?;
//! // Its threads run now; `instance.failure()` is the error of one that has failed.
//! instance.stop()?;
//! # Ok(())
//! # }
//! ```
//!
//! Each further process with another instance name gets a share of the partitions, and takes over those of one that fails.
//!
//! # Guarantees
//!
//! - **Exactly once within Kafka.** Offsets, state and outputs are committed in one transaction. Consumers with
//!   `isolation.level=read_committed` see each effect once, whatever crashes, hangs or is fenced.
//! - **State is replicated.** A store can be restored from its changelog, and a changelog republished from the stores.
//! - **An act is executed after the commit that recorded it**, and its outcome is an input. Kafka cannot fence external systems:
//!   after a crash an inherited act *may* have been executed, and the processor has to look it up or make it idempotent.
//! - **Order per key.** Inputs of one key are processed one after the other, in the order in which they were written to the inbox.
//!   There is no order between keys or sources.
//! - **Nothing is dropped silently.** An input is forwarded, waits in the state, raises an alert or becomes a dead letter.
//!
//! [`runtime`] documents the order of operations behind this, and the state after a crash at each point.
//!
//! # The floors
//!
//! The layers of the crate: a lower floor never names a higher one, and `tests/tidy.rs` checks it.
//!
//! | floor | modules | what it is |
//! |---|---|---|
//! | 10 | `cli` | the commands |
//! | 9 | `testing` | tests of custom processors and of topology files: a driver, golden text, scenarios |
//! | 8 | `app` | turns a configuration into applications |
//! | 7 | `admin`, `sim` | shows a runtime over HTTP; simulates one from a seed |
//! | 6 | `runtime`, `sink`, `mock`, `aws`, `oauth`, `otlp` | processes records; calls other systems; mocks them; secrets and blobs from AWS; tokens for Kafka; exports spans |
//! | 5 | `broker`, `store`, `secret`, `blob`, `http_client` | ports, each with its adapters beside it; what clients of HTTP share |
//! | 4 | `config`, `metric` | typed settings; all metrics |
//! | 3 | `topology` | the sources and outputs of processors |
//! | 2 | `processor` | step functions |
//! | 1 | `codec`, `template` | bytes and values; templates and text |
//! | 0 | `model` | ids, time, record, event, alert, error class |

pub mod admin;
pub mod app;
#[cfg(feature = "aws")]
pub mod aws;
pub mod blob;
pub mod broker;
pub mod cli;
pub mod codec;
pub mod config;
pub mod http_client;
pub mod metric;
pub mod mock;
pub mod model;
#[cfg(feature = "kafka")]
pub mod oauth;
#[cfg(feature = "otlp")]
pub mod otlp;
pub mod processor;
pub mod runtime;
pub mod secret;
// For the demo, the benchmarks and the tests of this repository; users have `testing`.
#[doc(hidden)]
pub mod sim;
pub mod sink;
pub mod store;
pub mod template;
pub mod testing;
pub mod topology;
