//! A producer with its own event loop, transactional or not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::producer::Producer as _;

use super::context::{BaseProducer, Context};
use super::deadline::Deadline;
use super::failure::{Failure, missing};
use super::native::{Client, EventContent, Group, Outgoing, Queue, TopicHandle};
use super::settings::{KafkaSettings, refused};
use super::token::Registration;
use crate::broker::{Error, FencedBy, GroupMetadata, Producer, ProducerSpec, Result, Start};
use crate::model::{Key, OutRecord, Timestamp, Topic, TopicPartition};

/// The longest wait for one event.
const EVENT: Duration = Duration::from_millis(50);

/// A producer on librdkafka.
///
/// The fields are in the order of their drops: topics and queues before the client.
pub(super) struct KafkaProducer {
    _tokens: Option<Registration>,
    /// By the tag in the delivery reports.
    destinations: Vec<Destination>,
    tags: BTreeMap<Topic, usize>,
    events: Queue,
    native: Client,
    producer: Arc<BaseProducer>,
    deliveries: Deliveries,
    is_open: bool,
    spec: ProducerSpec,
    settings: Arc<KafkaSettings>,
}

/// A topic with records of this producer.
struct Destination {
    topic: Topic,
    native: TopicHandle,
    /// True if its end offsets are reported.
    is_tracked: bool,
}

/// The delivery reports of a transaction.
#[derive(Default)]
struct Deliveries {
    outstanding: usize,
    failed: Option<Error>,
    /// The tags of the topics with records that were not delivered.
    undelivered: BTreeSet<usize>,
    /// The offset after the last record of each partition of a tracked topic, by topic tag and partition.
    ends: BTreeMap<(usize, i32), i64>,
}

impl KafkaProducer {
    pub(super) fn new(settings: &Arc<KafkaSettings>, spec: ProducerSpec) -> Result<Self> {
        let producer: BaseProducer =
            settings.producer(&spec).create_with_context(Context::default()).map_err(|error| refused(&error))?;
        let producer = Arc::new(producer);
        let native = Client::of_producer(&producer).ok_or_else(|| missing("client"))?;
        let events = native.main_queue().ok_or_else(|| missing("main queue"))?;
        Ok(Self {
            _tokens: settings.register(&native, producer.client().context())?,
            destinations: Vec::new(),
            tags: BTreeMap::new(),
            events,
            native,
            producer,
            deliveries: Deliveries::default(),
            is_open: false,
            spec,
            settings: Arc::clone(settings),
        })
    }

    fn context(&self) -> &Context {
        self.producer.context()
    }

    /// Serves one event, waiting for at most `timeout_ms`; false if there was none.
    fn serve(&mut self, timeout_ms: i32) -> bool {
        let Some(event) = self.events.event(timeout_ms) else { return false };
        match event.content() {
            EventContent::Deliveries(messages) => {
                for message in messages {
                    let tag = message.tag();
                    let to = self.destinations.get(tag);
                    self.deliveries.outstanding = self.deliveries.outstanding.saturating_sub(1);
                    match (message.undelivered(), to) {
                        (Some(failure), to) => {
                            let name = to.map_or("an unknown topic", |to| to.topic.as_str());
                            let size = message.value().map_or(0, <[u8]>::len) + message.key().map_or(0, <[u8]>::len);
                            self.deliveries.undelivered.insert(tag);
                            // The first failure is the cause of the later ones.
                            self.deliveries.failed.get_or_insert_with(|| {
                                let principal = self.settings.principal();
                                let failure = self.producer.context().judged(failure);
                                failure.lacks("WRITE", &format!("topic {name}"), &principal).of_delivery(name, size)
                            });
                        }
                        (None, Some(to)) if to.is_tracked => {
                            let end = message.offset().saturating_add(1);
                            let known = self.deliveries.ends.entry((tag, message.partition())).or_insert(end);
                            *known = end.max(*known);
                        }
                        (None, _) => {}
                    }
                }
            }
            EventContent::Error(failure) => self.context().set_error(failure),
            EventContent::Log(level, facility, text) => Context::line(level, &facility, &text),
            EventContent::Other => {}
        }
        true
    }

    /// Serves waiting events.
    fn serve_all(&mut self) {
        while self.serve(0) {}
    }

    /// Waits for the outstanding deliveries; false after a time-out.
    fn await_deliveries(&mut self, deadline: &Deadline) -> bool {
        while self.deliveries.outstanding > 0 {
            if deadline.passed() {
                return false;
            }
            self.serve(deadline.slice_ms(EVENT));
        }
        true
    }

