//! What reaches people and other systems: calls, dead letters, alerts, log lines.

use std::collections::BTreeSet;
use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, IntGauge, Result};

use super::registry::{Maker, gauge_value};
use super::{LogLevel, Metrics, Stage, UNKNOWN_LABEL};
use crate::model::RejectReason;

/// Calls to Control-M take from milliseconds to the time-out.
const SECONDS: [f64; 11] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// The label of alerts of a kind that no processor has declared: its words could make series without end.
const OTHER: &str = "other";

#[derive(Debug)]
pub(super) struct Outside {
    in_flight: IntGauge,
    requests: HistogramVec,
    dead_letters: IntCounterVec,
    alerts: IntCounterVec,
    alert_kinds: BTreeSet<&'static str>,
    log_messages: IntCounterVec,
}

impl Outside {
    pub(super) fn new(maker: &Maker, alert_kinds: BTreeSet<&'static str>) -> Result<Self> {
        let (call, letter) = (["operation", "code"], ["stage", "reason"]);
        let calls = "HTTP calls; the code is 0 when there was no answer.";
        let outside = Self {
            in_flight: maker.gauge("sink_in_flight", "Calls that are under way.")?,
            requests: maker.histograms("sink_request_duration_seconds", calls, &call, &SECONDS)?,
            dead_letters: maker.counters("dlq_records_total", "Dead letters.", &letter)?,
            alerts: maker.counters("alert_events_total", "Alerts published.", &["type"])?,
            alert_kinds,
            log_messages: maker.counters("log_messages_total", "Log lines.", &["level"])?,
        };
        for stage in Stage::ALL {
            for reason in RejectReason::ALL {
                outside.dead_letters.with_label_values(&[stage.as_str(), reason.as_str()]).reset();
            }
        }
        for kind in outside.alert_kinds.iter().chain([&OTHER]) {
            outside.alerts.with_label_values(&[*kind]).reset();
        }
        for level in LogLevel::ALL {
            outside.log_messages.with_label_values(&[level.as_str()]).reset();
        }
        Ok(outside)
    }
}

impl Metrics {
    /// How many calls are under way.
    pub fn in_flight(&self, number: u64) {
        self.outside.in_flight.set(gauge_value(number));
    }

    /// A call has ended: the operation (`submit`, `look_up`), the HTTP status if there was an answer.
    pub fn request(&self, operation: &'static str, status: Option<u16>, took: Duration) {
        let code = status.unwrap_or(0).to_string();
        self.outside.requests.with_label_values(&[operation, &code]).observe(took.as_secs_f64());
    }

    /// A record became a dead letter.
    pub fn dead_letter(&self, stage: Stage, reason: RejectReason) {
        self.outside.dead_letters.with_label_values(&[stage.as_str(), reason.as_str()]).inc();
    }

    /// An alert of this kind was published.
    pub fn alert(&self, kind: &str) {
        let known = self.outside.alert_kinds.contains(kind);
        self.outside.alerts.with_label_values(&[if known { kind } else { OTHER }]).inc();
        self.survived(if known { Ok(()) } else { Err(UNKNOWN_LABEL) });
    }

    /// A line was logged.
    pub fn log_message(&self, level: LogLevel) {
        self.outside.log_messages.with_label_values(&[level.as_str()]).inc();
    }
}
