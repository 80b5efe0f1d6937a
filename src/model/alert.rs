//! Alerts: deviations of a key that operators have to know of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// The severity of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For information.
    Info,
    /// Unexpected, but nothing is lost.
    Warning,
    /// An operator must act.
    Critical,
}

/// One deviation of one key, written to the alerts topic in the transaction of the step that found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The kind, one of a small fixed set (`sla_breach`); also a metric's label.
    pub kind: String,
    /// The severity.
    pub severity: Severity,
    /// The event time of the deviation.
    pub at: Timestamp,
    /// One sentence of text, with the missing members where there are any.
    pub message: String,
    /// Details by name (`missing`, `due`); [`REMEDY`](Self::REMEDY) is for every kind.
    pub details: BTreeMap<String, serde_json::Value>,
}

impl Alert {
    /// The name of the detail that says what to do.
    pub const REMEDY: &'static str = "remedy";

    /// Adds what to do.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.details.insert(Self::REMEDY.to_owned(), serde_json::Value::String(remedy.into()));
        self
    }

    /// What to do, if it says so.
    pub fn remedy(&self) -> Option<&str> {
        self.details.get(Self::REMEDY)?.as_str()
    }
}
