//! Counters and histograms of a processor.

use std::time::Duration;

/// One increment of a counter: its family and label values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count {
    /// The name of one of the processor's families.
    pub family: &'static str,
    /// The label values in the family's order; unused ones are empty.
    pub labels: [&'static str; 2],
}

/// A family of counters that a processor declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// The name without `sheaf_`; ends in `_total`, by the convention of Prometheus.
    pub name: &'static str,
    /// The help text, one sentence.
    pub help: &'static str,
    /// The names of the labels besides `application`, at most two.
    pub labels: &'static [&'static str],
    /// All combinations of label values, so that each series starts at 0.
    pub series: Vec<[&'static str; 2]>,
}

/// A histogram of durations that a processor declares; it has no labels besides `application`.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// The name without `sheaf_`; ends in `_seconds`, by the convention of Prometheus.
    pub name: &'static str,
    /// The help text, one sentence.
    pub help: &'static str,
    /// The upper bounds of the buckets in seconds, ascending; the last one, `+Inf`, is added.
    pub buckets: &'static [f64],
}

/// A duration to count in a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The name of one of the processor's histograms.
    pub histogram: &'static str,
    /// The duration.
    pub lasted: Duration,
}

impl Family {
    /// A family without labels, which has one series.
    pub fn plain(name: &'static str, help: &'static str) -> Self {
        Self { name, help, labels: &[], series: vec![["", ""]] }
    }
}

impl Count {
    /// An increment in a family without labels.
    pub const fn of(family: &'static str) -> Self {
        Self { family, labels: ["", ""] }
    }

    /// An increment in a family with one label.
    pub const fn with(family: &'static str, label: &'static str) -> Self {
        Self { family, labels: [label, ""] }
    }
}
