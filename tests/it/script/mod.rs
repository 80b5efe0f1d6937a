//! Workflows as code: the wire of effectful.js's Kafka workflows, on the broker in memory.

pub(crate) mod cases;
mod check;
mod contract;
mod defects;
mod text;
mod workflow;
mod zone;
