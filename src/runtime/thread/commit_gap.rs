//! The gap between two transactions, which follows the time that they take.
//!
//! A transaction costs the brokers some fifteen requests and records, whatever is in it. At a low rate a transaction that follows
//! right after the last one is nearly empty, and the brokers work as much as at the full rate. The slower they are, the longer is the
//! gap, so that transactions take about a seventh of the time. A transaction whose acts fill the sink gathers no more of them however long it
//! waits, while the sink's slots fall free: its gap is the shortest one.

use std::time::Duration;

/// The shortest gap. A transaction that begins right after the end of another finds its markers still being written, and librdkafka
/// then sleeps for 20 ms.
const GAP_MIN: Duration = Duration::from_millis(6);
/// The gap as a multiple of the time of a transaction.
const RATIO: u32 = 6;
/// The weight of all earlier transactions in their average, beside one of the latest.
const EARLIER: u32 = 7;

/// The end of the last transaction, and the time that transactions take.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommitGap {
    /// On the monotonic clock.
    ended: Duration,
    /// The moving average of the time from the start to the end of a commit.
    took: Duration,
}

impl CommitGap {
    /// Before the first transaction.
    pub(super) const fn new(uptime: Duration) -> Self {
        Self { ended: uptime, took: Duration::ZERO }
    }

    /// Notes a transaction with the start and the end of its commit.
    pub(super) fn committed(&mut self, started: Duration, ended: Duration) {
        self.took = (self.took * EARLIER + ended.saturating_sub(started)) / (EARLIER + 1);
        self.ended = ended;
    }

    /// The time since the last transaction.
    pub(super) const fn since(&self, uptime: Duration) -> Duration {
        uptime.saturating_sub(self.ended)
    }

    /// The rest of the gap before a transaction; zero if it may be committed. `fills_sink`: its acts leave no capacity in the sink.
    pub(super) fn left(&self, uptime: Duration, gap_max: Duration, fills_sink: bool) -> Duration {
        let gap = if fills_sink { GAP_MIN } else { (self.took * RATIO).max(GAP_MIN) };
        gap.min(gap_max).saturating_sub(self.since(uptime))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_gap_follows_the_time_of_transactions_within_its_limits() {
        let mut gap = CommitGap::new(ms(0));
        assert_eq!(gap.left(ms(0), ms(25), false), GAP_MIN);
        for number in 1..=60 {
            gap.committed(ms(number * 100), ms(number * 100 + 5));
        }
        let (ended, left) = (ms(6_005), |gap: &CommitGap, at| gap.left(at, ms(40), false).as_millis());
        assert_eq!([left(&gap, ended), left(&gap, ended + ms(10)), left(&gap, ended + ms(15))], [29, 19, 14]);
        assert_eq!(gap.left(ended, ms(2), false), ms(2), "the setting counts");
        assert_eq!(gap.left(ended, ms(40), true), GAP_MIN, "there is nothing to wait for");
        gap.committed(ms(7_000), ms(8_000));
        assert_eq!(left(&gap, ms(8_000)), 40);
    }
}
