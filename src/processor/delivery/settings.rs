//! The times and limits of a delivery.

use std::time::Duration;

use crate::model::Target;
use crate::template::Template;

/// The longest that a `Retry-After` is obeyed; what asks for more is asked again then.
pub(super) const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// How a delivery is done. Every duration is on the wall clock of the task's owner.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whom its acts are for.
    pub target: Target,
    /// Renders the job definition.
    pub template: Template,
    /// The Control-M server.
    pub server: String,
    /// How many days Control-M keeps the jobs; handed to the template.
    pub retention_days: u32,
    /// How long after its commit an intent may still be sent. Usually 30 s.
    pub intent_valid_for: Duration,
    /// How long a request may take before the sink gives it up. Usually 60 s.
    pub request_timeout: Duration,
    /// How long a submitted folder may stay invisible to a look-up. Usually 30 s.
    pub visibility_lag: Duration,
    /// When to try again, and how often.
    pub retry: Backoff,
    /// How long after an intent a look-up that finds nothing is believed: less than a day, because Control-M's new day
    /// may remove a folder. Usually 20 h.
    pub lookup_horizon: Duration,
    /// How long a journal is kept after its end, to recognise duplicates. Usually 7 days.
    pub keep: Duration,
}

impl Settings {
    /// A delivery with the usual times: an intent is valid for 30 s, a request takes up to a minute, a submit is repeated after
    /// 5 s, 10 s, 20 s and so on up to 5 minutes, for about half a day, and a journal is kept for a week.
    pub fn new(target: Target, template: Template, server: &str, retention_days: u32) -> Self {
        Self {
            target,
            template,
            server: server.to_owned(),
            retention_days,
            intent_valid_for: Duration::from_secs(30),
            request_timeout: Duration::from_mins(1),
            visibility_lag: Duration::from_secs(30),
            retry: Backoff { first: Duration::from_secs(5), factor: 2, max: Duration::from_mins(5), attempts_max: 150 },
            lookup_horizon: Duration::from_hours(20),
            keep: Duration::from_hours(7 * 24),
        }
    }

    /// How long to wait when the answer to a submit was lost: it may run until its time-out, and then be invisible.
    pub(super) fn doubt_after_loss(&self) -> Duration {
        self.request_timeout.saturating_add(self.visibility_lag)
    }

    /// How long to wait when another owner may still begin the submit.
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
    /// By how much each wait is longer than the one before.
    pub factor: u32,
    /// The longest wait.
    pub max: Duration,
    /// How many submits are attempted in all; look-ups are limited by [`Settings::lookup_horizon`] instead.
    pub attempts_max: u32,
}

impl Backoff {
    /// How long to wait after `failures` failures in a row, from 1.
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
