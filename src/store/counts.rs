//! The number of entries by status and minute, kept exactly by every batch, so that a gauge needs no scan.

use std::collections::BTreeMap;
use std::ops::{Bound, RangeInclusive};

use crate::codec::Head;
use crate::model::{Status, Timestamp};

const MINUTE_MS: i64 = 60_000;

/// The entries with the same first status, or the same further one, and the same minute of their sort key ([`Head::at`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket {
    /// The status; `None` for an entry without one.
    pub status: Option<Status>,
    /// The minute since 1970.
    pub minute: i64,
}

impl Bucket {
    /// The bucket of an entry.
    pub fn of(head: &Head) -> Self {
        Self { status: head.statuses.first(), minute: Self::minute_of(head.at) }
    }

    /// The buckets of its further statuses, by which it is listed and counted beside the first.
    pub fn further(head: &Head) -> impl Iterator<Item = Self> {
        let minute = Self::minute_of(head.at);
        let further = head.statuses.as_slice().iter().skip(1).filter(|status| status.is_further());
        further.map(move |status| Self { status: Some(*status), minute })
    }

    /// The minute of a sort key.
    pub const fn minute_of(at: Timestamp) -> i64 {
        at.as_millis().div_euclid(MINUTE_MS)
    }

    /// The begin of the minute.
    pub const fn at(self) -> Timestamp {
        Timestamp::from_millis(self.minute.saturating_mul(MINUTE_MS))
    }
}

/// Numbers of entries, or changes of them, by bucket; never 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<Bucket, i64>);

impl Counts {
    /// Adds to a bucket.
    pub fn add(&mut self, bucket: Bucket, number: i64) {
        let count = self.0.entry(bucket).or_default();
        *count += number;
        if *count == 0 {
            self.0.remove(&bucket);
        }
    }

    /// The number of a bucket.
    pub fn get(&self, bucket: Bucket) -> i64 {
        self.0.get(&bucket).copied().unwrap_or_default()
    }

    /// The statuses of entries, each once.
    pub fn statuses(&self) -> Vec<Status> {
        let first = Bucket { status: Some(Status(0)), minute: i64::MIN };
        let mut next = self.0.range(first..).next();
        let mut found = Vec::new();
        while let Some((Bucket { status: Some(status), .. }, _)) = next {
            found.push(*status);
            let last = Bucket { status: Some(*status), minute: i64::MAX };
            next = self.0.range((Bound::Excluded(last), Bound::Unbounded)).next();
        }
        found
    }

    /// The first minute of a range with entries of a status.
    pub fn first_minute(&self, status: Status, minutes: RangeInclusive<i64>) -> Option<i64> {
        if minutes.is_empty() {
            return None;
        }
        let bucket = |minute| Bucket { status: Some(status), minute };
        self.0.range(bucket(*minutes.start())..=bucket(*minutes.end())).next().map(|(bucket, _)| bucket.minute)
    }

    /// Adds changes.
    pub fn merge(&mut self, changes: &Self) {
        for (bucket, number) in changes.iter() {
            self.add(bucket, number);
        }
    }

    /// All buckets with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (Bucket, i64)> {
        self.0.iter().map(|(bucket, count)| (*bucket, *count))
    }

    /// The number of all entries.
    pub fn total(&self) -> u64 {
        let is_further = |bucket: &Bucket| bucket.status.is_some_and(Status::is_further);
        let counted = self.0.iter().filter(|(bucket, _)| !is_further(bucket));
        u64::try_from(counted.map(|(_, count)| count).sum::<i64>()).unwrap_or_default()
    }
}

/// Collects the changes of many entries; neighbours are often of one bucket, so that is looked up once for all of them.
#[derive(Debug, Default)]
pub struct CountChanges {
    sums: Counts,
    last: Option<(Bucket, i64)>,
}

impl CountChanges {
    /// Adds the change of an entry from one version to another.
    pub fn change(&mut self, old: Option<&Head>, new: Option<&Head>) {
        match (old, new) {
            (None, None) => {}
            (None, Some(new)) => self.add_all(new, 1),
            (Some(old), None) => self.add_all(old, -1),
            (Some(old), Some(new)) if old.at == new.at && old.statuses == new.statuses => {}
            (Some(old), Some(new)) => {
                self.add_all(old, -1);
                self.add_all(new, 1);
            }
        }
    }

    fn add_all(&mut self, head: &Head, number: i64) {
        self.add(Bucket::of(head), number);
        Bucket::further(head).for_each(|bucket| self.add(bucket, number));
    }

    fn add(&mut self, bucket: Bucket, number: i64) {
        match &mut self.last {
            Some((last, sum)) if *last == bucket => *sum += number,
            last => {
                if let Some((bucket, sum)) = last.replace((bucket, number)) {
                    self.sums.add(bucket, sum);
                }
            }
        }
    }

    /// The sums.
    pub fn into_counts(self) -> Counts {
        let Self { mut sums, last } = self;
        if let Some((bucket, sum)) = last {
            sums.add(bucket, sum);
        }
        sums
    }
}
