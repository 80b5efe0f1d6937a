//! Dead letters, alerts and log lines.

use std::collections::BTreeSet;

use prometheus::{IntCounterVec, Result};

use super::internal_error::{InternalError, InternalErrors};
use super::label::{LogLevel, Stage};
use super::registry::Maker;
use crate::model::RejectReason;

/// The label of undeclared kinds of alerts, whose number would be unbounded.
const OTHER: &str = "other";

/// The results of an export of spans.
const EXPORTED: &str = "exported";
const LOST: &str = "lost";

/// The metrics of dead letters, alerts and log lines.
#[derive(Debug)]
pub struct Diagnostics {
    dead_letters: IntCounterVec,
    alerts: IntCounterVec,
    alert_kinds: BTreeSet<&'static str>,
    log_messages: IntCounterVec,
    spans: IntCounterVec,
    internal_errors: InternalErrors,
}

impl Diagnostics {
    pub(super) fn new(
        maker: &Maker,
        alert_kinds: BTreeSet<&'static str>,
        internal_errors: InternalErrors,
    ) -> Result<Self> {
        let diagnostics = Self {
            dead_letters: maker.counters("dlq_records_total", "Dead letters.", &["stage", "reason"])?,
            alerts: maker.counters("alert_events_total", "Alerts published.", &["type"])?,
            alert_kinds,
            log_messages: maker.of_process(|maker| maker.counters("log_messages_total", "Log lines.", &["level"]))?,
            spans: maker.of_process(|maker| {
                maker.counters("spans_total", "Spans, by the result of their export.", &["result"])
            })?,
            internal_errors,
        };
        for result in [EXPORTED, LOST] {
            diagnostics.spans.with_label_values(&[result]).reset();
        }
        for stage in Stage::ALL {
            for reason in RejectReason::ALL {
                diagnostics.dead_letters.with_label_values(&[stage.as_str(), reason.as_str()]).reset();
            }
        }
        for kind in diagnostics.alert_kinds.iter().chain([&OTHER]) {
            diagnostics.alerts.with_label_values(&[*kind]).reset();
        }
        for level in LogLevel::ALL {
            diagnostics.log_messages.with_label_values(&[level.as_str()]).reset();
        }
        Ok(diagnostics)
    }

    /// Counts a dead letter.
    pub fn dead_letter(&self, stage: Stage, reason: RejectReason) {
        self.dead_letters.with_label_values(&[stage.as_str(), reason.as_str()]).inc();
    }

    /// Counts a published alert.
    pub fn alert(&self, kind: &str) {
        let known = self.alert_kinds.contains(kind);
        self.alerts.with_label_values(&[if known { kind } else { OTHER }]).inc();
        if !known {
            self.internal_errors.count(InternalError::UnknownLabel);
        }
    }

    /// Counts the spans of a batch: those that were exported, and those that could not be.
    pub fn spans(&self, exported: usize, lost: usize) {
        for (result, spans) in [(EXPORTED, exported), (LOST, lost)] {
            self.spans.with_label_values(&[result]).inc_by(u64::try_from(spans).unwrap_or_default());
        }
    }

    /// Counts a log line.
    pub fn log_message(&self, level: LogLevel) {
        self.log_messages.with_label_values(&[level.as_str()]).inc();
    }
}
