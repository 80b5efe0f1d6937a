//! For when a task's timers are armed, so that nobody looks for due ones in vain.

use crate::codec::Head;
use crate::model::Timestamp;
use crate::store::{Result, TimerClock, View};

/// Not later than the next timer of each clock; `None` when there is none.
#[derive(Debug)]
pub(super) struct NextTimers([Option<Timestamp>; 2]);

impl NextTimers {
    /// For what is committed.
    pub(super) fn of(committed: &dyn View) -> Result<Self> {
        let [deadline, delay] = TimerClock::ALL;
        Ok(Self([committed.next_due(deadline)?, committed.next_due(delay)?]))
    }

    /// Also for the timers of an entry.
    pub(super) fn arm_for(&mut self, head: &Head) {
        for timer in &head.timers {
            let armed = self.at(TimerClock::of(timer.kind));
            *armed = Some(armed.map_or(timer.due, |earlier| earlier.min(timer.due)));
        }
    }

    /// The earliest of both clocks.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.0.iter().flatten().min().copied()
    }

    /// That of one clock.
    pub(super) fn at(&mut self, clock: TimerClock) -> &mut Option<Timestamp> {
        let [deadline, delay] = &mut self.0;
        match clock {
            TimerClock::Deadline => deadline,
            TimerClock::Delay => delay,
        }
    }
}
