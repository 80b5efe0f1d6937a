//! Detects that the wall clock was set.

use std::time::Duration;

use crate::model::Timestamp;

/// The least difference between the progress of both clocks, in milliseconds, that counts as setting the wall clock.
/// Slewing moves a clock by half a millisecond per second.
const STEP_MS: u64 = 500;

/// The wall clock relative to the monotonic one.
#[derive(Debug, Default)]
pub(super) struct WallClock {
    /// The wall clock at uptime zero, in milliseconds since the epoch, as of the last check.
    at_zero: Option<i64>,
}

impl WallClock {
    /// Compares both clocks. Returns the milliseconds by which the wall clock was set since the last check, if it was.
    pub(super) fn set_by(&mut self, now: Timestamp, uptime: Duration) -> Option<i64> {
        let uptime = i64::try_from(uptime.as_millis()).unwrap_or(i64::MAX);
        let at_zero = now.as_millis().saturating_sub(uptime);
        let set_by = at_zero.saturating_sub(self.at_zero.replace(at_zero)?);
        (set_by.unsigned_abs() > STEP_MS).then_some(set_by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_noticed_and_one_that_runs_is_not() {
        let mut clock = WallClock::default();
        let mut look = |wall, uptime| clock.set_by(Timestamp::from_millis(wall), Duration::from_millis(uptime));
        assert_eq!(look(10_000, 0), None, "the first check has nothing to compare with");
        assert_eq!(look(70_000, 60_000), None);
        assert_eq!(look(70_900, 60_500), None, "it may drift a little");
        assert_eq!(look(90_900, 60_500), Some(20_000));
        assert_eq!(look(91_900, 61_500), None, "from then on it runs");
        assert_eq!(look(61_900, 61_500), Some(-30_000));
    }
}
