//! The metrics of schedules, with all their series.

use super::super::{Count, Family};

/// The requests and records by what became of them; label `event`.
const RECORDS: &str = "schedule_records_total";

pub(super) const SET: Count = Count::with(RECORDS, "set");
pub(super) const SET_ANEW: Count = Count::with(RECORDS, "set_anew");
pub(super) const CANCELLED: Count = Count::with(RECORDS, "cancelled");
pub(super) const NOTHING_TO_CANCEL: Count = Count::with(RECORDS, "nothing_to_cancel");
pub(super) const FIRED: Count = Count::with(RECORDS, "fired");

/// All families, with all their series.
pub(super) fn families() -> Vec<Family> {
    let series = [SET, SET_ANEW, CANCELLED, NOTHING_TO_CANCEL, FIRED].map(|count| count.labels).to_vec();
    let help = "Scheduled records: set, set anew before they were due, cancelled, requests to cancel what does not wait, and fired, which is written \
                to its topic.";
    vec![Family { name: RECORDS, help, labels: &["event"], series }]
}
