//! The administration of a cluster in memory.

use std::time::Duration;

use uuid::Uuid;

use super::catalog::refused;
use super::client::Client;
use super::fault::Operation;
use super::group::Group;
use crate::broker::{Admin, NewTopic, Result, TopicDescription};
use crate::model::{Timestamp, Topic, TopicPartition};

/// An admin client of a cluster in memory.
#[derive(Debug)]
pub(super) struct MemoryAdmin(pub(super) Client);

impl Admin for MemoryAdmin {
    fn describe(&mut self, topics: &[Topic], _timeout: Duration) -> Result<Vec<Option<TopicDescription>>> {
        self.0
            .call(Operation::Admin, |cluster| Ok(topics.iter().map(|topic| cluster.catalog.describe(topic)).collect()))
    }

    fn topic_id(&mut self, topic: &Topic, _timeout: Duration) -> Result<Option<Uuid>> {
        self.0.call(Operation::Admin, |cluster| Ok(cluster.catalog.get(topic).map(|entry| entry.id)))
    }

    fn create(&mut self, topics: &[NewTopic], _timeout: Duration) -> Result<()> {
        self.0.call(Operation::Admin, |cluster| topics.iter().try_for_each(|topic| cluster.create(topic)))
    }

    fn delete(&mut self, topics: &[Topic], _timeout: Duration) -> Result<()> {
        self.0.call(Operation::Admin, |cluster| {
            for topic in topics {
                cluster.delete(topic);
            }
            Ok(())
        })
    }

    fn add_partitions(&mut self, topic: &Topic, count: i32, _timeout: Duration) -> Result<()> {
        self.0.call(Operation::Admin, |cluster| cluster.add_partitions(topic, count))
    }

    fn delete_records(&mut self, before: &[(TopicPartition, i64)], _timeout: Duration) -> Result<()> {
        self.0.call(Operation::Admin, |cluster| {
            before.iter().try_for_each(|(partition, offset)| cluster.delete_records(partition, *offset))
        })
    }

    fn watermarks(&mut self, partition: &TopicPartition, _timeout: Duration) -> Result<(i64, i64)> {
        self.0.call(Operation::Admin, |cluster| {
            let log = cluster.catalog.log(partition);
            let log = log.ok_or_else(|| refused("watermarks", format!("{partition} does not exist")))?;
            Ok((log.start(), log.end()))
        })
    }

    fn ends(&mut self, partitions: &[TopicPartition], timeout: Duration) -> Result<Vec<i64>> {
        partitions.iter().map(|partition| Ok(self.watermarks(partition, timeout)?.1)).collect()
    }

    fn committed(
        &mut self,
        group: &str,
        partitions: &[TopicPartition],
        _timeout: Duration,
    ) -> Result<Vec<Option<i64>>> {
        self.0.call(Operation::Admin, |cluster| {
            let offsets = cluster.offsets(group);
            Ok(partitions.iter().map(|partition| offsets.and_then(|offsets| offsets.committed(partition))).collect())
        })
    }

    fn members(&mut self, group: &str, _timeout: Duration) -> Result<Vec<String>> {
        self.0.call(Operation::Admin, |cluster| Ok(cluster.group(group).map(Group::names).unwrap_or_default()))
    }

    fn set_offsets(&mut self, group: &str, offsets: &[(TopicPartition, i64)], _timeout: Duration) -> Result<()> {
        self.0.call(Operation::Admin, |cluster| cluster.set_offsets(group, offsets))
    }

    fn offsets_at(
        &mut self,
        partitions: &[TopicPartition],
        at: Timestamp,
        _timeout: Duration,
    ) -> Result<Vec<Option<i64>>> {
        self.0.call(Operation::Admin, |cluster| {
            let offset = |partition: &TopicPartition| {
                let log = cluster.catalog.log(partition);
                let log = log.ok_or_else(|| refused("offsets", format!("{partition} does not exist")))?;
                Ok(log.first_since(at))
            };
            partitions.iter().map(offset).collect()
        })
    }
}
