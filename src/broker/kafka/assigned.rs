//! A partition that a member of a group reads.
//!
//! The client's own position is what tells that control records and aborted ones have been passed. It is not to be trusted
//! after an error message: that carries the offset that is to be fetched next, and whoever takes a message from a queue moves
//! the position behind its offset (`rd_kafka_q_serve_rkmessages`, librdkafka #4844). Nor are the messages behind it: for some
//! errors (a wrong checksum, an unknown magic byte) the fetcher goes on behind what it could not read. So an error message
//! ends what is taken, and the partition is read again from where it was known to be.

use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionListElem;

use super::context::BaseConsumer;
use super::failure::Failure;
use super::native::{Client, Queue};
use super::place::add;
use super::record::record;
use crate::broker::{Error, Result, Start};
use crate::model::{Record, TopicPartition};

/// How many messages are taken from a queue at once.
const BATCH: usize = 1000;
/// How long setting the client's position back may take, which only its own threads have to do with.
const SEEK: Duration = Duration::from_secs(1);

/// An assigned partition.
pub(super) struct Assigned {
    queue: Queue,
    /// The partition alone, as librdkafka wants to be asked for its position.
    list: TopicPartitionList,
    /// Where reading began.
    start: Start,
    /// The offset after everything that is known to have been handed out or passed.
    next: Option<i64>,
    /// The client's position may have changed since it was last asked.
    moved: bool,
    /// What the last message was, when it was an error.
    failed: Option<Failed>,
}

enum Failed {
    /// The client's position is to be set back before anything else is taken; the error's words.
    Fetch(String),
    /// The offset is not in the log; nothing more comes until the partition is assigned anew.
    OutOfRange,
}

impl Assigned {
    /// A partition whose queue is cut off, and whose first record is still to come.
    pub(super) fn new(queue: Queue, list: TopicPartitionList, start: Start) -> Self {
        Self { queue, list, start, next: None, moved: true, failed: None }
    }

    /// Where its records arrive.
    pub(super) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// See [`crate::broker::Consumer::fetch`].
    pub(super) fn fetch(
        &mut self,
        partition: &TopicPartition,
        client: &BaseConsumer,
        max: usize,
        out: &mut Vec<Record>,
    ) -> Result<()> {
        let before = out.len();
        let mut rest = max;
        // Most partitions are empty most of the time, and to learn that this way costs least.
        while rest > 0 && self.failed.is_none() && self.queue.len() > 0 {
            let asked = rest.min(BATCH);
            let taken = self.take(partition, asked, out)?;
            rest = rest.saturating_sub(taken);
            if taken < asked {
                break;
            }
        }
        // What came before the error is handed out first; the next call tells.
        if out.len() > before {
            return Ok(());
        }
        match self.failed.take() {
            None => Ok(()),
            Some(Failed::OutOfRange) => {
                self.failed = Some(Failed::OutOfRange);
                Err(Error::OutOfRange { partition: partition.clone() })
            }
            Some(Failed::Fetch(detail)) => {
                if let Err(reason) = self.seek(partition, client) {
                    tracing::debug!(%partition, reason, "the position could not be set back yet");
                    self.failed = Some(Failed::Fetch(detail.clone()));
                }
                Err(Error::FetchFailed { partition: partition.clone(), detail })
            }
        }
    }

    /// Takes one batch up to the first error; returns how many messages it had.
    fn take(&mut self, partition: &TopicPartition, max: usize, out: &mut Vec<Record>) -> Result<usize> {
        // The client's position moves as messages and control records are taken from the queue, and only then.
        self.moved = true;
        let batch = self.queue.consume(max, 0);
        for message in batch.iter() {
            let Some(failure) = message.error() else {
                self.next = Some(message.offset().saturating_add(1));
                out.push(record(partition, &message));
                continue;
            };
            if failure.is_permanent() {
                let detail = format!("{partition}: {}", failure.detail);
                return Err(Error::Fatal { operation: "fetching", detail });
            }
            let is_lost = failure.is_out_of_range();
            self.failed = Some(if is_lost { Failed::OutOfRange } else { Failed::Fetch(failure.detail) });
            break;
        }
        Ok(batch.len())
    }

    /// Lets the client fetch from the known position again, and forget both its own and what it has fetched since.
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
