//! For how long the next record of a partition has waited to be processed.
//!
//! The lag in records says nothing of time, and the time of the last processed record nothing of a source that was silent for a day.
//! So the ends are remembered with the time at which they were first seen: the next record waits since an end first was beyond it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::model::TopicPartition;

/// The time between two remembered ends is at least this share of the time that the next record waits: so the waiting time is
/// exact to this share, and a week of a backlog takes a thousand ends.
const SHARE: u32 = 200;

/// The ends of owned partitions.
#[derive(Debug, Default)]
pub(super) struct Waiting(BTreeMap<TopicPartition, Ends>);

/// Ends, each with the time on the monotonic clock at which it was first seen, ascending.
#[derive(Debug, Default)]
struct Ends(VecDeque<(i64, Duration)>);

impl Waiting {
    /// Takes a measurement of all owned partitions, the committed offset and the end, at this time on the monotonic clock; the
    /// waiting time of each.
    pub(super) fn observe(&mut self, measured: &[(TopicPartition, i64, i64)], uptime: Duration) -> Vec<Duration> {
        let mut before = std::mem::take(&mut self.0);
        let mut waiting = Vec::with_capacity(measured.len());
        for (partition, committed, end) in measured {
            let mut ends = before.remove(partition).unwrap_or_default();
            waiting.push(ends.observe(*committed, *end, uptime));
            self.0.insert(partition.clone(), ends);
        }
        waiting
    }
}

impl Ends {
    fn observe(&mut self, committed: i64, end: i64, uptime: Duration) -> Duration {
        while self.0.front().is_some_and(|(known, _)| *known <= committed) {
            self.0.pop_front();
        }
        let gap = self.0.front().map_or(Duration::ZERO, |(_, seen)| uptime.saturating_sub(*seen)) / SHARE;
        let is_new = |(known, seen): &(i64, Duration)| *known < end && uptime.saturating_sub(*seen) >= gap;
        if end > committed && self.0.back().is_none_or(is_new) {
            self.0.push_back((end, uptime));
        }
        self.0.front().map_or(Duration::ZERO, |(_, seen)| uptime.saturating_sub(*seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_next_record_waits_since_an_end_was_first_beyond_it() {
        let mut ends = Ends::default();
        assert_eq!(ends.observe(10, 10, s(0)), s(0), "nothing waits");
        assert_eq!(ends.observe(10, 11, s(86_400)), s(0), "a day of silence is no waiting");
        assert_eq!(ends.observe(10, 20, s(86_410)), s(10));
        assert_eq!(ends.observe(11, 20, s(86_420)), s(10), "the next one came later");
        assert_eq!(ends.observe(20, 20, s(86_430)), s(0));
    }

    #[test]
    fn a_long_backlog_takes_little_memory() {
        let mut ends = Ends::default();
        for second in 0..100_000 {
            assert_eq!(ends.observe(0, 1 + second, s(second.unsigned_abs())), s(second.unsigned_abs()));
        }
        assert!(ends.0.len() < 2_000, "{}", ends.0.len());
        let waits = ends.observe(50_000, 100_000, s(100_000)).as_secs();
        assert!((49_500..=50_000).contains(&waits), "{waits}: of the first end that is known beyond 50,000");
    }

    #[test]
    fn a_partition_that_was_given_up_begins_anew() {
        let partition = |number| TopicPartition::new(&crate::model::Topic::new("t"), number);
        let mut waiting = Waiting::default();
        waiting.observe(&[(partition(0), 0, 5), (partition(1), 0, 5)], s(0));
        assert_eq!(waiting.observe(&[(partition(0), 0, 5)], s(10)), [s(10)]);
        assert_eq!(waiting.observe(&[(partition(0), 0, 5), (partition(1), 0, 5)], s(20)), [s(20), s(0)]);
    }
}
