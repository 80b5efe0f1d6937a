//! The test bench for processors of one's own, on the example and on a processor that does everything.

mod bench;
mod contract;
mod counter;
mod parts;
mod versatile;

/// The example's processor, as `cargo run --example counter` runs it.
#[path = "../../../examples/counter/processor.rs"]
pub(crate) mod processor;
