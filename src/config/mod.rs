//! Typed settings of a process: YAML files, the environment, flags.
//!
//! ```text
//!  defaults ◀── files, in order ◀── SHEAF_A__B ◀── --set a.b=v          (what stands further right wins)
//!  └────────────── one tree of positioned nodes ────────────┘ ──▶ Config, or all problems at once
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `field` | the table of every field: path, type, default, doc; the reader and the reference are made from it |
//! | `layer` | variables and flags as trees |
//! | `read` | the tree as a [`Config`] |
//! | `reference` | a text that may name a secret instead of holding it |
//! | `document` | the table as `docs/configuration.md` |
//!
//! Nothing here reads a file, the environment or the host's name: they are handed in. Relative paths are relative to the
//! working directory, as on a command line.

mod document;
mod field;
mod layer;
mod read;
mod reference;

pub use document::reference_page;
pub use field::{FIELDS, Field, Kind};
pub use layer::{RESERVED, Sources};
pub use reference::Reference;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::InstanceId;

/// Everything that can be set. `docs/configuration.md` is the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The application: the consumer group's name, and the first part of every topic that sheaf owns.
    pub application_id: String,
    /// The instance's name, stable over restarts.
    pub instance_id: InstanceId,
    /// How Kafka is reached.
    pub kafka: Kafka,
    /// What a crash may leave behind.
    pub processing_guarantee: ProcessingGuarantee,
    /// Whether events may skip the inbox.
    pub direct_handover: bool,
    /// How many stream threads.
    pub num_stream_threads: u16,
    /// How many partitions the topics get that sheaf creates.
    pub partitions: i32,
    /// The replication factor of the topics that sheaf creates; `None`: the broker's default.
    pub replication_factor: Option<i32>,
    /// Where state is kept.
    pub state_dir: PathBuf,
    /// What the entries that are kept in memory may take, in MiB.
    pub state_cache_mib: usize,
    /// The HTTP server's address.
    pub http: Http,
    /// Control-M; `None` when it is not set up.
    pub control_m: Option<ControlM>,
    /// How many other instances follow the changelog of each task.
    pub num_standby_replicas: u8,
    /// How state is restored.
    pub restore: Restore,
    /// When a transaction is committed.
    pub commit: Commit,
    /// How long an orderly stop may take.
    pub shutdown_timeout: Duration,
    /// What is logged, and how.
    pub log: Log,
    /// The topology files.
    pub topologies: Vec<PathBuf>,
}

/// What a crash may leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessingGuarantee {
    /// Nothing: outputs, state and offsets are one transaction.
    ExactlyOnce,
    /// Outputs and state of inputs that are processed again.
    AtLeastOnce,
}

/// How Kafka is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kafka {
    /// `host:port`, separated by commas.
    pub bootstrap_servers: String,
    /// Handed to librdkafka as they are, once references are resolved.
    pub properties: BTreeMap<String, Reference>,
}

/// The HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Where it listens; port 0 takes a free one.
    pub bind: SocketAddr,
}

/// How Control-M's Automation API is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlM {
    /// The API's address up to and with `/automation-api`.
    pub base_url: Reference,
    /// The key for the header `x-api-key`; `None` sends none.
    pub api_key: Option<Reference>,
    /// How long after a submit its folder may still be invisible to a look-up.
    pub visibility_lag: Duration,
    /// How long one call may take.
    pub request_timeout: Duration,
    /// How long after it was decided a submit may still be begun.
    pub intent_valid_for: Duration,
    /// How many calls may be under way.
    pub in_flight_max: usize,
}

/// When a transaction is committed, if the input does not become idle before, and when the stores have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// After this time.
    pub interval: Duration,
    /// After this many records.
    pub records_max: usize,
    /// How long what is committed may be in memory and in the changelog alone.
    pub write_behind: Duration,
}

/// How state is restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restore {
    /// How many records an instance replays per second at most; `None`: as many as it can.
    pub records_per_second_max: Option<u32>,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The lines' form.
    pub format: LogFormat,
    /// The least level, or a filter as of `tracing-subscriber`'s `EnvFilter`.
    pub level: String,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object per line.
    Json,
    /// Text on a terminal, JSON elsewhere.
    Auto,
}

#[cfg(test)]
mod tests;
