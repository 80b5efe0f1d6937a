//! The times and limits of a delivery.

use std::time::Duration;

use crate::model::Target;

/// The longest wait asked for by a target that is obeyed.
pub(super) const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// The times and limits of a delivery. Every duration is on the wall clock of the task's owner.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The target of its calls.
    pub target: Target,
    /// The time after the commit of an intent in which its call may be begun.
    pub intent_valid_for: Duration,
    /// The time-out of one call.
    pub request_timeout: Duration,
    /// The longest time from the execution of a submit until a look-up finds it.
    pub visibility_lag: Duration,
    /// The waits between attempts, and their number.
    pub retry: Backoff,
    /// The time after an intent in which an empty look-up proves that the submit was not executed; later the target may have
    /// removed what it had.
    pub lookup_horizon: Duration,
    /// The time that a journal is kept after its end, to recognise duplicates.
    pub keep: Duration,
}

impl Settings {
    /// The wait before a look-up when the answer to a submit was lost: it may run until its time-out, and then be invisible.
    pub(super) fn doubt_after_loss(&self) -> Duration {
        self.request_timeout.saturating_add(self.visibility_lag)
    }

    /// The wait before a look-up when another owner may still begin the submit.
    pub(super) fn doubt_after_hand_over(&self) -> Duration {
        self.intent_valid_for.saturating_add(self.doubt_after_loss())
    }
}

/// Exponential waiting: `first`, `first * factor`, ... up to `max`. There is no jitter, because a step draws no chance;
/// the sink's own rate limit spreads what comes due together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait.
    pub first: Duration,
    /// The ratio of each wait to the one before.
    pub factor: u32,
    /// The longest wait.
    pub max: Duration,
    /// The number of submits in all; look-ups are limited by [`Settings::lookup_horizon`] instead.
    pub attempts_max: u32,
}

impl Backoff {
    /// The wait after `failures` failures in a row, from 1.
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
