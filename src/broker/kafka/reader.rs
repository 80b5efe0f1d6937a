//! A reader without a group, with manual assignment.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use super::context::{BaseConsumer, Context};
use super::deadline::Deadline;
use super::failure::{Failure, missing};
use super::native::{Client, Message, Queue};
use super::partition_list::add;
use super::record::record;
use super::settings::{KafkaSettings, refused};
use super::token::Registration;
use crate::broker::{Error, Isolation, Purpose, Reader, Result, Start};
use crate::model::{Record, TopicPartition};

/// The most messages taken at once.
const BATCH: usize = 1000;

/// The time-out of a metadata request for a topic's leaders.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);

/// A reader on librdkafka.
///
/// It tracks its position itself: the offset after the last record, or that of an end-of-partition message, which is
/// after control records and aborted records.
pub(super) struct KafkaReader {
    _tokens: Option<Registration>,
    assigned: Vec<Assigned>,
    /// The queue of all partitions.
    queue: Queue,
    native: Client,
    consumer: Arc<BaseConsumer>,
    settings: Arc<KafkaSettings>,
    isolation: Isolation,
    purpose: Purpose,
}

struct Assigned {
    partition: TopicPartition,
    /// Held, because dropping it would end the forwarding.
    _queue: Queue,
    position: Option<i64>,
}

impl KafkaReader {
    pub(super) fn new(settings: &Arc<KafkaSettings>, isolation: Isolation, purpose: Purpose) -> Result<Self> {
        let consumer: BaseConsumer = settings
            .reader(isolation, purpose)
            .create_with_context(Context::default())
            .map_err(|error| refused(&error))?;
        let consumer = Arc::new(consumer);
        // Rebalances are not served here; the only one is the last, when the client closes.
        consumer.context().close();
        let native = Client::of_consumer(&consumer).ok_or_else(|| missing("client"))?;
        let queue = native.new_queue().ok_or_else(|| missing("queue"))?;
        let tokens = settings.register(&native, consumer.client().context())?;
        Ok(Self {
            _tokens: tokens,
            assigned: Vec::new(),
            queue,
            native,
            consumer,
            settings: Arc::clone(settings),
            isolation,
            purpose,
        })
    }

    /// Requests the leaders' metadata first: without it the client waits half a second before it retries.
    fn request_leaders(&self, partitions: &[(TopicPartition, Start)]) {
        let topics: BTreeSet<&str> = partitions.iter().map(|(partition, _)| partition.topic.as_str()).collect();
        for topic in topics {
            if let Err(error) = self.consumer.fetch_metadata(Some(topic), METADATA_TIMEOUT) {
                tracing::debug!(topic, %error, "a reader starts without metadata of the topic's leaders");
                return;
            }
        }
    }

    fn error(&self, operation: &'static str, error: &KafkaError) -> Error {
        self.consumer
            .context()
            .explain(Failure::from_kafka(error))
            .of_operation(operation, &self.settings.bootstrap_servers)
    }

    /// Takes one batch; true if it was full.
    fn take(&mut self, max: usize, timeout_ms: i32, out: &mut Vec<Record>) -> Result<bool> {
        let batch = self.queue.consume(max, timeout_ms);
        let mut last = 0;
        for message in batch.iter() {
            let is_of = |assigned: &Assigned| {
                assigned.partition.partition == message.partition()
                    && assigned.partition.topic.as_str() == message.topic()
            };
            // Consecutive messages are mostly of one partition.
            if !self.assigned.get(last).is_some_and(is_of) {
                let Some(place) = self.assigned.iter().position(is_of) else { continue };
                last = place;
            }
            if let Some(assigned) = self.assigned.get_mut(last) {
                assigned.read(&message, &self.settings, out)?;
            }
        }
        Ok(batch.len() == max)
    }
}

impl Assigned {
    fn read(&mut self, message: &Message<'_>, settings: &KafkaSettings, out: &mut Vec<Record>) -> Result<()> {
        let Some(failure) = message.error() else {
            self.position = Some(message.offset().saturating_add(1));
            out.push(record(&self.partition, message));
            return Ok(());
        };
        if failure.code == Code::PartitionEOF {
            self.position = self.position.max(Some(message.offset()));
            return Ok(());
        }
        if failure.is_out_of_range() {
            return Err(Error::OutOfRange { partition: self.partition.clone() });
        }
        if failure.is_permanent() {
            let failure = failure.lacks("READ", &format!("topic {}", self.partition.topic), &settings.principal());
            let detail = format!("{}: {}", self.partition, failure.detail);
            return Err(Error::Fatal { operation: "reading", detail });
        }
        // The client may skip the unreadable record (see `assigned`).
        Err(Error::FetchFailed { partition: self.partition.clone(), detail: failure.detail })
    }
}

impl Reader for KafkaReader {
    fn assign(&mut self, partitions: &[(TopicPartition, Start)]) -> Result<()> {
        const ASSIGNING: &str = "assigning";
        if !self.assigned.is_empty() {
            // The end of an assignment removes the forwarding asynchronously, also that of the next assignment of the
            // same partition, whose records would be lost. So a new client is used.
            *self = Self::new(&Arc::clone(&self.settings), self.isolation, self.purpose)?;
        }
        self.request_leaders(partitions);
        let mut starts = TopicPartitionList::with_capacity(partitions.len());
        let mut assigned = Vec::with_capacity(partitions.len());
        for (partition, start) in partitions {
            let queue = self
                .native
                .partition_queue(partition.topic.as_str(), partition.partition, Some(&self.queue))
                .ok_or_else(|| missing("partition queue"))?;
            add(&mut starts, partition, *start).map_err(|error| self.error(ASSIGNING, &error))?;
            assigned.push(Assigned { partition: partition.clone(), _queue: queue, position: None });
        }
        self.consumer.assign(&starts).map_err(|error| self.error(ASSIGNING, &error))?;
        self.assigned = assigned;
        Ok(())
    }

    fn poll(&mut self, max: usize, out: &mut Vec<Record>, timeout: Duration) -> Result<()> {
        // Errors of the client as a whole are kept in its context, and returned with permanent failures.
        if let Some(Err(error)) = self.consumer.poll(Duration::ZERO) {
            let failure = Failure::from_kafka(&error);
            if failure.fatal {
                return Err(failure.of_operation("reading", &self.settings.bootstrap_servers));
            }
        }
        let deadline = Deadline::after(timeout);
        let before = out.len();
        let mut full = true;
        while full && out.len() - before < max {
            full = self.take((max - (out.len() - before)).min(BATCH), 0, out)?;
        }
        while out.len() == before && max > 0 && !deadline.passed() {
            // One message, because a batch call waits for as many as it is asked for.
            if !self.take(1, deadline.left_ms(), out)? {
                break;
            }
            self.take((max - (out.len() - before)).min(BATCH), 0, out)?;
        }
        if out.len() > before {
            self.consumer.context().clear_error();
        }
        Ok(())
    }

    fn position(&mut self, partition: &TopicPartition) -> Option<i64> {
        self.assigned.iter().find(|assigned| assigned.partition == *partition)?.position
    }
}