    fn tag(&mut self, topic: &Topic) -> Result<usize> {
        if let Some(tag) = self.tags.get(topic) {
            return Ok(*tag);
        }
        let native = self.native.topic(topic.as_str()).ok_or_else(|| Error::Fatal {
            operation: "producing",
            detail: format!("'{topic}' is not a valid topic name"),
        })?;
        let (tag, is_tracked) = (self.destinations.len(), self.spec.tracked.contains(topic));
        self.destinations.push(Destination { topic: topic.clone(), native, is_tracked });
        self.tags.insert(topic.clone(), tag);
        Ok(tag)
    }

    /// Produces a record; serves events while the queue is full.
    fn produce_when_possible(&mut self, tag: usize, message: &Outgoing<'_>) -> std::result::Result<(), Failure> {
        let mut waits_until = None;
        loop {
            let Some(to) = self.destinations.get(tag) else {
                return Err(Failure::of(Code::UnknownTopic, ""));
            };
            match self.native.produce(&to.native, message, tag) {
                Err(failure) if failure.code == Code::QueueFull => {
                    let deadline =
                        waits_until.get_or_insert_with(|| Deadline::after(self.settings.transaction_timeout));
                    if deadline.passed() {
                        return Err(failure);
                    }
                    let slice = deadline.slice_ms(EVENT);
                    self.serve(slice);
                }
                result => return result,
            }
        }
    }

    /// The error of a transactional call; serves events for the log first.
    fn failed(&mut self, operation: &'static str, failure: Failure) -> Error {
        self.serve_all();
        // Whether a commit without a login was executed is unknown, as that of one without a connection.
        let failure = self.context().judged(self.fatal().unwrap_or(failure));
        self.named(self.lacks(failure).of_transaction(operation))
    }

    /// Names a missing right.
    fn lacks(&self, failure: Failure) -> Failure {
        let (right, resource) = match (failure.code, &self.spec.transactional_id) {
            (Code::TransactionalIdAuthorizationFailed, Some(id)) => ("WRITE", format!("transactional id {id}")),
            (Code::GroupAuthorizationFailed, _) => ("READ", format!("group {}", self.settings.group)),
            _ => match &self.undelivered()[..] {
                [] => ("WRITE", "a topic that it writes".to_owned()),
                [name] => ("WRITE", format!("topic {name}")),
                names => ("WRITE", format!("one of the topics {}", names.join(", "))),
            },
        };
        failure.lacks(right, &resource, &self.settings.principal())
    }

    /// Names the transactional id in an error about it.
    fn named(&self, error: Error) -> Error {
        match (error, &self.spec.transactional_id) {
            (Error::Fenced { by: FencedBy::Producer, detail }, Some(id)) => {
                Error::Fenced { by: FencedBy::Producer, detail: format!("{detail} (transactional id {id})") }
            }
            (error, _) => error,
        }
    }

    /// The right whose lack has ended the transaction, if that is why. Without the right to write to a topic its partitions cannot be added
    /// to the transaction, and librdkafka drops the records of all topics without a cause. It tells the cause to any call
    /// that is not allowed in an aborted transaction (`rd_kafka_txn_require_states0`); beginning one in another never is.
    fn lacked(&self) -> Option<Error> {
        self.spec.transactional_id.as_ref().filter(|_| self.is_open)?;
        let failure = self.native.begin_transaction().err().filter(|failure| failure.abort)?;
        failure.is_unauthorized().then(|| self.lacks(failure).of_transaction("producing"))
    }

    /// The topics with records that were not delivered.
    fn undelivered(&self) -> Vec<&str> {
        let tags = self.deliveries.undelivered.iter();
        tags.filter_map(|tag| self.destinations.get(*tag)).map(|to| to.topic.as_str()).collect()
    }

    /// The fatal error of the client, if there is one.
    fn fatal(&self) -> Option<Failure> {
        let (code, detail) = self.producer.client().fatal_error()?;
        Some(Failure { fatal: true, ..Failure::of(code, &detail) })
    }
}

impl Producer for KafkaProducer {
    fn init(&mut self, timeout: Duration) -> Result<()> {
        if self.spec.transactional_id.is_none() {
            return Ok(());
        }
        let result = self.native.init_transactions(Deadline::after(timeout).left_ms());
        self.serve_all();
        result.map_err(|failure| {
            let failure = self.lacks(self.context().explain(failure));
            self.named(failure.of_operation("initialising the producer", &self.settings.bootstrap_servers))
        })?;
        self.context().clear_error();
        Ok(())
    }

    fn begin(&mut self) -> Result<()> {
        self.serve_all();
        if self.spec.transactional_id.is_some() {
            self.native.begin_transaction().map_err(|failure| self.failed("beginning a transaction", failure))?;
        }
        self.deliveries = Deliveries::default();
        self.is_open = true;
        Ok(())
    }

