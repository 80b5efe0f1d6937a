//! The unsafe code of the engine.

mod memory;
mod stack;

pub(super) use memory::Counted;
pub(super) use stack::measure_from_here;
