//! A member of a consumer group.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use rdkafka::consumer::{Consumer as _, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{Offset, TopicPartitionList};

use super::assigned::Assigned;
use super::context::{BaseConsumer, Context};
use super::deadline::Deadline;
use super::failure::{Failure, missing};
use super::native::{Client, Group, Queue};
use super::place::{add, list};
use super::settings::{Assignor, KafkaSettings, refused};
use crate::broker::{Consumer, ConsumerSpec, Error, FencedBy, GroupEvent, GroupMetadata, Result, Start, Waker};
use crate::model::{Record, Topic, TopicPartition};

/// How many events of the client one poll serves, so that it ends whatever the client says.
const EVENTS: usize = 100;

/// How long a cluster that has not answered one question is given for another.
const PROBE: Duration = Duration::from_millis(500);

/// How long a client that closes is given for the reply to an answer, which is given within its own process.
const ANSWER: Duration = Duration::from_secs(5);

/// A member of a consumer group on librdkafka.
///
/// The fields are in the order in which they have to go: queues before the client, and the waker, whose descriptor the
/// client writes to, last.
pub(super) struct KafkaConsumer {
    assigned: BTreeMap<TopicPartition, Assigned>,
    events: Queue,
    native: Client,
    consumer: Arc<BaseConsumer>,
    waker: Waker,
    group: String,
    address: String,
    /// True until a member that is to join twice has subscribed (see [`Consumer::subscribe`]).
    joins_twice: bool,
    /// The topics with which it joins the second time, until it has.
    second: Option<Vec<Topic>>,
    /// True from its first assignment on: now it is to join the second time.
    answered: bool,
    /// True from a rebalance that was told until it is answered.
    told: bool,
}

impl KafkaConsumer {
    pub(super) fn new(settings: &KafkaSettings, spec: &ConsumerSpec) -> Result<Self> {
        let consumer: BaseConsumer =
            settings.consumer(spec).create_with_context(Context::default()).map_err(|error| refused(&error))?;
        let consumer = Arc::new(consumer);
        let native = Client::of_consumer(&consumer).ok_or_else(|| missing("client"))?;
        let events = native.consumer_queue().ok_or_else(|| missing("consumer queue"))?;
        if let Some(descriptor) = spec.waker.descriptor() {
            events.signal(descriptor);
        }
        Ok(Self {
            assigned: BTreeMap::new(),
            events,
            native,
            consumer,
            waker: spec.waker.clone(),
            group: spec.group.clone(),
            address: settings.bootstrap_servers.clone(),
            joins_twice: settings.assignor == Assignor::CooperativeSticky && spec.group_instance.is_some(),
            second: None,
            answered: false,
            told: false,
        })
    }

    /// Sets what the client reads. It joins again only when that has changed.
    fn subscribe_to(&self, topics: &[Topic]) -> Result<()> {
        let names: Vec<&str> = topics.iter().map(Topic::as_str).collect();
        self.consumer.subscribe(&names).map_err(|error| self.error("subscribing", &error))
    }

    fn context(&self) -> &Context {
        self.consumer.context()
    }

    fn error(&self, operation: &'static str, error: &KafkaError) -> Error {
        self.context().explain(Failure::from_kafka(error)).of_operation(operation, &self.address)
    }

    /// Serves events until a rebalance is among them or nothing is left.
    fn serve(&self) -> Result<Option<GroupEvent>> {
        for _ in 0..EVENTS {
            match self.consumer.poll(Duration::ZERO) {
                None => {}
                Some(Ok(stray)) => {
                    use rdkafka::Message as _;
                    let detail = format!("a record of {} came past its partition's queue", stray.topic());
                    return Err(Error::Fatal { operation: "polling the group", detail });
                }
                Some(Err(error)) => self.judge(&error)?,
            }
            if let Some(event) = self.context().next_event() {
                return Ok(Some(event));
            }
            if self.events.len() == 0 {
                break;
            }
        }
        Ok(None)
    }

    /// Most errors are told for information: librdkafka goes on by itself. What does not pass is returned.
    fn judge(&self, error: &KafkaError) -> Result<()> {
        let failure = Failure::from_kafka(error);
        if failure.fatal || failure.code == Code::Fatal || failure.code == Code::FencedInstanceId {
            let (code, detail) =
                self.consumer.client().fatal_error().unwrap_or_else(|| (failure.code, failure.detail.clone()));
            let failure = Failure { fatal: true, ..Failure::of(code, &detail) };
            return Err(failure.of_operation("taking part in the group", &self.address));
        }
        if failure.is_permanent() {
            let detail = self.context().trouble().map_or(failure.detail, |trouble| trouble.detail);
            return Err(Error::Fatal { operation: "taking part in the group", detail });
        }
        Ok(())
    }

