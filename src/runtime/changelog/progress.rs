//! What an operator reads about restores that take long.

use std::collections::BTreeMap;
use std::time::Duration;

use super::active::Active;
use crate::model::TaskId;

/// How often each restore is logged.
const EVERY: Duration = Duration::from_secs(10);

/// When restores were logged last, and how far they were.
pub(super) struct Progress {
    at: Duration,
    done: BTreeMap<TaskId, i64>,
}

impl Progress {
    pub(super) fn new(now: Duration) -> Self {
        Self { at: now, done: BTreeMap::new() }
    }

    /// Logs how far each restore is, at which rate, and how long it will take at that; now and then.
    pub(super) fn log<'a>(&mut self, restores: impl Iterator<Item = &'a Active>, now: Duration) {
        let passed = now.saturating_sub(self.at);
        if passed < EVERY {
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

/// How fast a restore has been since it was logged last.
struct Rate {
    per_second: i64,
}

impl Rate {
    fn of(offsets: i64, passed: Duration) -> Self {
        let seconds = i64::try_from(passed.as_secs()).unwrap_or(i64::MAX).max(1);
        Self { per_second: offsets / seconds }
    }

    /// The seconds that so many more will take; `None` when there was no progress.
    fn left(&self, offsets: i64) -> Option<i64> {
        (self.per_second > 0).then(|| offsets / self.per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_told_from_the_rate_since_the_last_time() {
        let rate = Rate::of(500_000, Duration::from_secs(10));
        assert_eq!(rate.per_second, 50_000);
        assert_eq!(rate.left(125_000), Some(2));
        assert_eq!(Rate::of(0, Duration::from_secs(10)).left(1), None, "nobody knows");
    }
}
