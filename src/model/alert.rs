//! Alerts: what a person should know about one bundle.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Unexpected, but nothing is lost.
    Warning,
    /// Somebody must act.
    Critical,
}

/// One deviation of one key, written to the alerts topic in the transaction of the step that saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What happened, a stable word of a small set (`sla_breach`); also a metric's label.
    pub kind: String,
    /// How urgent.
    pub severity: Severity,
    /// When it became true, by event time.
    pub at: Timestamp,
    /// One sentence for a person: what, and what is missing.
    pub message: String,
    /// The details, by name (`missing`, `due`).
    pub details: BTreeMap<String, serde_json::Value>,
}
