//! A partition that a member of a group reads.

use rdkafka::TopicPartitionList;

use super::native::{Client, Queue};
use super::record::record;
use crate::broker::{Error, Result};
use crate::model::{Record, TopicPartition};

/// How many messages are taken from a queue at once.
const BATCH: usize = 1000;

/// An assigned partition.
pub(super) struct Assigned {
    queue: Queue,
    /// The partition alone, as librdkafka wants to be asked for its position.
    list: TopicPartitionList,
    /// The offset after the last record that was handed out.
    next: Option<i64>,
    /// The client's position when it was last asked.
    position: Option<i64>,
    /// That may have changed since then.
    moved: bool,
    /// The offset was not in the log; nothing more comes until the partition is assigned anew.
    lost: bool,
}

impl Assigned {
    /// A partition whose queue is cut off, and whose first record is still to come.
    pub(super) fn new(queue: Queue, list: TopicPartitionList) -> Self {
        Self { queue, list, next: None, position: None, moved: true, lost: false }
    }

    /// Where its records arrive.
    pub(super) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// See [`crate::broker::Consumer::fetch`].
    pub(super) fn fetch(&mut self, partition: &TopicPartition, max: usize, out: &mut Vec<Record>) -> Result<()> {
        let before = out.len();
        let mut rest = max;
        // Most partitions are empty most of the time, and to learn that this way costs least.
        while rest > 0 && !self.lost && self.queue.len() > 0 {
            // The client's position moves as messages and control records are taken from the queue, and only then.
            self.moved = true;
            let asked = rest.min(BATCH);
            let batch = self.queue.consume(asked, 0);
            for message in batch.iter() {
                let Some(failure) = message.error() else {
                    self.next = Some(message.offset().saturating_add(1));
                    out.push(record(partition, &message));
                    continue;
                };
                if failure.is_out_of_range() {
                    self.lost = true;
                } else if failure.is_permanent() {
                    let detail = format!("{partition}: {}", failure.detail);
                    return Err(Error::Fatal { operation: "fetching", detail });
                } else {
                    // The client goes on trying; its own words are enough.
                    tracing::debug!(%partition, error = %failure.detail, "a fetch failed");
                }
            }
            rest = rest.saturating_sub(batch.len());
            if batch.len() < asked {
                break;
            }
        }
        // What came before the end is handed out first; the next call tells.
        if self.lost && out.len() == before {
            return Err(Error::OutOfRange { partition: partition.clone() });
        }
        Ok(())
    }

    /// See [`crate::broker::Consumer::position`].
    pub(super) fn position(&mut self, client: &Client) -> Option<i64> {
        if self.lost {
            // The message that tells of the loss has moved librdkafka's position, so it is not asked any more.
            return self.next;
        }
        if self.moved {
            self.position = client.position(&self.list);
            self.moved = false;
        }
        self.next.max(self.position)
    }
}

impl Drop for Assigned {
    fn drop(&mut self) {
        self.queue.silence();
    }
}
