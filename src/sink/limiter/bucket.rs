//! A token bucket: how many calls a target may get in a time. It is the generic cell rate algorithm (ITU-T I.371), so its state
//! is one time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A rate of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The number of calls, from 1.
    pub calls: u32,
    /// The time in which they may be made, not 0.
    pub per: Duration,
    /// The number of calls that may be made at once after a pause, from 1.
    pub burst: u32,
}

/// A token bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    /// The time between two calls at the rate.
    interval: Duration,
    burst: u32,
    /// The uptime at which the bucket is full.
    full_at: Mutex<Duration>,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(rate: Rate) -> Self {
        let interval = rate.per.checked_div(rate.calls).unwrap_or(rate.per).max(Duration::from_nanos(1));
        Self { interval, burst: rate.burst.max(1), full_at: Mutex::new(Duration::ZERO) }
    }

    /// The number of tokens at this uptime.
    pub(super) fn tokens(&self, uptime: Duration) -> usize {
        // A poisoned lock is usable: the time is replaced as a whole.
        let full_at = *self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.interval.saturating_mul(self.burst).saturating_sub(full_at.saturating_sub(uptime));
        usize::try_from(room.as_nanos() / self.interval.as_nanos().max(1)).unwrap_or(usize::MAX)
    }

    /// Takes a token; false if there is none.
    pub(super) fn take(&self, uptime: Duration) -> bool {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let later = (*full_at).max(uptime).saturating_add(self.interval);
        let has_token = later.saturating_sub(uptime) <= self.interval.saturating_mul(self.burst);
        if has_token {
            *full_at = later;
        }
        has_token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_at_the_rate_up_to_the_burst() {
        let bucket = Bucket::new(Rate { calls: 10, per: Duration::from_secs(1), burst: 3 });
        let at = Duration::from_millis;
        assert_eq!(bucket.tokens(at(0)), 3);
        assert_eq!([0; 4].map(|ms| bucket.take(at(ms))), [true, true, true, false]);
        assert_eq!([0, 99, 100, 250, 900].map(|ms| bucket.tokens(at(ms))), [0, 0, 1, 2, 3]);
        assert_eq!([900; 4].map(|ms| bucket.take(at(ms))), [true, true, true, false]);
        assert_eq!([900, 999, 1_000, 60_000].map(|ms| bucket.tokens(at(ms))), [0, 0, 1, 3]);
    }
}