    /// While an offset is unstable librdkafka asks again and again until the time-out, and then tells nothing but that.
    /// When the cluster answers another question at once, that is what has happened.
    fn is_answered(&self, error: &Error, partitions: &[TopicPartition]) -> bool {
        let Some(partition) = partitions.first() else { return false };
        matches!(error, Error::TimedOut { .. })
            && self.consumer.fetch_metadata(Some(partition.topic.as_str()), PROBE).is_ok()
    }

    fn is_cooperative(&self) -> bool {
        matches!(self.consumer.rebalance_protocol(), RebalanceProtocol::Cooperative)
    }

    /// Cuts the partition's queue off, before it is assigned.
    fn split(&self, partition: &TopicPartition, start: Start) -> Result<Assigned> {
        let queue = self
            .native
            .partition_queue(partition.topic.as_str(), partition.partition, None)
            .ok_or_else(|| missing("partition queue"))?;
        if let Some(descriptor) = self.waker.descriptor() {
            queue.signal(descriptor);
        }
        Ok(Assigned::new(queue, list([partition]), start))
    }
}

impl Consumer for KafkaConsumer {
    fn subscribe(&mut self, topics: &[Topic]) -> Result<()> {
        let twice = std::mem::take(&mut self.joins_twice);
        match topics.split_last() {
            Some((_, first)) if twice && !first.is_empty() => {
                self.second = Some(topics.to_vec());
                self.subscribe_to(first)
            }
            _ => self.subscribe_to(topics),
        }
    }

    fn poll(&mut self) -> Result<Option<GroupEvent>> {
        if let (true, Some(topics)) = (self.answered, &self.second) {
            self.subscribe_to(topics)?;
            self.second = None;
        }
        let event = self.serve();
        self.told |= matches!(event, Ok(Some(_)));
        if self.events.len() > 0 {
            // The queue wakes nobody again until it has been empty.
            self.waker.wake();
        }
        event
    }

    fn assign(&mut self, partitions: &[(TopicPartition, Start)]) -> Result<()> {
        let cooperative = self.is_cooperative();
        let mut fresh = BTreeMap::new();
        let mut starts = TopicPartitionList::with_capacity(partitions.len());
        for (partition, start) in partitions {
            fresh.insert(partition.clone(), self.split(partition, *start)?);
            add(&mut starts, partition, *start).map_err(|error| self.error("assigning", &error))?;
        }
        if cooperative { self.consumer.incremental_assign(&starts) } else { self.consumer.assign(&starts) }
            .map_err(|error| self.error("assigning", &error))?;
        if !cooperative {
            self.assigned.retain(|partition, _| fresh.contains_key(partition));
        }
        let mut waiting = false;
        for (partition, assigned) in fresh {
            // The old handle goes first: it silences the queue that both share.
            drop(self.assigned.remove(&partition));
            if let Some(descriptor) = self.waker.descriptor() {
                assigned.queue().signal(descriptor);
            }
            // What came before the signal was on rings for nobody.
            waiting |= assigned.queue().len() > 0;
            self.assigned.insert(partition, assigned);
        }
        if waiting {
            self.waker.wake();
        }
        self.answered = true;
        self.told = false;
        if self.second.is_some() {
            // The next poll joins again. Were it done here, an assignment that stands could fail.
            self.waker.wake();
        }
        Ok(())
    }

    fn unassign(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        let result = if self.is_cooperative() {
            for partition in partitions {
                self.assigned.remove(partition);
            }
            self.consumer.incremental_unassign(&list(partitions))
        } else {
            self.assigned.clear();
            self.consumer.unassign()
        };
        result.map_err(|error| self.error("giving partitions up", &error))?;
        self.told = false;
        Ok(())
    }

    fn fetch(&mut self, partition: &TopicPartition, max: usize, out: &mut Vec<Record>) -> Result<()> {
        let Some(assigned) = self.assigned.get_mut(partition) else {
            return Err(Error::Fatal { operation: "fetching", detail: format!("{partition} is not assigned here") });
        };
        let before = out.len();
        let fetched = assigned.fetch(partition, &self.consumer, max, out);
        if out.len() > before {
            self.context().worked();
        } else if fetched.is_err() {
            // What is left in the queue was fetched before its position was set back, and rings for nobody.
            self.waker.wake();
        }
        fetched
    }

    fn position(&mut self, partition: &TopicPartition) -> Option<i64> {
        self.assigned.get_mut(partition)?.position(&self.native)
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.consumer.pause(&list(partitions)).map_err(|error| self.error("pausing", &error))
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.consumer.resume(&list(partitions)).map_err(|error| self.error("resuming", &error))
    }

