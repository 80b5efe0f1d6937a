//! The balance sheet of bundles: every source record that was processed is in exactly one column.

use std::collections::BTreeSet;
use std::sync::Arc;

use prometheus::{IntGaugeVec, Result};

use super::RecordEnd;
use super::family::Families;
use super::registry::{Maker, gauge_value};
use super::task::Task;
use crate::processor::bundle::EventOutcome;
use crate::processor::bundle::count::{EVENTS, MEMBERS};

/// The column of all source records; the others add up to it.
const IN: &str = "in";

/// The gauges of the balance sheet, worked out from the counters whenever they are read.
#[derive(Debug)]
pub(super) struct Balance {
    records: IntGaugeVec,
    bundles: BTreeSet<Arc<str>>,
}

impl Balance {
    /// The sheet of these processors.
    pub(super) fn new(maker: &Maker, bundles: BTreeSet<Arc<str>>) -> Result<Self> {
        let help = "The balance sheet of the bundles' sources since the start of the process: the records that were processed, and \
                    where they are. `in` is the sum of all others.";
        Ok(Self { records: maker.gauges("balance_records", help, &["column"])?, bundles })
    }

    /// Works the columns out. Columns are 0 without a bundle.
    pub(super) fn update(&self, task: &Task, families: &Families) {
        let ended = |end| self.bundles.iter().map(|bundle| task.ended_of(bundle, end)).sum();
        let [processed, passed, dead_letters]: [u64; 3] = RecordEnd::ALL.map(ended);
        let joined = [EventOutcome::Accepted.as_str(), EventOutcome::Late.as_str()];
        let members = families.sum(EVENTS, |[_, outcome]| joined.contains(&outcome));
        let deviations = families.sum(EVENTS, |[_, outcome]| !joined.contains(&outcome));
        let left = |end: &str| gauge_value(families.sum(MEMBERS, |[it, _]| it == end));
        let (forwarded, removed) = (left("forwarded"), left("removed"));
        // The process may have reopened more than it has ended.
        let expired = left("expired") - left("reopened_expired");
        let cancelled = left("cancelled") - left("reopened_cancelled");
        let waiting = gauge_value(members) - (forwarded + expired + cancelled + removed);
        for (column, records) in [
            (IN, gauge_value(processed + passed + dead_letters)),
            ("forwarded", forwarded),
            ("waiting", waiting),
            ("deviation", gauge_value(deviations)),
            ("expired", expired),
            ("cancelled", cancelled),
            ("dead_letter", gauge_value(dead_letters)),
            ("passed", gauge_value(passed)),
        ] {
            self.records.with_label_values(&[column]).set(records);
        }
    }
}
