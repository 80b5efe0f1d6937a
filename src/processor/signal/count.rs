//! The metrics of signals, with all their series, and the kinds of their alerts.

use super::super::call::Retry;
use super::super::{Count, Family};

/// The kind of the alert of a signal that was not added.
pub(super) const SIGNAL_FAILED: &str = "signal_failed";

/// The kinds of alerts.
pub(super) const ALERTS: [&str; 1] = [SIGNAL_FAILED];

/// The signals by how they ended, duplicates, and retries; label `event`.
const SIGNALS: &str = "signals_total";

pub(super) const ADDED: Count = Count::with(SIGNALS, "added");
pub(super) const FAILED: Count = Count::with(SIGNALS, "failed");
pub(super) const DUPLICATE: Count = Count::with(SIGNALS, "suppressed_duplicate");
const BUSY: Count = Count::with(SIGNALS, "retry_busy");
const NOT_SENT: Count = Count::with(SIGNALS, "retry_not_sent");
const SUSPENDED: Count = Count::with(SIGNALS, "retry_suspended");
const LOST_ANSWER: Count = Count::with(SIGNALS, "retry_lost_answer");
const INHERITED: Count = Count::with(SIGNALS, "retry_inherited");

/// The increment for a retry.
pub(super) const fn retry(reason: Retry) -> Count {
    match reason {
        Retry::Busy => BUSY,
        Retry::NotSent => NOT_SENT,
        Retry::Suspended => SUSPENDED,
        Retry::LostAnswer => LOST_ANSWER,
        Retry::Inherited => INHERITED,
    }
}

/// All families, with all their series.
pub(super) fn families() -> Vec<Family> {
    let series = [ADDED, FAILED, DUPLICATE, BUSY, NOT_SENT, SUSPENDED, LOST_ANSWER, INHERITED];
    let series = series.map(|count| count.labels).to_vec();
    let help = "Events of members that are added to Control-M while their bundle is incomplete, by what happened: added, failed, \
                repeated records, and retries by reason.";
    vec![Family { name: SIGNALS, help, labels: &["event"], series }]
}
