//! The durations and limits of a delivery.

use std::time::Duration;

use crate::model::Target;

/// The upper limit of a wait requested by a target.
pub(super) const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// The durations and limits of a delivery. All durations are on the wall clock of the instance.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The target of the calls.
    pub target: Target,
    /// The time after the commit of an intent within which its call may start.
    pub intent_valid_for: Duration,
    /// The time-out of one call.
    pub request_timeout: Duration,
    /// The longest time from the execution of a submit until a look-up finds it.
    pub visibility_lag: Duration,
    /// The waits between attempts, and their number.
    pub retry: Backoff,
    /// The time after an intent within which an empty look-up proves that the submit was not executed; later the target may
    /// have removed it.
    pub lookup_horizon: Duration,
    /// The retention of a journal after its end, to recognize duplicates.
    pub keep: Duration,
}

impl Settings {
    /// The wait before a look-up after a lost answer: the request may run until its time-out, and then be invisible for a while.
    pub(super) fn doubt_after_loss(&self) -> Duration {
        self.request_timeout.saturating_add(self.visibility_lag)
    }

    /// The wait before a look-up after a rebalance: the previous owner may still start the submit.
    pub(super) fn doubt_after_rebalance(&self) -> Duration {
        self.intent_valid_for.saturating_add(self.doubt_after_loss())
    }
}

/// Exponential back-off: `first`, `first * factor`, ... up to `max`. There is no jitter, because a step has no random source;
/// the sink's rate limit spreads retries that are due at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait.
    pub first: Duration,
    /// The ratio of consecutive waits.
    pub factor: u32,
    /// The longest wait.
    pub max: Duration,
    /// The most submits; look-ups are limited by [`Settings::lookup_horizon`] instead.
    pub attempts_max: u32,
}

impl Backoff {
    /// The wait after `failures` consecutive failures, from 1.
    pub fn after(&self, failures: u32) -> Duration {
        let factor = self.factor.saturating_pow(failures.saturating_sub(1));
        self.first.saturating_mul(factor).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_their_limit() {
        let second = Duration::from_secs(1);
        let backoff = Backoff { first: second, factor: 3, max: 20 * second, attempts_max: 5 };
        let waits: Vec<u64> = [0, 1, 2, 3, 4, 5, u32::MAX].map(|failures| backoff.after(failures).as_secs()).into();
        assert_eq!(waits, [1, 1, 3, 9, 20, 20, 20]);
    }
}
