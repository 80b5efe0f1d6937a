//! Log lines about calls that failed: the first of a kind at once, the others as a number every half minute.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::model::Key;

/// The shortest time between two lines of one kind.
const PERIOD: Duration = Duration::from_secs(30);

/// The lines that were logged, by kind.
#[derive(Debug, Default)]
pub(super) struct Report(Mutex<BTreeMap<&'static str, Logged>>);

#[derive(Debug)]
struct Logged {
    at: Duration,
    suppressed: u64,
}

impl Report {
    /// Logs a failed call of a bundle, or counts it for the next line of its kind.
    pub(super) fn failed(&self, kind: &'static str, key: &Key, detail: &str, uptime: Duration) {
        if let Some(more) = self.next(kind, uptime) {
            tracing::warn!(sheaf.bundle = %key, kind, more, %detail, "a call to Control-M failed; its bundle waits or is looked up");
        }
    }

    /// The number of lines left out since the last one, if one is due now.
    fn next(&self, kind: &'static str, uptime: Duration) -> Option<u64> {
        // A poisoned lock is usable: each entry is replaced as a whole.
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(logged) = kinds.get_mut(kind)
            && uptime.saturating_sub(logged.at) < PERIOD
        {
            logged.suppressed = logged.suppressed.saturating_add(1);
            return None;
        }
        let before = kinds.insert(kind, Logged { at: uptime, suppressed: 0 });
        Some(before.map_or(0, |logged| logged.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Report};

    #[test]
    fn a_kind_is_logged_at_once_and_then_as_a_number() {
        let (report, second) = (Report::default(), Duration::from_secs(1));
        assert_eq!(report.next("busy", second), Some(0));
        assert_eq!(report.next("busy", 2 * second), None);
        assert_eq!(report.next("lost", 2 * second), Some(0), "another kind");
        assert_eq!(report.next("busy", 30 * second), None);
        assert_eq!(report.next("busy", 31 * second), Some(2));
    }
}
