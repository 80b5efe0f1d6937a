//! A clock that only moves when it is advanced.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::model::{Clock, Timestamp};

/// A manual clock: the wall clock begins at a given time, the monotonic clock at zero. Both advance together; the wall
/// clock can also be set.
#[derive(Debug)]
pub struct ManualClock {
    start: Timestamp,
    elapsed: Mutex<Duration>,
    /// The sum of all changes by [`ManualClock::set_by`], in milliseconds.
    offset_ms: AtomicI64,
}

impl ManualClock {
    /// A clock whose wall clock is at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self { start, elapsed: Mutex::new(Duration::ZERO), offset_ms: AtomicI64::new(0) }
    }

    /// Advances both clocks.
    pub fn advance(&self, by: Duration) {
        let mut elapsed = self.elapsed();
        *elapsed = elapsed.saturating_add(by);
    }

    /// Sets the wall clock forward or back by `millis` milliseconds; the monotonic clock is unchanged.
    pub fn set_by(&self, millis: i64) {
        self.offset_ms.fetch_add(millis, Ordering::AcqRel);
    }

    fn elapsed(&self) -> std::sync::MutexGuard<'_, Duration> {
        self.elapsed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let unset = self.start.saturating_add(*self.elapsed());
        Timestamp::from_millis(unset.as_millis().saturating_add(self.offset_ms.load(Ordering::Acquire)))
    }

    fn uptime(&self) -> Duration {
        *self.elapsed()
    }
}