    fn produce(&mut self, record: &OutRecord) -> Result<()> {
        let tag = self.tag(&record.topic)?;
        let message = Outgoing {
            partition: record.partition.unwrap_or(-1),
            key: record.key.as_ref().map(Key::as_bytes),
            value: record.value.as_deref(),
            headers: &record.headers,
            timestamp: record.timestamp.map_or(0, Timestamp::as_millis),
        };
        match self.produce_when_possible(tag, &message) {
            Ok(()) => {
                self.deliveries.outstanding += 1;
                Ok(())
            }
            Err(failure) if failure.fatal || self.fatal().is_some() => Err(self.failed("producing", failure)),
            Err(failure) => {
                self.deliveries.undelivered.insert(tag);
                let failure = self.context().judged(failure);
                let refused = || self.named(failure.of_delivery(record.topic.as_str(), record.size()));
                Err(self.lacked().unwrap_or_else(refused))
            }
        }
    }

    fn drain(&mut self, timeout: Duration) -> Result<BTreeMap<TopicPartition, i64>> {
        let settled = self.await_deliveries(&Deadline::after(timeout));
        self.serve_all();
        if let Some(error) = self.deliveries.failed.clone() {
            // Records of a fenced producer are purged, and their reports do not have the cause.
            let fatal = self.fatal().map(|failure| self.lacks(failure).of_transaction("waiting for deliveries"));
            let error = fatal.or_else(|| self.lacked()).unwrap_or(error);
            return Err(self.named(error));
        }
        if !settled {
            let detail = format!("{} records are not acknowledged", self.deliveries.outstanding);
            return Err(Error::TimedOut { operation: "waiting for deliveries", detail });
        }
        let ends = self.deliveries.ends.iter();
        let named = |(&(tag, partition), &end): (&(usize, i32), &i64)| {
            Some((TopicPartition::new(&self.destinations.get(tag)?.topic, partition), end))
        };
        Ok(ends.filter_map(named).collect())
    }

    fn send_offsets(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        group: &GroupMetadata,
        timeout: Duration,
    ) -> Result<()> {
        const SENDING: &str = "adding offsets to the transaction";
        if offsets.is_empty() {
            let detail = "the list is empty, and without offsets the member's generation is not checked".to_owned();
            return Err(Error::Fatal { operation: SENDING, detail });
        }
        if self.spec.transactional_id.is_none() {
            let detail = "this producer has no transactions".to_owned();
            return Err(Error::Fatal { operation: SENDING, detail });
        }
        if group.generation < 0 {
            let detail = format!("this member is in no generation of the group {}", group.group);
            return Err(Error::Fenced { by: FencedBy::Generation, detail });
        }
        let Some(member) = group.native.downcast_ref::<Group>() else {
            let detail = "the group metadata is of another adapter".to_owned();
            return Err(Error::Fatal { operation: SENDING, detail });
        };
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (partition, offset) in offsets {
            super::partition_list::add(&mut list, partition, Start::At(*offset))
                .map_err(|error| Failure::from_kafka(&error).of_transaction(SENDING))?;
        }
        self.native
            .send_offsets(&list, member, Deadline::after(timeout).left_ms())
            .map_err(|failure| self.failed(SENDING, failure))
    }

    fn commit(&mut self, timeout: Duration) -> Result<()> {
        let deadline = Deadline::after(timeout);
        // librdkafka would wait for deliveries whose events are not served.
        let rest = deadline.left();
        self.drain(rest)?;
        if self.spec.transactional_id.is_some() {
            self.native
                .commit_transaction(deadline.left_ms())
                .map_err(|failure| self.failed("committing the transaction", failure))?;
        }
        self.is_open = false;
        self.context().clear_error();
        Ok(())
    }

    fn abort(&mut self, timeout: Duration) -> Result<()> {
        const ABORTING: &str = "aborting the transaction";
        if !self.is_open {
            return Ok(());
        }
        let deadline = Deadline::after(timeout);
        // The call waits for deliveries whose events only sheaf serves. It is called once with the whole time-out: with
        // short calls that resume each other librdkafka mixes up their results, up to the next `begin`.
        if !self.await_deliveries(&deadline) {
            let detail = format!("{} records are not acknowledged", self.deliveries.outstanding);
            return Err(Error::TimedOut { operation: ABORTING, detail });
        }
        let is_gap = self.deliveries.failed.is_some();
        if self.spec.transactional_id.is_some() {
            self.native.abort_transaction(deadline.left_ms()).map_err(|failure| self.failed(ABORTING, failure))?;
        }
        self.serve_all();
        self.is_open = false;
        if is_gap {
            // The undelivered record left a gap in the sequence numbers, for which the broker would refuse the next
            // transaction too. A new client starts new sequences.
            *self = Self::new(&Arc::clone(&self.settings), self.spec.clone())?;
            self.init(deadline.left())?;
        }
        Ok(())
    }
}
