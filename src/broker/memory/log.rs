//! One partition: records and markers with their offsets, the last stable offset, compaction.
//!
//! The records of a transaction carry the producer id; its end is a marker with an offset of its own. A reader of
//! committed records sees records up to the last stable offset: the first record of the oldest open transaction. The
//! records of an aborted transaction are flagged when its marker is written, so a fetch reads only what it returns.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;

use crate::broker::Isolation;
use crate::model::{Headers, Key, OutRecord, Record, Timestamp, TopicPartition};

/// The id of a producer in its partitions; each transactional id has one.
pub(super) type ProducerId = u64;

/// The end of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Commit,
    Abort,
}

/// The log of one partition.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The first offset of the log.
    start: i64,
    /// The offset after the last record or marker: the high watermark.
    end: i64,
    entries: VecDeque<Entry>,
    /// The open transactions, with the offset of their first record here.
    open: BTreeMap<ProducerId, i64>,
}

#[derive(Debug)]
struct Entry {
    offset: i64,
    timestamp: Timestamp,
    /// The append time, in the cluster's uptime, for delayed fetches.
    arrived: Duration,
    /// The producer of the transaction; `None` for a record without one.
    producer: Option<ProducerId>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Marker,
    Data { key: Option<Bytes>, value: Option<Bytes>, headers: Headers, aborted: bool },
}

/// The limits of a fetch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) isolation: Isolation,
    pub(super) max: usize,
    /// The latest append time, in the cluster's uptime.
    pub(super) arrived: Duration,
}

impl Log {
    pub(super) const fn start(&self) -> i64 {
        self.start
    }

    pub(super) const fn end(&self) -> i64 {
        self.end
    }

    /// The end offset of a reader with this isolation level.
    pub(super) fn limit(&self, isolation: Isolation) -> i64 {
        match isolation {
            Isolation::ReadUncommitted => self.end,
            Isolation::ReadCommitted => {
                self.open.values().min().map_or(self.end, |first| (*first).clamp(self.start, self.end))
            }
        }
    }

    /// The offset of the first record or marker with this timestamp or a later one.
    pub(super) fn first_since(&self, at: Timestamp) -> Option<i64> {
        self.entries.iter().find(|entry| entry.timestamp >= at).map(|entry| entry.offset)
    }

    /// Appends a record, in an open transaction or without one; returns its offset.
    pub(super) fn append(
        &mut self,
        producer: Option<ProducerId>,
        record: &OutRecord,
        timestamp: Timestamp,
        arrived: Duration,
    ) -> i64 {
        let offset = self.end;
        if let Some(producer) = producer {
            self.open.entry(producer).or_insert(offset);
        }
        let (key, value, headers) = (record.key.as_ref().map(Key::bytes), record.value.clone(), record.headers.clone());
        let content = Content::Data { key, value, headers, aborted: false };
        self.entries.push_back(Entry { offset, timestamp, arrived, producer, content });
        self.end += 1;
        offset
    }

    /// Ends a producer's transaction: writes the marker and, for an abort, flags the records.
    ///
    /// Kafka writes a marker into every partition that was added to the transaction, whether or not a record followed.
    pub(super) fn mark(&mut self, producer: ProducerId, verdict: Verdict, timestamp: Timestamp, arrived: Duration) {
        if let Some(first) = self.open.remove(&producer)
            && verdict == Verdict::Abort
        {
            let from = self.index(first);
            for entry in self.entries.range_mut(from..).filter(|entry| entry.producer == Some(producer)) {
                if let Content::Data { aborted, .. } = &mut entry.content {
                    *aborted = true;
                }
            }
        }
        let producer = Some(producer);
        self.entries.push_back(Entry { offset: self.end, timestamp, arrived, producer, content: Content::Marker });
        self.end += 1;
    }

    /// Appends records from `position` on to `out`; returns the new position, after skipped markers, aborted records
    /// and gaps. `None`: the position is out of range.
    pub(super) fn read(
        &self,
        partition: &TopicPartition,
        position: i64,
        window: Window,
        out: &mut Vec<Record>,
    ) -> Option<i64> {
        if position < self.start || position > self.end {
            return None;
        }
        let limit = self.limit(window.isolation);
        let (mut next, mut taken) = (position, 0);
        for entry in self.entries.range(self.index(position)..) {
            if entry.offset >= limit || taken == window.max || entry.arrived > window.arrived {
                return Some(next);
            }
            if let Some(record) = entry.record(partition, window.isolation) {
                out.push(record);
                taken += 1;
            }
            next = entry.offset + 1;
        }
        // The read covers everything up to the limit; a compacted tail has no entry there.
        Some(next.max(limit))
    }

    /// Deletes all records before the offset; `false` if the offset is beyond the high watermark.
    pub(super) fn delete_before(&mut self, offset: i64) -> bool {
        if offset > self.end {
            return false;
        }
        self.start = self.start.max(offset);
        let gone = self.index(self.start);
        self.entries.drain(..gone);
        true
    }

    /// Compacts the log below the last stable offset, as Kafka's log cleaner does: keeps the last committed value of
    /// each key, at its offset. `purge` also drops tombstones and markers, as after `delete.retention.ms`.
    pub(super) fn compact(&mut self, purge: bool) {
        let limit = self.limit(Isolation::ReadCommitted);
        let mut seen = BTreeSet::new();
        let mut kept = VecDeque::with_capacity(self.entries.len());
        while let Some(entry) = self.entries.pop_back() {
            let keep = entry.offset >= limit
                || match &entry.content {
                    Content::Marker => !purge,
                    Content::Data { aborted: true, .. } => false,
                    Content::Data { key: None, .. } => true,
                    Content::Data { key: Some(key), value, .. } => {
                        seen.insert(key.clone()) && (value.is_some() || !purge)
                    }
                };
            if keep {
                kept.push_front(entry);
            }
        }
        self.entries = kept;
    }

    /// The index of the first entry at or after the offset.
    fn index(&self, offset: i64) -> usize {
        self.entries.partition_point(|entry| entry.offset < offset)
    }
}

impl Entry {
    fn record(&self, partition: &TopicPartition, isolation: Isolation) -> Option<Record> {
        let Content::Data { key, value, headers, aborted } = &self.content else { return None };
        if *aborted && isolation == Isolation::ReadCommitted {
            return None;
        }
        Some(Record {
            source: partition.clone(),
            offset: self.offset,
            timestamp: self.timestamp,
            key: key.clone(),
            value: value.clone(),
            headers: headers.clone(),
        })
    }
}
