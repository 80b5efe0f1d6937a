//! A clock that stands still until it is moved.

use std::sync::Mutex;
use std::time::Duration;

use crate::model::{Clock, Timestamp};

/// A clock by hand: the wall clock begins where it is told, the monotonic one at zero, and both move together.
#[derive(Debug)]
pub struct ManualClock {
    start: Timestamp,
    passed: Mutex<Duration>,
}

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self { start, passed: Mutex::new(Duration::ZERO) }
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        let mut passed = self.passed();
        *passed = passed.saturating_add(by);
    }

    fn passed(&self) -> std::sync::MutexGuard<'_, Duration> {
        self.passed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.start.saturating_add(*self.passed())
    }

    fn uptime(&self) -> Duration {
        *self.passed()
    }
}
