//! Deliveries to a webhook: the sink against a real HTTP server, the processor against receivers with and without keys, the whole in
//! a cluster in memory, beside other deliveries in one process, and the example.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy only recognizes #[test]; these are test helpers, which fail by panicking"
)]

mod beside;
mod cluster;
mod example;
mod limits;
mod process;
mod receiver;
mod sink;
