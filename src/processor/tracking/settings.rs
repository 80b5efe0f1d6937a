//! The intervals and limits of tracking.

use std::time::Duration;

use super::state::Run;
use crate::model::{Target, Timestamp};

/// A run is asked about after this part of its age, so that long ones cost less.
const AGE_PARTS: u32 = 20;

/// The intervals and limits of tracking. All durations are on the wall clock of the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The target of the questions.
    pub target: Target,
    /// The server of the runs (for Control-M the name of the Control-M server).
    pub server: String,
    /// The shortest interval between two questions about a run; also the grid of their times. Not 0.
    pub interval: Duration,
    /// The longest interval.
    pub interval_max: Duration,
    /// The time after the submit within which the target may not list the run yet.
    pub visible_within: Duration,
    /// The time after the submit for which a run may wait until there is an alert.
    pub waiting_max: Duration,
    /// The time from a rerun to the question what became of it.
    pub after_rerun: Duration,
    /// The retention of an ended run.
    pub keep: Duration,
    /// The time after the commit within which a call may start.
    pub valid_for: Duration,
}

impl Settings {
    /// The settings with the usual durations: questions every 30 s to 10 min, an alert after an hour of waiting.
    pub fn new(target: Target, server: &str, visible_within: Duration) -> Self {
        Self {
            target,
            server: server.to_owned(),
            interval: Duration::from_secs(30),
            interval_max: Duration::from_mins(10),
            visible_within,
            waiting_max: Duration::from_hours(1),
            after_rerun: Duration::from_secs(5),
            keep: Duration::from_hours(7 * 24),
            valid_for: Duration::from_mins(2),
        }
    }

    /// The time of the next question: on the grid, so that many runs are asked about at once.
    pub(super) fn next_question(&self, run: &Run, now: Timestamp) -> Timestamp {
        let age = now.since(run.submitted_at);
        let wait = (age / AGE_PARTS).clamp(self.interval, self.interval_max.max(self.interval));
        let grid = i64::try_from(self.interval.as_millis()).unwrap_or(i64::MAX).max(1);
        let earliest = now.saturating_add(wait).as_millis();
        let rest = earliest.rem_euclid(grid);
        Timestamp::from_millis(if rest == 0 { earliest } else { earliest.saturating_add(grid - rest) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_on_a_grid_and_rarer_for_older_runs() {
        let settings = Settings::new(Target::new("t"), "s", Duration::ZERO);
        let run = Run::new("f".to_owned(), String::new(), Timestamp::from_millis(1_000));
        let next = |now_s: i64| settings.next_question(&run, Timestamp::from_millis(now_s * 1_000)).as_millis() / 1_000;
        assert_eq!([1, 29, 30, 31].map(next), [60, 60, 60, 90]);
        assert_eq!(next(7_201), 7_590, "after two hours every six minutes");
        assert_eq!(next(864_000), 864_600, "after ten days every ten minutes");
    }
}
