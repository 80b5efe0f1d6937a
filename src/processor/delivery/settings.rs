//! The durations and limits of a delivery.

use std::time::Duration;

use crate::model::{Key, Target};

/// The upper limit of a wait requested by a target.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);
/// The shortest wait between two calls of a delivery, whatever the target requests.
const WAIT_MIN: Duration = Duration::from_secs(1);

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
    /// The waits between attempts.
    pub retry: Backoff,
    /// The time from the first intent to submit until the delivery gives up: it fails if no submit was executed, and is unknown if
    /// one is in doubt. The time in which the target refuses everybody does not count.
    pub give_up_after: Duration,
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

    /// The wait before call `call` of `key`, after `failures` consecutive failures: the one requested by the target, or the
    /// back-off. At least [`WAIT_MIN`], and longer by a jitter that depends on the key and the call only, as a step has no random
    /// source.
    pub(super) fn wait(&self, key: &Key, call: u32, failures: u32, requested: Option<Duration>) -> Duration {
        let wait = requested.map_or_else(|| self.retry.after(failures), |requested| requested.min(RETRY_AFTER_MAX));
        let wait = wait.max(WAIT_MIN);
        let jitter_max = wait.as_millis().saturating_mul(u128::from(self.retry.jitter_percent)) / 100;
        let jitter = u128::from(hash(key, call)).checked_rem(jitter_max).unwrap_or_default();
        wait.saturating_add(Duration::from_millis(u64::try_from(jitter).unwrap_or_default()))
    }
}

/// FNV-1a of a key and a number, mixed: a key's neighbours and its next call have unrelated values.
fn hash(key: &Key, call: u32) -> u64 {
    let bytes = key.as_bytes().iter().copied().chain(call.to_be_bytes());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // The finalizer of MurmurHash3: FNV's low bits alone are too regular.
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

/// Exponential back-off: `first`, `first * factor`, ... up to `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait.
    pub first: Duration,
    /// The ratio of consecutive waits.
    pub factor: u32,
    /// The longest wait, without the jitter.
    pub max: Duration,
    /// A wait is longer by up to this part of it, in percent, so that the retries of one moment spread.
    pub jitter_percent: u32,
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
        let backoff = Backoff { first: second, factor: 3, max: 20 * second, jitter_percent: 0 };
        let waits: Vec<u64> = [0, 1, 2, 3, 4, 5, u32::MAX].map(|failures| backoff.after(failures).as_secs()).into();
        assert_eq!(waits, [1, 1, 3, 9, 20, 20, 20]);
    }

    #[test]
    fn a_wait_is_at_least_a_second_and_spreads_the_keys() {
        let settings = crate::processor::delivery::control_m::usual_settings();
        let second = Duration::from_secs(1);
        let waits: std::collections::BTreeSet<Duration> =
            (0..1_000).map(|n| settings.wait(&Key::new(&format!("p{n}")), 1, 1, Some(Duration::ZERO))).collect();
        assert!(waits.iter().all(|wait| (second..second * 5 / 4).contains(wait)), "{waits:?}");
        assert!(waits.len() > 200, "1,000 keys are spread over 250 ms: {}", waits.len());
        let calls: std::collections::BTreeSet<Duration> =
            (0..100).map(|call| settings.wait(&Key::new("p1"), call, 1, Some(second))).collect();
        assert!(calls.len() > 50, "a key's calls are spread, too: {}", calls.len());
        let hour = settings.wait(&Key::new("p1"), 1, 1, Some(Duration::MAX));
        assert!((3_600..4_500).contains(&hour.as_secs()), "{hour:?}");
    }
}
