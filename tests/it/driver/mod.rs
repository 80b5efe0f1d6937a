//! The test driver for custom processors, with the example and with a processor that uses every effect.

mod contract;
mod counter;
mod methods;
mod parts;
mod versatile;

/// The example's processor, as `cargo run --example counter` runs it.
#[path = "../../../examples/counter/processor.rs"]
pub(crate) mod processor;
