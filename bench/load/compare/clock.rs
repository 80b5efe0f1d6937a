//! The time of this machine, in which everything here is measured.
#![expect(clippy::disallowed_methods, reason = "a benchmark keeps to real time")]

use std::time::Duration;

use sheaf::model::Clock as _;
use sheaf::runtime::SystemClock;

/// Now, on the uptime clock.
pub(crate) fn now() -> Duration {
    SystemClock.uptime()
}

/// Waits.
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Seconds since then.
pub(crate) fn since(then: Duration) -> f64 {
    now().saturating_sub(then).as_secs_f64()
}
