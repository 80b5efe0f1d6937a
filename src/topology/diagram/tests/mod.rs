//! Pictures of flows.

mod chance;
mod document;
mod golden;
mod place;
mod sample;
mod way;
