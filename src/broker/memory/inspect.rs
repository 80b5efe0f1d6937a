//! Inspection of a cluster by an oracle, without a client: records, offsets, owners and open transactions.

use std::collections::BTreeMap;

use super::MemoryBroker;
use super::log::Window;
use crate::broker::Isolation;
use crate::model::{Record, Topic, TopicPartition};

impl MemoryBroker {
    /// The committed records of a topic, by partition and offset; empty if the topic does not exist.
    pub fn committed_records(&self, topic: &Topic) -> Vec<Record> {
        self.records(topic, Isolation::ReadCommitted)
    }

    /// All records of a topic, also those of open and aborted transactions, by partition and offset.
    pub fn all_records(&self, topic: &Topic) -> Vec<Record> {
        self.records(topic, Isolation::ReadUncommitted)
    }

    /// The committed offset of a group, regardless of open transactions.
    pub fn committed_offset(&self, group: &str, partition: &TopicPartition) -> Option<i64> {
        self.client.inspect(|cluster| cluster.offsets(group)?.committed(partition))
    }

    /// The generation of a group; `None` if it never had a member.
    pub fn generation(&self, group: &str) -> Option<i32> {
        self.client.inspect(|cluster| cluster.group(group).map(super::group::Group::generation))
    }

    /// The owners of a group's partitions: the number of the member, in the order of joining.
    pub fn owners(&self, group: &str) -> BTreeMap<TopicPartition, u64> {
        self.client.inspect(|cluster| cluster.group(group).map(super::group::Group::owners).unwrap_or_default())
    }

    /// The number of transactions that are open or without markers.
    pub fn open_transactions(&self) -> usize {
        self.client.inspect(|cluster| cluster.transactions.open_count())
    }

    fn records(&self, topic: &Topic, isolation: Isolation) -> Vec<Record> {
        let window = Window { isolation, max: usize::MAX, arrived: std::time::Duration::MAX };
        self.client.inspect(|cluster| {
            let mut out = Vec::new();
            let logs = cluster.catalog.get(topic).map(|entry| entry.logs.iter());
            for (number, log) in (0..).zip(logs.into_iter().flatten()) {
                // The start of the log is always in range.
                log.read(&TopicPartition::new(topic, number), log.start(), window, &mut out);
            }
            out
        })
    }
}
