//! What an oracle may see of a cluster: its records, offsets, owners and open transactions, without a client.

use std::collections::BTreeMap;

use super::MemoryBroker;
use super::log::Window;
use crate::broker::Isolation;
use crate::model::{Record, Topic, TopicPartition};

impl MemoryBroker {
    /// The committed records of a topic, by partition and offset; none when there is no such topic.
    pub fn committed_records(&self, topic: &Topic) -> Vec<Record> {
        self.records(topic, Isolation::ReadCommitted)
    }

    /// All records of a topic that are there, also those of open and aborted transactions, by partition and offset.
    pub fn all_records(&self, topic: &Topic) -> Vec<Record> {
        self.records(topic, Isolation::ReadUncommitted)
    }

    /// The offset that a group has committed, whatever transactions are open.
    pub fn committed_offset(&self, group: &str, partition: &TopicPartition) -> Option<i64> {
        self.client.look(|cluster| cluster.offsets(group)?.committed(partition))
    }

    /// The generation of a group; `None` when nobody ever joined it.
    pub fn generation(&self, group: &str) -> Option<i32> {
        self.client.look(|cluster| cluster.group(group).map(super::group::Group::generation))
    }

    /// Who holds the partitions of a group: the number of the member, in the order of joining.
    pub fn owners(&self, group: &str) -> BTreeMap<TopicPartition, u64> {
        self.client.look(|cluster| cluster.group(group).map(super::group::Group::owners).unwrap_or_default())
    }

    /// How many transactions are open or wait for their markers.
    pub fn open_transactions(&self) -> usize {
        self.client.look(|cluster| cluster.transactions.open_count())
    }

    fn records(&self, topic: &Topic, isolation: Isolation) -> Vec<Record> {
        let window = Window { isolation, max: usize::MAX, arrived: std::time::Duration::MAX };
        self.client.look(|cluster| {
            let mut out = Vec::new();
            let logs = cluster.catalog.get(topic).map(|entry| entry.logs.iter());
            for (number, log) in (0..).zip(logs.into_iter().flatten()) {
                // Reading from the log's own start is always in range.
                log.read(&TopicPartition::new(topic, number), log.start(), window, &mut out);
            }
            out
        })
    }
}
