//! Reads a small topic of one partition from its beginning to its end.

use std::time::Duration;

use crate::broker::{self, Admin, Reader, Start};
use crate::model::{Record, TopicPartition};

/// The time-out of one poll.
const POLL: Duration = Duration::from_millis(100);
/// The most records of one poll.
const RECORDS_MAX: usize = 1_000;
/// The polls without a record after which the rest is behind an open transaction.
const EMPTY_MAX: u128 = 5;

/// Hands each record up to the current end to `each`. `timeout` is for a call, and for the time without a record.
///
/// # Errors
/// [`TimedOut`](broker::Error::TimedOut) if the topic ends with a transaction that is still open: a missing record may be the answer.
pub(super) fn read(
    clients: (&mut dyn Admin, &mut dyn Reader),
    partition: &TopicPartition,
    timeout: Duration,
    each: impl FnMut(Record),
) -> broker::Result<()> {
    // Polls are counted, because a manual clock does not advance here.
    if up_to_end(clients, partition, (timeout, timeout.as_millis() / POLL.as_millis()), each)? {
        return Ok(());
    }
    let detail = format!("{partition} ends with a transaction that is still open");
    Err(broker::Error::TimedOut { operation: "reading a topic to its end", detail })
}

/// The same without what is behind a transaction that is still open.
pub(super) fn read_stable(
    clients: (&mut dyn Admin, &mut dyn Reader),
    partition: &TopicPartition,
    timeout: Duration,
    each: impl FnMut(Record),
) -> broker::Result<()> {
    up_to_end(clients, partition, (timeout, EMPTY_MAX), each).map(drop)
}

/// False if the end was not reached with so many polls without a record.
fn up_to_end(
    (admin, reader): (&mut dyn Admin, &mut dyn Reader),
    partition: &TopicPartition,
    (timeout, mut polls_left): (Duration, u128),
    mut each: impl FnMut(Record),
) -> broker::Result<bool> {
    let (_, end) = admin.watermarks(partition, timeout)?;
    reader.assign(&[(partition.clone(), Start::Beginning)])?;
    let mut records: Vec<Record> = Vec::new();
    while end > 0 && reader.position(partition).is_none_or(|position| position < end) {
        reader.poll(RECORDS_MAX, &mut records, POLL)?;
        if records.is_empty() {
            polls_left = polls_left.saturating_sub(1);
        }
        records.drain(..).for_each(&mut each);
        if polls_left == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
