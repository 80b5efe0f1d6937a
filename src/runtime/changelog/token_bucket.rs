//! The rate limit of restores in records per second: an unlimited restore takes the whole disk bandwidth.

use std::time::Duration;

/// The wait when there are no tokens.
pub(super) const PAUSE: Duration = Duration::from_millis(20);
/// The time for which unused tokens accumulate.
const BURST: Duration = Duration::from_millis(200);

/// A token bucket; a token is a record.
#[derive(Debug)]
pub(super) struct TokenBucket {
    per_second: Option<u32>,
    left: usize,
    filled_at: Duration,
}

impl TokenBucket {
    /// A bucket that fills at this rate; `None` is unlimited.
    pub(super) fn new(per_second: Option<u32>, uptime: Duration) -> Self {
        Self { per_second, left: 0, filled_at: uptime }
    }

    /// The number of tokens.
    pub(super) fn available(&mut self, uptime: Duration) -> usize {
        let Some(per_second) = self.per_second else { return usize::MAX };
        let passed = uptime.saturating_sub(self.filled_at).min(BURST);
        let new = u128::from(per_second) * passed.as_micros() / 1_000_000;
        if new > 0 {
            let most = usize::try_from(u128::from(per_second) * BURST.as_micros() / 1_000_000).unwrap_or(usize::MAX);
            self.filled_at = uptime;
            self.left = self.left.saturating_add(usize::try_from(new).unwrap_or(usize::MAX)).min(most.max(1));
        }
        self.left
    }

    /// Takes tokens for replayed records.
    pub(super) fn take(&mut self, records: usize) {
        self.left = self.left.saturating_sub(records);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_replays_more_than_is_allowed() {
        let mut tokens = TokenBucket::new(Some(1_000), Duration::ZERO);
        let mut replayed = 0;
        for millis in 1..=10_000 {
            let allowed = tokens.available(Duration::from_millis(millis)).min(64);
            tokens.take(allowed);
            replayed += allowed;
        }
        assert_eq!(replayed, 10_000);
    }

    #[test]
    fn a_pause_is_not_made_up_for() {
        let mut tokens = TokenBucket::new(Some(1_000), Duration::ZERO);
        assert_eq!(tokens.available(Duration::from_mins(1)), 200);
        tokens.take(200);
        assert_eq!(tokens.available(Duration::from_mins(1)), 0);
    }

    #[test]
    fn without_a_limit_everything_is_allowed() {
        let mut tokens = TokenBucket::new(None, Duration::ZERO);
        tokens.take(usize::MAX);
        assert_eq!(tokens.available(Duration::ZERO), usize::MAX);
    }
}
