//! The administration of topics and groups.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use super::error::Result;
use crate::model::{Timestamp, Topic, TopicPartition};

/// The administration of topics.
pub trait Admin: Send {
    /// The descriptions of topics, `None` for one that does not exist.
    fn describe(&mut self, topics: &[Topic], timeout: Duration) -> Result<Vec<Option<TopicDescription>>>;

    /// All partitions of a topic; none if it does not exist.
    fn partitions(&mut self, topic: &Topic, timeout: Duration) -> Result<Vec<TopicPartition>> {
        let found = self.describe(std::slice::from_ref(topic), timeout)?;
        let count = found.into_iter().next().flatten().map_or(0, |found| found.partitions);
        Ok((0..count).map(|number| TopicPartition::new(topic, number)).collect())
    }

    /// Those of the topics that do not exist.
    fn missing(&mut self, topics: &[Topic], timeout: Duration) -> Result<Vec<Topic>> {
        let found = self.describe(topics, timeout)?;
        Ok(topics.iter().zip(found).filter(|(_, found)| found.is_none()).map(|(topic, _)| topic.clone()).collect())
    }

    /// The topic id, which tells apart topics that were created anew with the same name; `None` for a topic that does
    /// not exist, and with brokers without topic ids (before Kafka 2.8).
    fn topic_id(&mut self, topic: &Topic, timeout: Duration) -> Result<Option<Uuid>>;

    /// Creates topics; an existing one is not changed.
    fn create(&mut self, topics: &[NewTopic], timeout: Duration) -> Result<()>;

    /// Deletes topics; one that does not exist is skipped.
    fn delete(&mut self, topics: &[Topic], timeout: Duration) -> Result<()>;

    /// Raises a topic's partition count.
    fn add_partitions(&mut self, topic: &Topic, count: i32, timeout: Duration) -> Result<()>;

    /// Deletes all records before the offsets.
    fn delete_records(&mut self, before: &[(TopicPartition, i64)], timeout: Duration) -> Result<()>;

    /// Why the cluster has no coordinator for transactions or groups, with the broker's setting; `None` if nothing is known to be
    /// wrong.
    fn coordinator_problem(&mut self, timeout: Duration) -> Result<Option<String>> {
        let _: Duration = timeout;
        Ok(None)
    }

    /// The first offset of the log, and the offset after the last record (the high watermark, regardless of open
    /// transactions).
    fn watermarks(&mut self, partition: &TopicPartition, timeout: Duration) -> Result<(i64, i64)>;

    /// The ends of partitions, in their order: as the second of [`watermarks`](Self::watermarks), with one request for each broker.
    fn ends(&mut self, partitions: &[TopicPartition], timeout: Duration) -> Result<Vec<i64>>;

    /// The committed offsets of a group, by partition in the order of `partitions`; `None` without one. Those of open transactions
    /// do not count.
    fn committed(&mut self, group: &str, partitions: &[TopicPartition], timeout: Duration) -> Result<Vec<Option<i64>>>;

    /// The members of a group, each as text with its host; none for an empty or an unknown group.
    fn members(&mut self, group: &str, timeout: Duration) -> Result<Vec<String>>;

    /// Commits offsets of a group without members. A group with members refuses it: [`Error::Fenced`] by a generation.
    fn set_offsets(&mut self, group: &str, offsets: &[(TopicPartition, i64)], timeout: Duration) -> Result<()>;

    /// The offsets of the first record with this timestamp or a later one, by partition in the order of `partitions`; `None`
    /// if there is none. Transaction markers count as records, with the time of their commit.
    fn offsets_at(
        &mut self,
        partitions: &[TopicPartition],
        at: Timestamp,
        timeout: Duration,
    ) -> Result<Vec<Option<i64>>>;
}

/// The description of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDescription {
    /// The partition count.
    pub partitions: i32,
    /// The replication factor of partition 0.
    pub replication: i32,
    /// Its configuration, by Kafka's names (`cleanup.policy`); empty if this client may not see it.
    pub config: BTreeMap<String, String>,
}

/// A topic to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// The name.
    pub topic: Topic,
    /// The partition count.
    pub partitions: i32,
    /// `None`: the broker's default.
    pub replication: Option<i32>,
    /// Its configuration, by Kafka's names.
    pub config: BTreeMap<String, String>,
}
