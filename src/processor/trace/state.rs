//! The state of a trace: the records with its id.

use std::cmp::Ordering;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::model::{Record, Timestamp};

/// The most records of a trace that are kept.
pub const RECORDS_MAX: usize = 1_000;
/// The most bytes of a value that are kept.
pub const VALUE_BYTES_MAX: usize = 64 << 10;
/// The most bytes of all values of a trace that are kept.
pub const VALUES_BYTES_MAX: usize = 4 << 20;
/// The longest name that is kept, in characters.
const NAME_CHARS_MAX: usize = 200;
/// The end of the names of commands.
const COMMAND: &str = "Command";

/// The records with one trace id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The earliest time of a record.
    pub first_at: Timestamp,
    /// The latest one.
    pub last_at: Timestamp,
    /// The records that are kept, as they came.
    pub records: Vec<TracedRecord>,
    /// The records beyond [`RECORDS_MAX`], by partition.
    pub beyond: Vec<Beyond>,
}

/// A record of a trace.
///
/// This type with all that it contains is version 1 of a part of the stored form: bincode identifies fields by their order, so a change
/// needs a version 2 beside a frozen copy of this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedRecord {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Kafka's timestamp.
    pub at: Timestamp,
    /// What it is by its name.
    pub kind: Kind,
    /// The name of the message; empty if it has none.
    pub name: String,
    /// The length of its value in bytes; `None` for a record without one.
    pub bytes: Option<u64>,
    /// The first bytes of the value.
    pub value: Bytes,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// It asks for something: its name ends with `Command`.
    Command,
    /// It tells of something: any other one.
    Event,
}

/// Records that are counted and not kept. A part of version 1 of the stored form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beyond {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The largest offset among them.
    pub offset: i64,
    /// Their number.
    pub count: u64,
}

impl Kind {
    fn of(name: &str) -> Self {
        if name.ends_with(COMMAND) { Self::Command } else { Self::Event }
    }

    /// Its name: `Command`, `Event`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Command => COMMAND,
            Self::Event => "Event",
        }
    }
}

impl Trace {
    /// A trace whose first record has this time, without records yet.
    pub(super) const fn begin(at: Timestamp) -> Self {
        Self { first_at: at, last_at: at, records: Vec::new(), beyond: Vec::new() }
    }

    /// True if this record was added before.
    pub(super) fn has(&self, record: &Record) -> bool {
        let (topic, partition, offset) = (record.source.topic.as_str(), record.source.partition, record.offset);
        let is_same = |kept: &TracedRecord| (&*kept.topic, kept.partition, kept.offset) == (topic, partition, offset);
        let counted =
            |beyond: &Beyond| (&*beyond.topic, beyond.partition) == (topic, partition) && offset <= beyond.offset;
        self.records.iter().any(is_same) || self.beyond.iter().any(counted)
    }

    /// Adds a record with this name; `None` if it is counted only.
    pub(super) fn add(&mut self, record: &Record, name: &str) -> Option<&TracedRecord> {
        self.first_at = self.first_at.min(record.timestamp);
        self.last_at = self.last_at.max(record.timestamp);
        if self.records.len() >= RECORDS_MAX {
            self.count(record);
            return None;
        }
        let room = VALUES_BYTES_MAX.saturating_sub(self.records.iter().map(|kept| kept.value.len()).sum());
        let value = record.value.as_deref().unwrap_or_default();
        let begin = value.get(..VALUE_BYTES_MAX.min(room)).unwrap_or(value);
        self.records.push(TracedRecord {
            topic: record.source.topic.as_str().to_owned(),
            partition: record.source.partition,
            offset: record.offset,
            at: record.timestamp,
            kind: Kind::of(name),
            name: name.chars().take(NAME_CHARS_MAX).collect(),
            bytes: record.value.as_ref().map(|value| u64::try_from(value.len()).unwrap_or(u64::MAX)),
            // A copy, because the record's own bytes are of a larger buffer.
            value: Bytes::copy_from_slice(begin),
        });
        self.records.last()
    }

    fn count(&mut self, record: &Record) {
        let (topic, partition) = (record.source.topic.as_str(), record.source.partition);
        let same = self.beyond.iter_mut().find(|it| (&*it.topic, it.partition) == (topic, partition));
        if let Some(Beyond { offset, count, .. }) = same {
            (*offset, *count) = (record.offset.max(*offset), count.saturating_add(1));
            return;
        }
        self.beyond.push(Beyond { topic: topic.to_owned(), partition, offset: record.offset, count: 1 });
    }

    /// The records in the order in which they are told: by time, then topic, offset and partition.
    pub fn in_order(&self) -> Vec<&TracedRecord> {
        let mut records: Vec<&TracedRecord> = self.records.iter().collect();
        records.sort_by(|one, other| one.order(other));
        records
    }

    /// The number of records that are counted and not kept.
    pub fn beyond_limit(&self) -> u64 {
        self.beyond.iter().fold(0, |sum, beyond| sum.saturating_add(beyond.count))
    }
}

impl TracedRecord {
    fn order(&self, other: &Self) -> Ordering {
        let place = |record: &Self| (record.offset, record.partition);
        let by_time = self.at.cmp(&other.at).then_with(|| self.topic.cmp(&other.topic));
        by_time.then_with(|| place(self).cmp(&place(other)))
    }
}
