//! Workflows as code: an ordinary async function whose state lives in Kafka.

pub mod engine;
