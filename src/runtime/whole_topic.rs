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
    up_to_end(clients, partition, (timeout, u128::MAX), each)
}

/// The same without what is behind a transaction that is still open.
pub(super) fn read_stable(
    clients: (&mut dyn Admin, &mut dyn Reader),
    partition: &TopicPartition,
    timeout: Duration,
    each: impl FnMut(Record),
) -> broker::Result<()> {
    up_to_end(clients, partition, (timeout, EMPTY_MAX), each)
}

fn open(partition: &TopicPartition) -> broker::Error {
    let detail = format!("{partition} ends with a transaction that is still open");
    broker::Error::TimedOut { operation: "reading a topic to its end", detail }
}

/// Ends early if there was no record in so many polls of a partition that can be read: the rest is behind an open transaction.
fn up_to_end(
    (admin, reader): (&mut dyn Admin, &mut dyn Reader),
    partition: &TopicPartition,
    (timeout, empty_max): (Duration, u128),
    mut each: impl FnMut(Record),
) -> broker::Result<()> {
    let (_, end) = admin.watermarks(partition, timeout)?;
    reader.assign(&[(partition.clone(), Start::Beginning)])?;
    // Polls are counted, because a manual clock does not advance here.
    let (mut polls_left, mut empty) = (timeout.as_millis() / POLL.as_millis(), 0);
    let mut records: Vec<Record> = Vec::new();
    while end > 0 && reader.position(partition).is_none_or(|position| position < end) {
        reader.poll(RECORDS_MAX, &mut records, POLL)?;
        if records.is_empty() {
            polls_left = polls_left.saturating_sub(1);
            // It is told once the reader has reached the broker.
            empty = if reader.position(partition).is_some() { empty + 1 } else { empty };
        }
        if empty >= empty_max {
            return Ok(());
        }
        records.drain(..).for_each(&mut each);
        if polls_left == 0 {
            return Err(open(partition));
        }
    }
    Ok(())
}
