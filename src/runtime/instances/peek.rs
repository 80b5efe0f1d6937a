//! Reads the first committed records of partitions.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::broker::{Purpose, Start};
use crate::model::{Record, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::error::Result;

/// The time-out of one poll.
const POLL: Duration = Duration::from_millis(100);

/// Reads partitions from their beginning, up to `records_max` records at a time, until `is_enough`, or until all have come to their
/// `ends`. False if neither is reached within the time-out of a call: the rest is behind an open transaction.
pub(super) fn first_records(
    context: &Context,
    ends: &BTreeMap<TopicPartition, i64>,
    records_max: usize,
    mut is_enough: impl FnMut(&[Record]) -> bool,
) -> Result<bool> {
    let starts: Vec<_> = ends.keys().map(|partition| (partition.clone(), Start::Beginning)).collect();
    let mut reader = context.broker.reader_to(Purpose::Peek)?;
    reader.assign(&starts)?;
    let mut polls_left = context.settings.limits.broker_timeout.as_millis() / POLL.as_millis();
    // Aborted records and transaction markers are not returned, but move the position.
    while !ends.iter().all(|(partition, end)| reader.position(partition).is_some_and(|position| position >= *end)) {
        let mut records = Vec::new();
        reader.poll(records_max, &mut records, POLL)?;
        if is_enough(&records) {
            return Ok(true);
        }
        if records.is_empty() {
            polls_left = polls_left.saturating_sub(1);
            if polls_left == 0 {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
