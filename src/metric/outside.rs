//! The families of calls, dead letters, alerts and log lines.

use std::collections::BTreeSet;

use prometheus::{HistogramVec, IntCounterVec, IntGauge, Result};

use super::label::{LogLevel, Stage};
use super::registry::Maker;
use crate::model::RejectReason;

/// Calls to Control-M take from milliseconds to the time-out.
const SECONDS: [f64; 11] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// The label of undeclared kinds of alerts, whose number would be unbounded.
pub(super) const OTHER: &str = "other";

#[derive(Debug)]
pub(super) struct Outside {
    pub(super) in_flight: IntGauge,
    pub(super) requests: HistogramVec,
    pub(super) dead_letters: IntCounterVec,
    pub(super) alerts: IntCounterVec,
    pub(super) alert_kinds: BTreeSet<&'static str>,
    pub(super) log_messages: IntCounterVec,
}

impl Outside {
    pub(super) fn new(maker: &Maker, alert_kinds: BTreeSet<&'static str>) -> Result<Self> {
        let (call, letter) = (["operation", "code"], ["stage", "reason"]);
        let calls = "HTTP calls; the code is 0 if there was no response.";
        let outside = Self {
            in_flight: maker.gauge("sink_in_flight", "Calls in flight.")?,
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
