//! The broker port in memory: an in-process log with Kafka's semantics.
