//! Partitions and start offsets as librdkafka's lists.

use rdkafka::error::{KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::{Offset, TopicPartitionList};

use super::failure::Failure;
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

/// The offsets of an answer, by partition in the order of `partitions`; `None` for one without an offset.
pub(super) fn offsets(answer: &TopicPartitionList, partitions: &[TopicPartition]) -> Result<Vec<Option<i64>>, Failure> {
    let offset = |partition: &TopicPartition| {
        let element = answer.find_partition(partition.topic.as_str(), partition.partition);
        let element = element.ok_or_else(|| missing_partition(partition))?;
        element.error().map_err(|error| Failure::from_kafka(&error))?;
        Ok(if let Offset::Offset(offset) = element.offset() { Some(offset) } else { None })
    };
    partitions.iter().map(offset).collect()
}

fn missing_partition(partition: &TopicPartition) -> Failure {
    Failure::of(Code::Fail, &format!("the response lacks {partition}"))
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
