//! Log lines about the progress of long restores.

use std::collections::BTreeMap;
use std::time::Duration;

use super::active::Active;
use crate::model::TaskId;

/// The interval of the log lines of each restore.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// The time of the last log lines, and the progress of each restore by then.
pub(super) struct Progress {
    at: Duration,
    done: BTreeMap<TaskId, i64>,
}

impl Progress {
    pub(super) fn new(now: Duration) -> Self {
        Self { at: now, done: BTreeMap::new() }
    }

    /// Logs progress, rate and remaining time of each restore, once per interval.
    pub(super) fn log<'a>(&mut self, restores: impl Iterator<Item = &'a Active>, now: Duration) {
        let passed = now.saturating_sub(self.at);
        if passed < LOG_INTERVAL {
            return;
        }
        self.at = now;
        let before = std::mem::take(&mut self.done);
        for restore in restores {
            let (task, done, total) = restore.progress();
            let rate = Rate::of(done - before.get(task).copied().unwrap_or(0), passed);
            let percent = done.saturating_mul(100) / total.max(1);
            let left_seconds = rate.left(total - done);
            let per_second = rate.per_second;
            tracing::info!(sheaf.task = %task, percent, done, total, per_second, left_seconds, "restoring");
            self.done.insert(task.clone(), done);
        }
    }
}

/// The rate of a restore since its last log line.
struct Rate {
    per_second: i64,
}

impl Rate {
    fn of(offsets: i64, passed: Duration) -> Self {
        let seconds = i64::try_from(passed.as_secs()).unwrap_or(i64::MAX).max(1);
        Self { per_second: offsets / seconds }
    }

    /// The seconds until `offsets` more are replayed; `None` without progress.
    fn left(&self, offsets: i64) -> Option<i64> {
        (self.per_second > 0).then(|| offsets / self.per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remaining_time_follows_from_the_rate_since_the_last_line() {
        let rate = Rate::of(500_000, Duration::from_secs(10));
        assert_eq!(rate.per_second, 50_000);
        assert_eq!(rate.left(125_000), Some(2));
        assert_eq!(Rate::of(0, Duration::from_secs(10)).left(1), None, "unknown without progress");
    }
}
