//! The clock of the benchmark.
#![expect(clippy::disallowed_methods, reason = "a benchmark keeps to real time")]

use std::time::Duration;

use sheaf::model::Clock as _;
use sheaf::runtime::SystemClock;

/// The uptime clock.
pub(crate) fn now() -> Duration {
    SystemClock.uptime()
}

/// Sleeps.
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Seconds since a time of the uptime clock.
pub(crate) fn since(then: Duration) -> f64 {
    now().saturating_sub(then).as_secs_f64()
}
