//! The HTTP server of a process: health, readiness, metrics, the API, and the console.
//!
//! | path | answers |
//! |---|---|
//! | `GET /healthz` | 200 while the threads turn, 503 when one hangs or has failed: restart the process |
//! | `GET /readyz` | 200 while it is running, 503 while it joins, restores or stops |
//! | `GET /metrics` | everything of [`Metrics`](crate::metric::Metrics), in Prometheus' text format |
//! | `GET /api/v1/..` | the [API](api) |
//! | `GET /`, `/entries/..` | the console |
//!
//! The first two return the same JSON: `{"alive":true,"ready":false,"state":"restoring","details":{..}}`. The values
//! come from the runtime through [`Status`]. A restoring instance is alive and not ready, so that it is not killed
//! during a long restore. With several applications in a process `applications` has the same of each.
//!
//! | file | what it is |
//! |---|---|
//! | `server` | start and stop |
//! | `reload` | takes over tokens and certificates |
//! | `connection`, `tls` | connections, within limits of number and time |
//! | `guard` | what each request passes before its path |
//! | `origin` | refuses requests of pages of other sites |
//! | `access` | tokens and roles |
//! | `picture` | a picture as an answer, of the API and of the console |
//! | `plain_error` | the errors of the router as problems |
//! | `probe` | the first three paths |
//! | `api` | the API |
//! | `client` | its client, for the command line |
//! | `console` | pages for people, over the API |

mod access;
pub mod api;
mod client;
mod connection;
mod console;
mod guard;
mod origin;
mod picture;
mod plain_error;
mod probe;
mod reload;
mod server;
mod tls;

pub use access::{Access, Caller, Role, Token};
pub use client::{Client, ClientError, ClientSettings};
pub use reload::ServerReload;
pub use server::{Error, Server, ServerSettings};
pub use tls::{TlsError, TlsFiles};

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::metric;

/// The current health of a runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// True if the stream threads turn.
    pub alive: bool,
    /// True if all owned partitions are processed.
    pub ready: bool,
    /// The instance's state, as in the metric `sheaf_instance_state`.
    pub state: String,
    /// Further details: threads, tasks, restores; no secrets, no payloads.
    pub details: BTreeMap<String, String>,
    /// The health of each application, by its id; empty if there is only one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub applications: BTreeMap<String, Self>,
}

/// The source of health and metrics. Both are called for each request, and return within a fraction of a second.
pub trait Status: Send + Sync + 'static {
    /// The current health.
    fn health(&self) -> Health;

    /// The metrics in Prometheus' text format.
    fn metrics(&self) -> Result<String, metric::Error>;

    /// Counts an answered request by the template of its path, its method and the status of the answer.
    fn answered(&self, route: &str, method: &'static str, status: u16, took: Duration);
}

#[cfg(test)]
mod tests;
