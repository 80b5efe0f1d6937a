//! The limit of a transaction's inputs, which shrinks while transactions fail.
//!
//! A broker that is slow, or that throttles this client, may not finish a transaction of full size within the time-out. Gathered
//! again at the same size it would fail for ever, so each failure halves the limit, and it doubles after a number of commits.

/// The commits in a row after which the limit doubles.
const COMMITS: u32 = 16;
/// The most halvings.
const HALVINGS_MAX: u32 = 12;

/// The number of halvings of the limits of a transaction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BatchLimit {
    halvings: u32,
    /// The commits since the last change.
    commits: u32,
}

impl BatchLimit {
    /// The limit that is in force in place of `full`; at least 1.
    pub(super) const fn of(self, full: usize) -> usize {
        let limit = full >> self.halvings;
        if limit == 0 { 1 } else { limit }
    }

    /// Halves the limit after a failed transaction.
    pub(super) fn failed(&mut self) {
        *self = Self { halvings: (self.halvings + 1).min(HALVINGS_MAX), commits: 0 };
    }

    /// Notes a commit.
    pub(super) fn committed(&mut self) {
        if self.halvings == 0 {
            return;
        }
        self.commits += 1;
        if self.commits == COMMITS {
            *self = Self { halvings: self.halvings - 1, commits: 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_halves_the_limit_and_commits_restore_it() {
        let mut limit = BatchLimit::default();
        assert_eq!(limit.of(1_000), 1_000);
        (0..3).for_each(|_| limit.failed());
        assert_eq!((limit.of(1_000), limit.of(4)), (125, 1));
        (0..COMMITS).for_each(|_| limit.committed());
        assert_eq!(limit.of(1_000), 250);
        (0..2 * COMMITS).for_each(|_| limit.committed());
        assert_eq!(limit.of(1_000), 1_000);
        (0..100).for_each(|_| limit.failed());
        assert_eq!(limit.of(1_000), 1, "a transaction takes at least one input");
    }
}
