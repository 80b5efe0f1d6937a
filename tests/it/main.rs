//! The tests of sheaf, in one binary, because each binary links `RocksDB` and librdkafka.
//!
//! `SHEAF_TEST_KAFKA=0` leaves out what needs a real Kafka.

mod conformance;
#[path = "../kafka/mod.rs"]
mod kafka;
