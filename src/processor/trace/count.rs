//! The metrics of traces, with all their series.

use super::super::{Count, Family};

/// The records by what became of them; label `event`.
const RECORDS: &str = "trace_records_total";

pub(super) const KEPT: Count = Count::with(RECORDS, "kept");
pub(super) const REPEATED: Count = Count::with(RECORDS, "repeated");
pub(super) const BEYOND_LIMIT: Count = Count::with(RECORDS, "beyond_limit");

/// All families, with all their series.
pub(super) fn families() -> Vec<Family> {
    let series = [KEPT, REPEATED, BEYOND_LIMIT].map(|count| count.labels).to_vec();
    let help = "Records with a trace id, by what became of them: kept, read again and therefore ignored, or counted only because their \
                trace has as many as are kept.";
    vec![Family { name: RECORDS, help, labels: &["event"], series }]
}
