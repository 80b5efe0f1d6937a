//! The waits between the attempts of a call.

use std::time::Duration;

use crate::model::Key;

/// The upper limit of a wait requested by a target.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);
/// The shortest wait between two calls, whatever the target requests.
const WAIT_MIN: Duration = Duration::from_secs(1);

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

    /// The wait before call `call` of `key`, after `failures` consecutive failures: the one requested by the target, or the
    /// back-off. At least a second, and longer by a jitter that depends on the key and the call only, as a step has no random
    /// source.
    pub fn wait(&self, key: &Key, call: u32, failures: u32, requested: Option<Duration>) -> Duration {
        let wait = requested.map_or_else(|| self.after(failures), |requested| requested.min(RETRY_AFTER_MAX));
        let wait = wait.max(WAIT_MIN);
        let jitter_max = wait.as_millis().saturating_mul(u128::from(self.jitter_percent)) / 100;
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
        let (first, max) = (Duration::from_secs(10), Duration::from_mins(5));
        let backoff = Backoff { first, factor: 3, max, jitter_percent: 25 };
        let second = Duration::from_secs(1);
        let waits: std::collections::BTreeSet<Duration> =
            (0..1_000).map(|n| backoff.wait(&Key::new(&format!("p{n}")), 1, 1, Some(Duration::ZERO))).collect();
        assert!(waits.iter().all(|wait| (second..second * 5 / 4).contains(wait)), "{waits:?}");
        assert!(waits.len() > 200, "1,000 keys are spread over 250 ms: {}", waits.len());
        let calls: std::collections::BTreeSet<Duration> =
            (0..100).map(|call| backoff.wait(&Key::new("p1"), call, 1, Some(second))).collect();
        assert!(calls.len() > 50, "a key's calls are spread, too: {}", calls.len());
        let hour = backoff.wait(&Key::new("p1"), 1, 1, Some(Duration::MAX));
        assert!((3_600..4_500).contains(&hour.as_secs()), "{hour:?}");
    }
}
