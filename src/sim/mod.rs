//! Deterministic simulation: runs the runtime from a seed, on the memory broker and a manual clock.
//!
//! There is no second runtime: a [`World`] calls the same `turn` of the same stream threads, restorers and housekeepers
//! as the threads of `sheaf run`, one after the other.
//!
//! | file | what it is |
//! |---|---|
//! | `world` | a cluster in memory, a clock, and instances that start, stop and crash |
//! | `process`, `pause` | the disk, the sink and the fault points of one instance |
//! | `clock` | the manual clock |
//! | `events` | sample events |
//! | `oracle` | the expected outputs, computed from the input alone |
//! | `day` | the script of `sheaf demo` |
//! | `observation` | what it shows |
//! | `kill` | its kill, in the middle of a transaction |
//! | [`swarm`] | runs with faults, drawn from seeds |

mod clock;
mod day;
mod events;
mod kill;
mod observation;
pub mod oracle;
mod pause;
mod process;
pub mod swarm;
mod world;

pub use clock::ManualClock;
pub use day::{Day, Harness, Sent};
pub use events::{Generator, SampleEvent};
pub use observation::Observation;
pub use process::{CrashPolicy, never_crash};
pub use world::{MakeSink, Setup, World};
