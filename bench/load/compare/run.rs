//! One run of one contender: its figures and its verdict.

use std::collections::BTreeMap;

use serde::Serialize;

use super::check::Verdict;
use super::contender::Contender;

/// The result of one run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Run {
    pub(crate) phase: &'static str,
    pub(crate) contender: &'static str,
    /// Figures by their names, which end with their units.
    pub(crate) figures: BTreeMap<String, f64>,
    /// The errors of the output; such a run does not count.
    pub(crate) wrong: Option<String>,
}

impl Run {
    pub(crate) fn new(phase: &'static str, contender: Contender) -> Self {
        Self { phase, contender: contender.name(), figures: BTreeMap::new(), wrong: None }
    }

    /// Notes a figure.
    pub(crate) fn note(&mut self, figure: &str, value: f64) {
        self.figures.insert(figure.to_owned(), value);
    }

    /// Notes percentiles of latencies in milliseconds.
    pub(crate) fn note_latencies(&mut self, suffix: &str, mut latencies_ms: Vec<f64>) {
        latencies_ms.sort_by(f64::total_cmp);
        for (name, per_mille) in [("p50", 500), ("p95", 950), ("p99", 990), ("max", 1_000)] {
            let last = latencies_ms.len().saturating_sub(1);
            if let Some(latency) = latencies_ms.get(last * per_mille / 1_000) {
                self.note(&format!("{name}_ms{suffix}"), *latency);
            }
        }
    }

    /// Sets the verdict on the output.
    pub(crate) fn set_verdict(&mut self, verdict: &Verdict) {
        if !verdict.is_correct() {
            self.wrong = Some(verdict.to_string());
        }
    }
}
