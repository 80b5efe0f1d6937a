//! The wall clock of a stream thread, which follows the system's but cannot jump.
//!
//! Timers are stored with their due time on the wall clock. A clock that is set far ahead would make all of them due at once, and
//! the memory of what was submitted would be deleted before its time; one that is set back would delay every retry by as much. So
//! this clock takes a large step forward not at all, and makes good a step back by running at half speed. It never runs faster than
//! the monotonic clock, because the waits for calls that may still be executed are measured with it.

use std::time::Duration;

use crate::model::Timestamp;
use crate::runtime::reminder::Reminder;

/// The least difference between the progress of both clocks, in milliseconds, that counts as setting the wall clock.
/// Slewing moves a clock by half a millisecond per second.
const STEP_MS: i64 = 500;
/// The largest step forward that is followed, in milliseconds: one hour.
const FOLLOWED_MAX_MS: i64 = 3_600_000;

/// The clock of a thread's timers and steps.
#[derive(Debug, Default)]
pub(super) struct WallClock {
    base: Option<Base>,
    /// Set while the system's clock is further ahead than what is followed.
    ahead: Option<Reminder>,
}

/// The reading since which the clock runs as it does.
#[derive(Clone, Copy, Debug)]
struct Base {
    now: i64,
    uptime: Duration,
    /// True if the system's clock was set back behind this clock, which runs at half speed until it is caught up with.
    is_slow: bool,
}

impl Base {
    /// The time on this clock.
    fn at(&self, uptime: Duration) -> i64 {
        let elapsed = uptime.saturating_sub(self.uptime) / if self.is_slow { 2 } else { 1 };
        self.now.saturating_add(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A reading of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// The time.
    pub now: Timestamp,
    /// The step forward of the system's clock that was followed, in milliseconds.
    pub stepped_ms: Option<i64>,
    /// The difference to the system's clock in milliseconds, if it is too far ahead and a warning is due.
    pub ahead_ms: Option<i64>,
}

impl WallClock {
    /// The time for these readings of the system's clocks.
    pub(super) fn read(&mut self, system: Timestamp, uptime: Duration) -> Reading {
        let system = system.as_millis();
        let base = *self.base.get_or_insert(Base { now: system, uptime, is_slow: false });
        let expected = base.at(uptime);
        let step = system.saturating_sub(expected);
        let is_ahead = step > FOLLOWED_MAX_MS;
        let now = if is_ahead || step < -STEP_MS { expected } else { system.max(expected) };
        let is_slow = step < -STEP_MS;
        // Without a change of speed the base stays, because fractions of milliseconds would be lost.
        if now != expected || is_slow != base.is_slow {
            self.base = Some(Base { now, uptime, is_slow });
        }
        if !is_ahead {
            self.ahead = None;
            let stepped_ms = (step > STEP_MS).then_some(step);
            return Reading { now: Timestamp::from_millis(now), stepped_ms, ahead_ms: None };
        }
        let reminder = self.ahead.get_or_insert_with(|| Reminder::new(uptime, Duration::ZERO));
        let ahead_ms = reminder.is_due(uptime).map(|_lasted| step);
        Reading { now: Timestamp::from_millis(now), stepped_ms: None, ahead_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn read(clock: &mut WallClock, system: i64, uptime: i64) -> Reading {
        let uptime = Duration::from_millis(u64::try_from(uptime).unwrap());
        clock.read(Timestamp::from_millis(system), uptime)
    }

    fn now(clock: &mut WallClock, system: i64, uptime: i64) -> i64 {
        read(clock, system, uptime).now.as_millis()
    }

    #[test]
    fn it_follows_a_clock_that_runs_and_a_small_step_forward() {
        let mut clock = WallClock::default();
        assert_eq!(now(&mut clock, 10_000, 0), 10_000);
        assert_eq!(now(&mut clock, 70_900, 60_500), 70_900, "it may drift a little");
        let stepped = read(&mut clock, 90_900, 60_500);
        assert_eq!((stepped.now.as_millis(), stepped.stepped_ms), (90_900, Some(20_000)));
        assert_eq!(read(&mut clock, 91_900, 61_500).stepped_ms, None, "from then on it runs");
        assert_eq!(now(&mut clock, 91_500, 61_500), 91_900, "it never goes back");
    }

    #[test]
    fn a_step_far_ahead_is_not_followed_and_is_named_until_it_is_undone() {
        let mut clock = WallClock::default();
        read(&mut clock, 0, 0);
        let said: Vec<_> =
            (1..=61).map(|second| read(&mut clock, 9_000 * HOUR + second * 1_000, second * 1_000)).collect();
        assert_eq!(said[60].now.as_millis(), 61_000);
        assert_eq!(said.iter().filter(|reading| reading.ahead_ms.is_some()).count(), 3, "every half minute");
        assert_eq!(said[0].ahead_ms, Some(9_000 * HOUR));
        assert_eq!(
            read(&mut clock, 62_000, 62_000),
            Reading { now: Timestamp::from_millis(62_000), stepped_ms: None, ahead_ms: None }
        );
    }

    #[test]
    fn a_step_back_is_made_good_at_half_speed() {
        let mut clock = WallClock::default();
        read(&mut clock, HOUR, 0);
        assert_eq!(now(&mut clock, 0, 0), HOUR);
        for millis in 1..=1_000 {
            assert_eq!(now(&mut clock, millis, millis), HOUR + millis / 2);
        }
        assert_eq!(now(&mut clock, HOUR, HOUR), HOUR + HOUR / 2);
        assert_eq!(now(&mut clock, 2 * HOUR, 2 * HOUR), 2 * HOUR, "it has caught up");
        assert_eq!(now(&mut clock, 3 * HOUR, 3 * HOUR), 3 * HOUR);
    }
}
