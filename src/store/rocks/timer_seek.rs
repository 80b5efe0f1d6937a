//! The start of the live timers of each clock.
//!
//! Timers are deleted at the start of their range, where `RocksDB` keeps the tombstones until a compaction. A scan from
//! the start of the range would skip all of them each time; a scan from here does not.

use std::cell::RefCell;

use super::key;
use crate::store::TimerClock;

/// For each clock a lower bound of the live timers.
#[derive(Debug)]
pub(super) struct TimerStarts {
    deadline: RefCell<Vec<u8>>,
    delay: RefCell<Vec<u8>>,
}

impl TimerStarts {
    /// The starts of the whole ranges.
    pub(super) fn new() -> Self {
        let start = |clock| RefCell::new(key::clock_start(clock));
        Self { deadline: start(TimerClock::Deadline), delay: start(TimerClock::Delay) }
    }

    /// The start of a scan.
    pub(super) fn get(&self, clock: TimerClock) -> Vec<u8> {
        self.of(clock).borrow().clone()
    }

    /// Notes that a scan has found nothing before `to`.
    pub(super) fn advance(&self, clock: TimerClock, to: &[u8]) {
        if self.of(clock).borrow().as_slice() < to {
            self.of(clock).replace(to.to_vec());
        }
    }

    /// Notes that a timer is about to be written at `to`.
    pub(super) fn retreat(&self, clock: TimerClock, to: &[u8]) {
        if self.of(clock).borrow().as_slice() > to {
            self.of(clock).replace(to.to_vec());
        }
    }

    const fn of(&self, clock: TimerClock) -> &RefCell<Vec<u8>> {
        match clock {
            TimerClock::Deadline => &self.deadline,
            TimerClock::Delay => &self.delay,
        }
    }
}
