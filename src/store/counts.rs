//! The number of entries by status and minute, kept exactly by every batch, so that a gauge needs no scan.

use std::collections::BTreeMap;

use crate::codec::Head;
use crate::model::{Status, Timestamp};

const MINUTE_MS: i64 = 60_000;

/// The entries with the same first status and the same minute of their sort key ([`Head::at`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket {
    /// The first status; `None` for an entry without one.
    pub status: Option<Status>,
    /// The minute since 1970.
    pub minute: i64,
}

impl Bucket {
    /// The bucket of an entry.
    pub fn of(head: &Head) -> Self {
        Self { status: head.statuses.as_slice().first().copied(), minute: head.at.as_millis().div_euclid(MINUTE_MS) }
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

    /// Adds the change of an entry from one version to another.
    pub fn change(&mut self, old: Option<&Head>, new: Option<&Head>) {
        let (old, new) = (old.map(Bucket::of), new.map(Bucket::of));
        if old == new {
            return;
        }
        if let Some(bucket) = old {
            self.add(bucket, -1);
        }
        if let Some(bucket) = new {
            self.add(bucket, 1);
        }
    }

    /// All buckets with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (Bucket, i64)> {
        self.0.iter().map(|(bucket, count)| (*bucket, *count))
    }

    /// The number of all entries.
    pub fn total(&self) -> u64 {
        u64::try_from(self.0.values().sum::<i64>()).unwrap_or_default()
    }
}
