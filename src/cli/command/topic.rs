//! Reads topics to their end.

use std::time::Duration;

use crate::broker::{Broker, Isolation, Result, Start};
use crate::model::{Record, TopicPartition};

/// The time-out of one call to the broker.
pub(super) const TIMEOUT: Duration = Duration::from_secs(15);
/// The longest wait of one poll.
pub(super) const POLL: Duration = Duration::from_millis(200);
/// The most records of one poll.
pub(super) const RECORDS_MAX: usize = 1_000;
/// The polls without a record after which a topic has no more that is committed.
const EMPTY_POLLS_MAX: u32 = 75;

/// Reads all committed records that the partitions of a topic have now.
pub(super) fn read(broker: &dyn Broker, partitions: &[TopicPartition], take: impl FnMut(Record)) -> Result<()> {
    let starts: Vec<_> = partitions.iter().map(|partition| (partition.clone(), Start::Beginning)).collect();
    read_from(broker, &starts, take)
}

/// Reads all committed records that partitions have now from these starts on.
pub(super) fn read_from(
    broker: &dyn Broker,
    starts: &[(TopicPartition, Start)],
    mut take: impl FnMut(Record),
) -> Result<()> {
    let partitions: Vec<_> = starts.iter().map(|(partition, _)| partition.clone()).collect();
    let ends = broker.admin()?.ends(&partitions, TIMEOUT)?;
    let mut reader = broker.reader(Isolation::ReadCommitted)?;
    reader.assign(starts)?;
    let mut empty = 0;
    while empty < EMPTY_POLLS_MAX {
        let is_read = |((partition, start), end): (&(TopicPartition, Start), &i64)| {
            let is_at_end = *end == 0 || *start == Start::End || matches!(start, Start::At(offset) if offset >= end);
            is_at_end || reader.position(partition).is_some_and(|position| position >= *end)
        };
        if starts.iter().zip(&ends).all(is_read) {
            break;
        }
        let mut records = Vec::new();
        reader.poll(RECORDS_MAX, &mut records, POLL)?;
        empty = if records.is_empty() { empty + 1 } else { 0 };
        records.into_iter().for_each(&mut take);
    }
    Ok(())
}
