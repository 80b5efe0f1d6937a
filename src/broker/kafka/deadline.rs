//! How much of a time-out is left, in the units of whoever asks.
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
    /// A time-out that begins now.
    pub(super) fn after(timeout: Duration) -> Self {
        Self { start: Instant::now(), timeout }
    }

    /// What is left; zero when it has passed.
    pub(super) fn left(&self) -> Duration {
        self.timeout.saturating_sub(self.start.elapsed())
    }

    /// True when nothing is left.
    pub(super) fn passed(&self) -> bool {
        self.left().is_zero()
    }

    /// What is left, in librdkafka's milliseconds, rounded up, so that no rest is waited for by spinning.
    pub(super) fn left_ms(&self) -> i32 {
        millis(self.left())
    }

    /// The same, but no more than `limit`.
    pub(super) fn slice_ms(&self, limit: Duration) -> i32 {
        millis(self.left().min(limit))
    }
}

/// Whole milliseconds, rounded up; as long as librdkafka can wait when that is too much.
pub(super) fn millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
}
