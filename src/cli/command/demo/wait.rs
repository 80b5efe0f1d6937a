//! Waits in real time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::model::Clock as _;
use crate::runtime::SystemClock;

/// The longest wait of the simulated clock for acts in flight.
const ACTS_TIMEOUT: Duration = Duration::from_secs(20);

/// Waits until no act is in flight.
pub(super) fn wait_for_acts(in_flight: &AtomicUsize) {
    let started = SystemClock.uptime();
    while in_flight.load(Ordering::Acquire) > 0 && SystemClock.uptime().saturating_sub(started) < ACTS_TIMEOUT {
        pause(Duration::from_micros(500));
    }
}

#[expect(clippy::disallowed_methods, reason = "the demo pauses before each line, so that people can read it")]
pub(super) fn pause(time: Duration) {
    std::thread::sleep(time);
}
