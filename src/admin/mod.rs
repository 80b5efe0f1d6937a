//! A look at a runtime over HTTP: health, readiness, metrics.
//!
//! | path | answers |
//! |---|---|
//! | `GET /healthz` | 200 while the process does its work, 503 when it hangs; restart it then |
//! | `GET /readyz` | 200 while it is running, 503 while it joins, restores or stops |
//! | `GET /metrics` | everything of [`Metrics`], in Prometheus' text format |
//!
//! The two states answer the same JSON: `{"alive":true,"ready":false,"state":"restoring","details":{..}}`. What they mean
//! is the runtime's business, which is asked through [`Status`]. Restoring is alive and not ready, so that nobody kills a
//! process for the time that a large state takes.

mod server;

pub use server::{Error, Server};

use std::collections::BTreeMap;

use serde::Serialize;

use crate::metric::Metrics;

/// How a runtime is, at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The stream threads turn.
    pub alive: bool,
    /// It processes all that it owns.
    pub ready: bool,
    /// The instance's state, as in the metric `sheaf_instance_state`.
    pub state: String,
    /// More for people: threads, tasks, what is restored; no secrets, no payloads.
    pub details: BTreeMap<String, String>,
}

/// What is looked at. Both are called for each request and must not block.
pub trait Status: Send + Sync + 'static {
    /// How it is.
    fn health(&self) -> Health;

    /// What it has counted.
    fn metrics(&self) -> &Metrics;
}

#[cfg(test)]
mod tests;
