//! Drives a runtime with a seed, over the memory broker and a manual clock.
//!
//! Nothing here is a second runtime: a [`World`] calls the same `turn` of the same stream threads, restorers and
//! housekeepers that the operating system's threads call, one after the other.

mod clock;
mod day;
mod events;
pub mod oracle;
mod pause;
mod process;
pub mod swarm;
mod world;

pub use clock::ManualClock;
pub use day::{Day, Deed, Happening, Sent, Stage};
pub use events::{Generator, SampleEvent};
pub use process::{Strikes, never};
pub use world::{MakeSink, Setting, World};
