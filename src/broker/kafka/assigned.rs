//! An assigned partition of a group member.
//!
//! The client's position tells that control records and aborted records were skipped. It is wrong after an error
//! message: that carries the next offset to fetch, and taking a message from a queue moves the position past its offset
//! (`rd_kafka_q_serve_rkmessages`, librdkafka #4844). Neither are later messages reliable: after some errors (a wrong
//! checksum, an unknown magic byte) the fetcher continues after the unreadable record. So taking stops at an error
//! message, and the partition is fetched again from its known position.

use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionListElem;

use super::context::BaseConsumer;
use super::deadline::Deadline;
use super::failure::Failure;
use super::native::{Client, Queue};
use super::partition_list::add;
use super::record::record;
use crate::broker::{Error, Result, Start};
use crate::model::{Record, TopicPartition};

/// The most messages taken from a queue at once.
const BATCH: usize = 1000;
/// The time-out of resetting the client's position, which involves only its own threads.
const SEEK: Duration = Duration::from_secs(1);
/// The time from an error until the partition is fetched again. librdkafka's own back-off (`fetch.error.backoff.ms`) ends with
/// a seek.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// An assigned partition.
pub(super) struct Assigned {
    queue: Queue,
    /// The partition alone, for calls of librdkafka that take a list.
    list: TopicPartitionList,
    /// The start offset.
    start: Start,
    /// The offset after all returned and skipped records, if known.
    next: Option<i64>,
    /// True if the client's position may have changed since it was read.
    moved: bool,
    /// The error of the last message, if it was one.
    failed: Option<Failed>,
}

enum Failed {
    /// The client's position has to be reset at this time; the error message, if it was not returned yet.
    Fetch(Option<String>, Deadline),
    /// The offset is out of range; no more records until the next assignment.
    OutOfRange,
}

impl Assigned {
    /// An assigned partition with its own queue.
    pub(super) fn new(queue: Queue, list: TopicPartitionList, start: Start) -> Self {
        Self { queue, list, start, next: None, moved: true, failed: None }
    }

    /// The queue of its records.
    pub(super) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// See [`crate::broker::Consumer::fetch`]. True if the partition is fetched again after an error: its queue may hold outdated
    /// messages, and a queue that is not empty does not wake.
    pub(super) fn fetch(
        &mut self,
        partition: &TopicPartition,
        (client, principal): (&BaseConsumer, &str),
        max: usize,
        out: &mut Vec<Record>,
    ) -> Result<bool> {
        let before = out.len();
        let mut rest = max;
        // Most partitions are usually empty, and this check is the cheapest.
        while rest > 0 && self.failed.is_none() && self.queue.len() > 0 {
            let asked = rest.min(BATCH);
            let taken = self.take(partition, principal, asked, out)?;
            rest = rest.saturating_sub(taken);
            if taken < asked {
                break;
            }
        }
        // Records before the error are returned first; the next call returns the error.
        if out.len() > before {
            return Ok(false);
        }
        match &mut self.failed {
            None => Ok(false),
            Some(Failed::OutOfRange) => Err(Error::OutOfRange { partition: partition.clone() }),
            Some(Failed::Fetch(detail, retry)) => {
                if let Some(detail) = detail.take() {
                    return Err(Error::FetchFailed { partition: partition.clone(), detail });
                }
                if !retry.passed() {
                    return Ok(false);
                }
                if let Err(reason) = self.seek(partition, client) {
                    tracing::debug!(%partition, reason, "cannot reset the position yet; retrying");
                    self.failed = Some(Failed::Fetch(None, Deadline::after(RETRY_AFTER)));
                    return Ok(false);
                }
                self.failed = None;
                Ok(true)
            }
        }
    }

    /// Takes one batch up to the first error; returns its number of messages.
    fn take(
        &mut self,
        partition: &TopicPartition,
        principal: &str,
        max: usize,
        out: &mut Vec<Record>,
    ) -> Result<usize> {
        // The client's position moves only when messages and control records are taken from the queue.
        self.moved = true;
        let batch = self.queue.consume(max, 0);
        for message in batch.iter() {
            let Some(failure) = message.error() else {
                self.next = Some(message.offset().saturating_add(1));
                out.push(record(partition, &message));
                continue;
            };
            if failure.is_permanent() {
                let failure = failure.lacks("READ", &format!("topic {}", partition.topic), principal);
                let detail = format!("{partition}: {}", failure.detail);
                return Err(Error::Fatal { operation: "fetching", detail });
            }
            let is_lost = failure.is_out_of_range();
            let retry = Deadline::after(RETRY_AFTER);
            self.failed = Some(if is_lost { Failed::OutOfRange } else { Failed::Fetch(Some(failure.detail), retry) });
            break;
        }
        Ok(batch.len())
    }

    /// Seeks to the known position, which drops the fetched messages.
    fn seek(&self, partition: &TopicPartition, client: &BaseConsumer) -> std::result::Result<(), String> {
        let words = |error: KafkaError| Failure::from_kafka(&error).detail;
        let mut place = TopicPartitionList::with_capacity(1);
        let start = self.next.map_or(self.start, Start::At);
        add(&mut place, partition, start).map_err(words)?;
        let done = client.seek_partitions(place, SEEK).map_err(words)?;
        done.elements().iter().try_for_each(TopicPartitionListElem::error).map_err(words)
    }

    /// See [`crate::broker::Consumer::position`].
    pub(super) fn position(&mut self, client: &Client) -> Option<i64> {
        if self.moved && self.failed.is_none() {
            self.next = self.next.max(client.position(&self.list));
            self.moved = false;
        }
        self.next
    }
}

impl Drop for Assigned {
    fn drop(&mut self) {
        self.queue.silence();
    }
}
