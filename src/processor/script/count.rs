//! The metrics of scripts, with all their series.

use super::super::{Count, Family};

/// The events by what became of them; label `event`.
const EVENTS: &str = "script_events_total";

pub(super) const BEGUN: Count = Count::with(EVENTS, "begun");
pub(super) const RESUMED: Count = Count::with(EVENTS, "resumed");
pub(super) const ENDED: Count = Count::with(EVENTS, "ended");
pub(super) const CANCELLED: Count = Count::with(EVENTS, "cancelled");
pub(super) const CONTINUED: Count = Count::with(EVENTS, "continued");
pub(super) const DELETED: Count = Count::with(EVENTS, "deleted");
pub(super) const UNKNOWN_THREAD: Count = Count::with(EVENTS, "unknown_thread");
pub(super) const UNKNOWN_REF: Count = Count::with(EVENTS, "unknown_ref");

/// All families, with all their series.
pub(crate) fn families() -> Vec<Family> {
    let series = [BEGUN, RESUMED, CONTINUED, ENDED, CANCELLED, DELETED, UNKNOWN_THREAD, UNKNOWN_REF]
        .map(|count| count.labels)
        .to_vec();
    let help = "What threads of scripts were given, and what became of them: one has begun, gone on, begun anew by itself, or ended; it was cancelled or deleted; or nothing of their thread waits for them: \
                because there is no such thread (any more), or it waits for nothing of this id.";
    vec![Family { name: EVENTS, help, labels: &["event"], series }]
}
