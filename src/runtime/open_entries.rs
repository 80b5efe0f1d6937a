//! The number of a task's entries, and the oldest that is open: for gauges, and for the details of health.

use std::collections::BTreeMap;

use crate::model::{Status, Timestamp};
use crate::processor::AnyProcessor;
use crate::store::counts::Counts;

/// The entries of one task, or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenEntries {
    /// The number of all entries.
    pub entries: u64,
    /// The number of those that have not ended.
    pub open: u64,
    /// The begin of the oldest of them, to the minute.
    pub oldest: Option<Timestamp>,
    /// The due time of the next deadline.
    pub next_deadline: Option<Timestamp>,
    /// The number of entries by status, for a gauge; of a further status, that of its kind, the part of its name before the first `/`.
    pub by_status: BTreeMap<String, u64>,
}

impl OpenEntries {
    /// The entries of a task of this processor.
    pub(super) fn of(counts: &Counts, processor: &dyn AnyProcessor, next_deadline: Option<Timestamp>) -> Self {
        let mut entries = Self { entries: counts.total(), next_deadline, ..Self::default() };
        let mut by_status: BTreeMap<Status, u64> = BTreeMap::new();
        for (bucket, number) in counts.iter() {
            if let Some(status) = bucket.status {
                *by_status.entry(status).or_default() += u64::try_from(number).unwrap_or_default();
            }
            let since = bucket.status.and_then(|status| processor.open_since(status, bucket.at()));
            if let Some(since) = since {
                entries.open += u64::try_from(number).unwrap_or_default();
                entries.oldest = earlier(entries.oldest, Some(since));
            }
        }
        for (status, number) in by_status {
            let name = processor.status_name(status);
            // Of the others there are as many as there are steps of definitions.
            let kind = name.split('/').next().filter(|_| status.is_further()).unwrap_or(&name);
            *entries.by_status.entry(kind.to_owned()).or_default() += number;
        }
        entries
    }

    /// These entries and those of another task.
    #[must_use]
    pub(super) fn and(mut self, other: &Self) -> Self {
        for (status, number) in &other.by_status {
            *self.by_status.entry(status.clone()).or_default() += number;
        }
        Self {
            by_status: self.by_status,
            entries: self.entries + other.entries,
            open: self.open + other.open,
            oldest: earlier(self.oldest, other.oldest),
            next_deadline: earlier(self.next_deadline, other.next_deadline),
        }
    }
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}
