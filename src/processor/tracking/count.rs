//! The metrics of tracking, with all their series.

use super::super::{Count, Family};

/// The ends of runs, and the questions without an answer; label `event`.
const RUNS: &str = "runs_total";

pub(super) const FOLLOWED: Count = Count::with(RUNS, "followed");
pub(super) const ENDED_OK: Count = Count::with(RUNS, "ended_ok");
pub(super) const FAILED: Count = Count::with(RUNS, "failed");
pub(super) const GONE: Count = Count::with(RUNS, "gone");
pub(super) const RERUN: Count = Count::with(RUNS, "rerun");
pub(super) const UNANSWERED: Count = Count::with(RUNS, "unanswered");

/// All families, with all their series.
pub(super) fn families() -> Vec<Family> {
    let series = [FOLLOWED, ENDED_OK, FAILED, GONE, RERUN, UNANSWERED].map(|count| count.labels).to_vec();
    let help = "Runs of delivered bundles, by what happened: followed from their submit on, a job failed, ended OK, gone from the \
                target, rerun by a command; and questions without an answer, which are repeated.";
    vec![Family { name: RUNS, help, labels: &["event"], series }]
}
