//! The metrics of scripts, with all their series.

use super::super::{Count, Family};

/// The events by what became of them; label `event`.
const EVENTS: &str = "script_events_total";

pub(super) const BEGUN: Count = Count::with(EVENTS, "begun");
pub(super) const RESUMED: Count = Count::with(EVENTS, "resumed");
pub(super) const ENDED: Count = Count::with(EVENTS, "ended");
pub(super) const UNKNOWN_THREAD: Count = Count::with(EVENTS, "unknown_thread");
pub(super) const UNKNOWN_REF: Count = Count::with(EVENTS, "unknown_ref");

/// All families, with all their series.
pub(crate) fn families() -> Vec<Family> {
    let series = [BEGUN, RESUMED, ENDED, UNKNOWN_THREAD, UNKNOWN_REF].map(|count| count.labels).to_vec();
    let help = "Events of the threads of scripts: they have begun a thread, gone on with it, or ended it; or nothing of their thread waits for them: \
                because there is no such thread (any more), or it waits for nothing of this id.";
    vec![Family { name: EVENTS, help, labels: &["event"], series }]
}
