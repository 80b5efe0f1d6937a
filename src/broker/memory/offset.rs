//! The committed offsets of a group, and the pending ones of open transactions.
//!
//! Kafka stores both in `__consumer_offsets`. If two transactions have pending offsets of one partition, the later
//! *request* (`TxnOffsetCommit`) wins, whichever transaction commits last (measured: facts, section 7).

use std::collections::BTreeMap;

use super::log::{ProducerId, Verdict};
use crate::broker::{Error, Result};
use crate::model::{Topic, TopicPartition};

/// The offsets of one group.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    committed: BTreeMap<TopicPartition, PendingOffset>,
    pending: BTreeMap<ProducerId, BTreeMap<TopicPartition, PendingOffset>>,
    requests: u64,
}

#[derive(Clone, Copy, Debug)]
struct PendingOffset {
    offset: i64,
    /// Its number in the order of requests.
    sequence: u64,
}

impl Offsets {
    /// Adds pending offsets to a producer's open transaction.
    pub(super) fn add_pending(&mut self, producer: ProducerId, offsets: &[(TopicPartition, i64)]) {
        let pending = self.pending.entry(producer).or_default();
        for (partition, offset) in offsets {
            self.requests += 1;
            pending.insert(partition.clone(), PendingOffset { offset: *offset, sequence: self.requests });
        }
    }

    /// Commits offsets without a transaction.
    pub(super) fn commit(&mut self, offsets: &[(TopicPartition, i64)]) {
        for (partition, offset) in offsets {
            self.requests += 1;
            self.committed.insert(partition.clone(), PendingOffset { offset: *offset, sequence: self.requests });
        }
    }

    /// Ends a producer's transaction.
    pub(super) fn end(&mut self, producer: ProducerId, verdict: Verdict) {
        let pending = self.pending.remove(&producer).unwrap_or_default();
        if verdict == Verdict::Abort {
            return;
        }
        for (partition, request) in pending {
            let known = self.committed.entry(partition).or_insert(request);
            if request.sequence > known.sequence {
                *known = request;
            }
        }
    }

    /// The committed offset, regardless of open transactions.
    pub(super) fn committed(&self, partition: &TopicPartition) -> Option<i64> {
        self.committed.get(partition).map(|request| request.offset)
    }

    /// The committed offsets; [`Error::Unstable`] while one of them is pending.
    pub(super) fn stable(&self, partitions: &[TopicPartition]) -> Result<Vec<Option<i64>>> {
        let open = |partition: &TopicPartition| self.pending.values().any(|requests| requests.contains_key(partition));
        if partitions.iter().any(open) {
            return Err(Error::Unstable);
        }
        Ok(partitions.iter().map(|partition| self.committed(partition)).collect())
    }

    /// Deletes all offsets, as Kafka does for a group that was empty for long.
    pub(super) fn expire(&mut self) {
        self.committed.clear();
    }

    /// Deletes the offsets of a deleted topic.
    pub(super) fn forget(&mut self, topic: &Topic) {
        self.committed.retain(|partition, _| partition.topic != *topic);
        for requests in self.pending.values_mut() {
            requests.retain(|partition, _| partition.topic != *topic);
        }
    }
}
