//! A clock that stands still until it is moved.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::model::{Clock, Timestamp};

/// A clock by hand: the wall clock begins where it is told, the monotonic one at zero, and both move together, until
/// somebody sets the wall clock.
#[derive(Debug)]
pub struct ManualClock {
    start: Timestamp,
    passed: Mutex<Duration>,
    /// By how much the wall clock was set, in milliseconds.
    set_by: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self { start, passed: Mutex::new(Duration::ZERO), set_by: AtomicI64::new(0) }
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        let mut passed = self.passed();
        *passed = passed.saturating_add(by);
    }

    /// Sets the wall clock forward or back by so many milliseconds; the monotonic one does not notice.
    pub fn set_by(&self, millis: i64) {
        self.set_by.fetch_add(millis, Ordering::AcqRel);
    }

    fn passed(&self) -> std::sync::MutexGuard<'_, Duration> {
        self.passed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let shown = self.start.saturating_add(*self.passed());
        Timestamp::from_millis(shown.as_millis().saturating_add(self.set_by.load(Ordering::Acquire)))
    }

    fn uptime(&self) -> Duration {
        *self.passed()
    }
}
