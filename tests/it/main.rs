//! The tests of sheaf, in one binary, because each binary links `RocksDB` and librdkafka.
//!
//! `SHEAF_TEST_KAFKA=0` skips the tests that need a real Kafka.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and waits for real processes"
)]

mod alert;
mod alerts;
mod api;
mod aws;
mod bpmn;
mod closed;
mod cloud_events;
mod collector;
mod compose;
mod conformance;
mod control_m;
mod delivery;
mod demo;
mod driver;
mod entries;
mod entry;
mod events;
mod flow;
mod golden;
mod issuer;
mod ops;
mod otlp;
mod prometheus;
mod property;
mod python;
mod readme;
mod retail;
mod runtime;
mod s3;
mod scenario;
mod schema_version;
mod script;
mod secrets;
mod several;
mod simulation;
mod state;
mod store;
mod topology_graph;
mod validate;
mod webhook;
mod whole;

#[path = "../kafka/mod.rs"]
mod kafka;
