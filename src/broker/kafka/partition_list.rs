//! Partitions and start offsets as librdkafka's lists.

use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};

use crate::broker::Start;
use crate::model::TopicPartition;

/// The partitions as librdkafka's list.
pub(super) fn list<'a>(partitions: impl IntoIterator<Item = &'a TopicPartition>) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(partition.topic.as_str(), partition.partition);
    }
    list
}

/// Adds a partition with its start offset.
pub(super) fn add(list: &mut TopicPartitionList, partition: &TopicPartition, start: Start) -> KafkaResult<()> {
    let offset = match start {
        Start::Beginning => Offset::Beginning,
        Start::End => Offset::End,
        Start::At(offset) => Offset::Offset(offset),
    };
    list.add_partition_offset(partition.topic.as_str(), partition.partition, offset)
}