    fn committed(&mut self, partitions: &[TopicPartition], timeout: Duration) -> Result<Vec<Option<i64>>> {
        const READING: &str = "reading the committed offsets";
        let answer = match self.consumer.committed_offsets(list(partitions), timeout) {
            Ok(answer) => answer,
            Err(error) => {
                let error = self.error(READING, &error);
                return Err(if self.is_answered(&error, partitions) { Error::Unstable } else { error });
            }
        };
        let mut offsets = Vec::with_capacity(partitions.len());
        for partition in partitions {
            let element = answer.find_partition(partition.topic.as_str(), partition.partition);
            let Some(element) = element else {
                let detail = format!("the answer lacks {partition}");
                return Err(Error::Transient { operation: READING, detail });
            };
            if let Err(error) = element.error() {
                let failure = Failure::from_kafka(&error);
                if failure.code == Code::UnstableOffsetCommit {
                    return Err(Error::Unstable);
                }
                return Err(failure.of_operation(READING, &self.address));
            }
            offsets.push(if let Offset::Offset(offset) = element.offset() { Some(offset) } else { None });
        }
        self.context().worked();
        Ok(offsets)
    }

    fn commit(&mut self, offsets: &[(TopicPartition, i64)], timeout: Duration) -> Result<()> {
        const COMMITTING: &str = "committing offsets";
        let generation = self.group()?.generation;
        if generation < 0 {
            let detail = format!("this member is in no generation of the group {}", self.group);
            return Err(Error::Fenced { by: FencedBy::Generation, detail });
        }
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (partition, offset) in offsets {
            add(&mut list, partition, Start::At(*offset)).map_err(|error| self.error(COMMITTING, &error))?;
        }
        let queue = self.native.new_queue().ok_or_else(|| missing("queue"))?;
        let answer = self.native.commit_offsets(&list, &queue, Deadline::after(timeout).left_ms());
        answer.map_err(|failure| failure.of_operation(COMMITTING, &self.address))
    }

    fn group(&self) -> Result<GroupMetadata> {
        let group: Group = self.native.group().ok_or_else(|| missing("group metadata"))?;
        Ok(GroupMetadata { generation: group.generation(), group: self.group.clone(), native: Box::new(group) })
    }

    fn partitions(&mut self, topic: &Topic, timeout: Duration) -> Result<Option<i32>> {
        let metadata = self
            .consumer
            .fetch_metadata(Some(topic.as_str()), timeout)
            .map_err(|error| self.error("reading a topic's metadata", &error))?;
        super::admin::partition_count(&metadata, topic, &self.address)
    }

    fn close(self: Box<Self>, timeout: Duration) -> Result<()> {
        // Dropping waits for the broker without a limit, so it is done aside.
        let (done, ended) = channel();
        std::thread::Builder::new()
            .name("sheaf-kafka-close".to_owned())
            .spawn(move || {
                drop(self);
                if done.send(()).is_err() {
                    tracing::debug!("a kafka consumer has closed after its time-out");
                }
            })
            .map_err(|error| Error::Fatal { operation: "closing the consumer", detail: error.to_string() })?;
        match ended.recv_timeout(timeout) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => Ok(()),
            Err(RecvTimeoutError::Timeout) => Err(Error::TimedOut {
                operation: "closing the consumer",
                detail: "leaving the group goes on in the background".to_owned(),
            }),
        }
    }
}

impl Drop for KafkaConsumer {
    fn drop(&mut self) {
        self.context().close();
        self.events.silence();
        // The client does not close while a rebalance waits for its answer, be it one that was told and not answered.
        let waits = self.told || self.context().next_event().is_some();
        if self.consumer.close_queue().is_ok() && waits {
            answer_aside(&self.consumer);
        }
    }
}

/// Answers the rebalance of a client that closes. A client that ends just then never replies to whoever asks it, so it is
/// asked aside; where no reply comes, that thread keeps what is left of the client.
fn answer_aside(consumer: &Arc<BaseConsumer>) {
    let (done, answered) = channel();
    let asking = Arc::clone(consumer);
    let asked = std::thread::Builder::new().name("sheaf-kafka-answer".to_owned()).spawn(move || {
        asking.context().answer_closing(&asking);
        // Before the word, so that the client goes with whoever waits for it.
        drop(asking);
        done.send(())
    });
    if asked.is_ok() && answered.recv_timeout(ANSWER) == Err(RecvTimeoutError::Timeout) {
        tracing::warn!("a closing kafka consumer does not reply; it is left behind");
    }
}
