//! A group's committed offsets, and those that open transactions are about to commit.
//!
//! Kafka keeps both in `__consumer_offsets`. When two transactions offer an offset for one partition, the later *offer*
//! (`TxnOffsetCommit`) wins, whichever transaction commits last (measured: facts, section 7).

use std::collections::BTreeMap;

use super::log::{ProducerId, Verdict};
use crate::broker::{Error, Result};
use crate::model::{Topic, TopicPartition};

/// The offsets of one group.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    committed: BTreeMap<TopicPartition, Offer>,
    pending: BTreeMap<ProducerId, BTreeMap<TopicPartition, Offer>>,
    offers: u64,
}

#[derive(Clone, Copy, Debug)]
struct Offer {
    offset: i64,
    /// Its place in the order of offers.
    sequence: u64,
}

impl Offsets {
    /// Makes offsets part of a producer's open transaction.
    pub(super) fn offer(&mut self, producer: ProducerId, offsets: &[(TopicPartition, i64)]) {
        let pending = self.pending.entry(producer).or_default();
        for (partition, offset) in offsets {
            self.offers += 1;
            pending.insert(partition.clone(), Offer { offset: *offset, sequence: self.offers });
        }
    }

    /// Commits offsets at once.
    pub(super) fn commit(&mut self, offsets: &[(TopicPartition, i64)]) {
        for (partition, offset) in offsets {
            self.offers += 1;
            self.committed.insert(partition.clone(), Offer { offset: *offset, sequence: self.offers });
        }
    }

    /// Ends a producer's transaction.
    pub(super) fn end(&mut self, producer: ProducerId, verdict: Verdict) {
        let offered = self.pending.remove(&producer).unwrap_or_default();
        if verdict == Verdict::Abort {
            return;
        }
        for (partition, offer) in offered {
            let known = self.committed.entry(partition).or_insert(offer);
            if offer.sequence > known.sequence {
                *known = offer;
            }
        }
    }

    /// The committed offset, whatever transactions are open.
    pub(super) fn committed(&self, partition: &TopicPartition) -> Option<i64> {
        self.committed.get(partition).map(|offer| offer.offset)
    }

    /// The committed offsets; [`Error::Unstable`] while one of them may still change.
    pub(super) fn stable(&self, partitions: &[TopicPartition]) -> Result<Vec<Option<i64>>> {
        let open = |partition: &TopicPartition| self.pending.values().any(|offers| offers.contains_key(partition));
        if partitions.iter().any(open) {
            return Err(Error::Unstable);
        }
        Ok(partitions.iter().map(|partition| self.committed(partition)).collect())
    }

    /// Forgets all of them, as Kafka does with those of a group that has been empty for long.
    pub(super) fn expire(&mut self) {
        self.committed.clear();
    }

    /// Forgets a topic that was deleted.
    pub(super) fn forget(&mut self, topic: &Topic) {
        self.committed.retain(|partition, _| partition.topic != *topic);
        for offers in self.pending.values_mut() {
            offers.retain(|partition, _| partition.topic != *topic);
        }
    }
}
