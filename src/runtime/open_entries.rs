//! The number of a task's entries, and the oldest that is open: for gauges, and for the details of health.

use crate::model::Timestamp;
use crate::processor::AnyProcessor;
use crate::store::counts::Counts;

/// The entries of one task, or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenEntries {
    /// The number of all entries.
    pub entries: u64,
    /// The number of those that have not ended.
    pub open: u64,
    /// The begin of the oldest of them, to the minute.
    pub oldest: Option<Timestamp>,
    /// The due time of the next deadline.
    pub next_deadline: Option<Timestamp>,
}

impl OpenEntries {
    /// The entries of a task of this processor.
    pub(super) fn of(counts: &Counts, processor: &dyn AnyProcessor, next_deadline: Option<Timestamp>) -> Self {
        let mut entries = Self { entries: counts.total(), next_deadline, ..Self::default() };
        for (bucket, number) in counts.iter() {
            let since = bucket.status.and_then(|status| processor.open_since(status, bucket.at()));
            if let Some(since) = since {
                entries.open += u64::try_from(number).unwrap_or_default();
                entries.oldest = earlier(entries.oldest, Some(since));
            }
        }
        entries
    }

    /// These entries and those of another task.
    #[must_use]
    pub(super) fn and(self, other: Self) -> Self {
        Self {
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
