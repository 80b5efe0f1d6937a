//! Updates of calls, dead letters, alerts and log lines.

use std::time::Duration;

use crate::metric::label::InternalError;
use crate::metric::outside::OTHER;
use crate::metric::registry::gauge_value;
use crate::metric::{LogLevel, Metrics, Stage};
use crate::model::RejectReason;

impl Metrics {
    /// Sets the number of calls in flight.
    pub fn in_flight(&self, number: u64) {
        self.outside.in_flight.set(gauge_value(number));
    }

    /// Counts a call by operation (`submit`, `look_up`) and HTTP status, if there was a response.
    pub fn request(&self, operation: &'static str, status: Option<u16>, took: Duration) {
        let code = status.unwrap_or(0).to_string();
        self.outside.requests.with_label_values(&[operation, &code]).observe(took.as_secs_f64());
    }

    /// Counts a dead letter.
    pub fn dead_letter(&self, stage: Stage, reason: RejectReason) {
        self.outside.dead_letters.with_label_values(&[stage.as_str(), reason.as_str()]).inc();
    }

    /// Counts a published alert.
    pub fn alert(&self, kind: &str) {
        let known = self.outside.alert_kinds.contains(kind);
        self.outside.alerts.with_label_values(&[if known { kind } else { OTHER }]).inc();
        self.survived(if known { Ok(()) } else { Err(InternalError::UnknownLabel) });
    }

    /// Counts a log line.
    pub fn log_message(&self, level: LogLevel) {
        self.outside.log_messages.with_label_values(&[level.as_str()]).inc();
    }
}
