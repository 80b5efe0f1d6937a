//! The due times of a task's next timers, which save scanning for due ones.

use crate::codec::Head;
use crate::model::Timestamp;
use crate::store::{Result, TimerClock, View};

/// A lower bound of the due time of the next timer of each clock; `None` if there is none.
#[derive(Debug)]
pub(super) struct NextTimers([Option<Timestamp>; 2]);

impl NextTimers {
    /// For the committed timers.
    pub(super) fn committed(committed: &dyn View) -> Result<Self> {
        let [deadline, delay] = TimerClock::ALL;
        Ok(Self([committed.next_due(deadline)?, committed.next_due(delay)?]))
    }

    /// Adds the timers of an entry.
    pub(super) fn include(&mut self, head: &Head) {
        for timer in &head.timers {
            let armed = self.at(TimerClock::of(timer.kind));
            *armed = Some(armed.map_or(timer.due, |earlier| earlier.min(timer.due)));
        }
    }

    /// The one of a clock.
    pub(super) const fn of(&self, clock: TimerClock) -> Option<Timestamp> {
        let [deadline, delay] = self.0;
        match clock {
            TimerClock::Deadline => deadline,
            TimerClock::Delay => delay,
        }
    }

    /// The one of a clock, to be changed.
    pub(super) fn at(&mut self, clock: TimerClock) -> &mut Option<Timestamp> {
        let [deadline, delay] = &mut self.0;
        match clock {
            TimerClock::Deadline => deadline,
            TimerClock::Delay => delay,
        }
    }
}
