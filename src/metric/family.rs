//! The families that processors count in, and which of their series exist.

use std::collections::{BTreeMap, BTreeSet};

use prometheus::{IntCounter, IntCounterVec};

use super::registry::Maker;
use super::{Error, UNKNOWN_FAMILY, UNKNOWN_LABEL};
use crate::processor::Count;

/// One family: its name after `sheaf_`, its help, its labels.
#[derive(Debug)]
struct Family {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
}

/// What the processors of this crate count. A [`Count`] names one of these.
const FAMILIES: [Family; 8] = [
    Family {
        name: "bundle_events_total",
        help: "Member events, by what became of them.",
        labels: &["role", "outcome"],
    },
    Family { name: "bundles_opened_total", help: "Bundles opened.", labels: &[] },
    Family { name: "bundles_closed_total", help: "Bundles closed.", labels: &["outcome"] },
    Family {
        name: "bundle_sla_breaches_total",
        help: "Deadlines that passed, by what was missing.",
        labels: &["missing"],
    },
    Family {
        name: "clamped_timestamps_total",
        help: "Record timestamps that lay too far in the future and were taken as now.",
        labels: &[],
    },
    Family { name: "sink_submissions_total", help: "Submissions, by how they ended.", labels: &["outcome"] },
    Family { name: "sink_retries_total", help: "Retries of calls, by reason.", labels: &["reason"] },
    Family { name: "template_renders_total", help: "Templates rendered, by result.", labels: &["result"] },
];

#[derive(Debug)]
pub(super) struct Families {
    counters: BTreeMap<&'static str, (&'static Family, IntCounterVec)>,
    /// The series that exist from the start.
    declared: BTreeSet<Count>,
}

impl Families {
    /// The families, with these series at 0; the error names a series that fits no family.
    pub(super) fn new(maker: &Maker, series: impl IntoIterator<Item = Count>) -> Result<Self, Error> {
        let mut counters = BTreeMap::new();
        for family in &FAMILIES {
            counters.insert(family.name, (family, maker.counters(family.name, family.help, family.labels)?));
        }
        let mut families = Self { counters, declared: BTreeSet::new() };
        for count in series {
            let counter = families.counter(count).map_err(|_kind| Error::Undeclared(count))?;
            counter.reset();
            families.declared.insert(count);
        }
        Ok(families)
    }

    /// Counts; the error is the kind of mistake that was made. A series that was not declared is counted all the same.
    pub(super) fn count(&self, count: Count, times: u64) -> Result<(), &'static str> {
        self.counter(count)?.inc_by(times);
        if self.declared.contains(&count) { Ok(()) } else { Err(UNKNOWN_LABEL) }
    }

    fn counter(&self, count: Count) -> Result<IntCounter, &'static str> {
        let (family, counters) = self.counters.get(count.family).ok_or(UNKNOWN_FAMILY)?;
        let values: Vec<&str> = count.labels.into_iter().take(family.labels.len()).collect();
        counters.get_metric_with_label_values(&values).map_err(|_wrong_number| UNKNOWN_LABEL)
    }
}
