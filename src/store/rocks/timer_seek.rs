//! Where the live timers of each clock begin.
//!
//! Timers are deleted at the front of their range, where `RocksDB` keeps the tombstones until a compaction takes them
//! away. A scan that started at the front of the range would step over all of them each time; one that starts here does not.

use std::cell::RefCell;

use super::key;
use crate::store::TimerClock;

/// For each clock a key with no live timer before it.
#[derive(Debug)]
pub(super) struct Fronts {
    deadline: RefCell<Vec<u8>>,
    delay: RefCell<Vec<u8>>,
}

impl Fronts {
    /// Nothing is known: the whole ranges.
    pub(super) fn new() -> Self {
        let start = |clock| RefCell::new(key::clock_start(clock));
        Self { deadline: start(TimerClock::Deadline), delay: start(TimerClock::Delay) }
    }

    /// Where a scan starts.
    pub(super) fn get(&self, clock: TimerClock) -> Vec<u8> {
        self.of(clock).borrow().clone()
    }

    /// A scan has found nothing before `to`.
    pub(super) fn advance(&self, clock: TimerClock, to: &[u8]) {
        if self.of(clock).borrow().as_slice() < to {
            self.of(clock).replace(to.to_vec());
        }
    }

    /// A timer is about to be written at `to`.
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
