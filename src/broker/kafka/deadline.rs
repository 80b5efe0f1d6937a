//! The rest of a time-out.
#![allow(
    clippy::disallowed_methods,
    reason = "a time-out that librdkafka is given in slices needs a clock; nothing that is decided or stored depends on it"
)]

use std::time::{Duration, Instant};

/// The end of a time-out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    start: Instant,
    timeout: Duration,
}

impl Deadline {
    /// A time-out from now on.
    pub(super) fn after(timeout: Duration) -> Self {
        Self { start: Instant::now(), timeout }
    }

    /// The rest; zero after the end.
    pub(super) fn left(&self) -> Duration {
        self.timeout.saturating_sub(self.start.elapsed())
    }

    /// True after the end.
    pub(super) fn passed(&self) -> bool {
        self.left().is_zero()
    }

    /// The rest in librdkafka's milliseconds, rounded up, so that waiting for it does not spin.
    pub(super) fn left_ms(&self) -> i32 {
        millis(self.left())
    }

    /// The same, at most `limit`.
    pub(super) fn slice_ms(&self, limit: Duration) -> i32 {
        millis(self.left().min(limit))
    }
}

/// Whole milliseconds, rounded up, at most librdkafka's longest wait.
pub(super) fn millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
}
