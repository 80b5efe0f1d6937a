//! A member of a consumer group.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{Consumer as _, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use super::assigned::Assigned;
use super::context::{BaseConsumer, Context};
use super::deadline::Deadline;
use super::failure::{Failure, missing};
use super::native::{Client, Group, Queue};
use super::partition_list::{add, list, offsets};
use super::settings::{Assignor, KafkaSettings, refused};
use super::standing;
use super::statistics::Statistics;
use super::token::Registration;
use crate::broker::{Consumer, ConsumerSpec, Error, FencedBy, GroupEvent, GroupMetadata, Result, Start, Waker};
use crate::model::{Record, Topic, TopicPartition};

/// The most events that one poll serves, so that it always ends.
const EVENTS: usize = 100;

/// The time-out of a probe after a request without an answer.
const PROBE: Duration = Duration::from_millis(500);

/// The time-out of the client's reply while it closes, which needs no broker.
const ANSWER: Duration = Duration::from_secs(5);

/// A member of a consumer group on librdkafka.
///
/// The fields are in the order of their drops: queues before the client, and the waker, whose descriptor the client
/// writes to, last.
pub(super) struct KafkaConsumer {
    _tokens: Option<Registration>,
    assigned: BTreeMap<TopicPartition, Assigned>,
    events: Queue,
    native: Client,
    consumer: Arc<BaseConsumer>,
    waker: Waker,
    group: String,
    address: String,
    /// The principal, for errors about missing rights.
    principal: String,
    /// The name of a static member, until it has subscribed: it may join twice (see [`Consumer::subscribe`]).
    returns_as: Option<String>,
    is_eager: bool,
    /// The topics of the second subscription, until it is made.
    second: Option<Vec<Topic>>,
    /// True after the first assignment was answered: the second subscription is due.
    answered: bool,
    /// True from the return of a rebalance event until its answer.
    awaits_answer: bool,
}

impl KafkaConsumer {
    pub(super) fn new(settings: &KafkaSettings, spec: &ConsumerSpec, statistics: &Arc<Statistics>) -> Result<Self> {
        let context = Context::of_member(statistics);
        let consumer: BaseConsumer =
            settings.consumer(spec).create_with_context(context).map_err(|error| refused(&error))?;
        let consumer = Arc::new(consumer);
        let native = Client::of_consumer(&consumer).ok_or_else(|| missing("client"))?;
        let events = native.consumer_queue().ok_or_else(|| missing("consumer queue"))?;
        if let Some(descriptor) = spec.waker.descriptor() {
            events.signal(descriptor);
        }
        Ok(Self {
            _tokens: settings.register(&native, consumer.client().context())?,
            assigned: BTreeMap::new(),
            events,
            native,
            consumer,
            waker: spec.waker.clone(),
            group: spec.group.clone(),
            address: settings.bootstrap_servers.clone(),
            principal: settings.principal(),
            returns_as: spec.group_instance.clone(),
            is_eager: settings.assignor != Assignor::CooperativeSticky,
            second: None,
            answered: false,
            awaits_answer: false,
        })
    }

    /// Subscribes to topics. The member rejoins only if they have changed.
    fn subscribe_to(&self, topics: &[Topic]) -> Result<()> {
        let names: Vec<&str> = topics.iter().map(Topic::as_str).collect();
        self.consumer.subscribe(&names).map_err(|error| self.error("subscribing", &error))
    }

    fn context(&self) -> &Context {
        self.consumer.context()
    }

    fn error(&self, operation: &'static str, error: &KafkaError) -> Error {
        let failure = self.context().explain(Failure::from_kafka(error));
        self.lacks(failure).of_operation(operation, &self.address)
    }

    /// Names a missing right.
    fn lacks(&self, failure: Failure) -> Failure {
        let of_group = failure.code == Code::GroupAuthorizationFailed;
        let resource = if of_group { format!("group {}", self.group) } else { "a topic that it reads".to_owned() };
        failure.lacks("READ", &resource, &self.principal)
    }

    /// Serves events until a rebalance, or until there are no more.
    fn serve(&self) -> Result<Option<GroupEvent>> {
        if let Some(failure) = self.context().refused() {
            return Err(failure.of_operation("serving the group", &self.address));
        }
        for _ in 0..EVENTS {
            match self.consumer.poll(Duration::ZERO) {
                None => {}
                Some(Ok(stray)) => {
                    use rdkafka::Message as _;
                    let detail = format!("a record of {} bypassed its partition's queue", stray.topic());
                    return Err(Error::Fatal { operation: "polling the group", detail });
                }
                Some(Err(error)) => self.check_error(&error)?,
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

    /// Most errors are informational: librdkafka retries. Permanent ones are returned.
    fn check_error(&self, error: &KafkaError) -> Result<()> {
        let failure = self.context().judged(Failure::from_kafka(error));
        if failure.fatal || failure.code == Code::Fatal || failure.code == Code::FencedInstanceId {
            let (code, detail) =
                self.consumer.client().fatal_error().unwrap_or_else(|| (failure.code, failure.detail.clone()));
            let failure = Failure { fatal: true, ..Failure::of(code, &detail) };
            return Err(failure.of_operation("serving the group", &self.address));
        }
        if failure.is_permanent() {
            let failure = self.lacks(self.context().last_error().unwrap_or(failure));
            return Err(Error::Fatal { operation: "serving the group", detail: failure.detail });
        }
        Ok(())
    }

    /// While an offset is unstable librdkafka retries until the time-out, and returns only that. If the cluster answers
    /// another request at once, the offset is unstable.
    fn is_answered(&self, error: &Error, partitions: &[TopicPartition]) -> bool {
        let Some(partition) = partitions.first() else { return false };
        matches!(error, Error::TimedOut { .. })
            && self.consumer.fetch_metadata(Some(partition.topic.as_str()), PROBE).is_ok()
    }

    fn is_cooperative(&self) -> bool {
        matches!(self.consumer.rebalance_protocol(), RebalanceProtocol::Cooperative)
    }

    /// Detaches the partition's queue, before the assignment.
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
        let twice = self.returns_as.take().is_some_and(|instance| {
            !self.is_eager || standing::is_outdated((&self.consumer, &self.native), &self.group, &instance, topics)
        });
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
        self.awaits_answer |= matches!(event, Ok(Some(_)));
        if self.events.len() > 0 {
            // The queue does not signal again until it has been empty.
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
            // The old handle first: dropping it disables the signal of the shared queue.
            drop(self.assigned.remove(&partition));
            if let Some(descriptor) = self.waker.descriptor() {
                assigned.queue().signal(descriptor);
            }
            // Messages that arrived before the signal was enabled do not wake.
            waiting |= assigned.queue().len() > 0;
            self.assigned.insert(partition, assigned);
        }
        if waiting {
            self.waker.wake();
        }
        self.answered = true;
        self.awaits_answer = false;
        if self.second.is_some() {
            // The next poll subscribes again. Here a failure would affect an assignment that has succeeded.
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
        result.map_err(|error| self.error("unassigning partitions", &error))?;
        self.awaits_answer = false;
        Ok(())
    }

    fn fetch(&mut self, partition: &TopicPartition, max: usize, out: &mut Vec<Record>) -> Result<()> {
        let Some(assigned) = self.assigned.get_mut(partition) else {
            return Err(Error::Fatal { operation: "fetching", detail: format!("{partition} is not assigned here") });
        };
        let before = out.len();
        let is_fetched_again = assigned.fetch(partition, (&self.consumer, &self.principal), max, out)?;
        if out.len() > before {
            self.context().clear_error();
        } else if is_fetched_again {
            self.waker.wake();
        }
        Ok(())
    }

    fn position(&mut self, partition: &TopicPartition) -> Option<i64> {
        self.assigned.get_mut(partition)?.position(&self.native)
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
        let found = offsets(&answer, partitions).map_err(|failure| {
            let is_unstable = failure.code == Code::UnstableOffsetCommit;
            if is_unstable { Error::Unstable } else { self.lacks(failure).of_operation(READING, &self.address) }
        })?;
        self.context().clear_error();
        Ok(found)
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
        answer.map_err(|failure| self.lacks(self.context().judged(failure)).of_operation(COMMITTING, &self.address))
    }

    fn group(&self) -> Result<GroupMetadata> {
        let group: Group = self.native.group().ok_or_else(|| missing("group metadata"))?;
        Ok(GroupMetadata { generation: group.generation(), group: self.group.clone(), native: Box::new(group) })
    }

    fn close(self: Box<Self>, timeout: Duration) -> Result<()> {
        // Dropping waits for the broker without a limit, so it runs on a thread of its own.
        let (done, ended) = channel();
        std::thread::Builder::new()
            .name("sheaf-kafka-close".to_owned())
            .spawn(move || {
                drop(self);
                if done.send(()).is_err() {
                    tracing::debug!("a consumer has closed after its time-out");
                }
            })
            .map_err(|error| Error::Fatal { operation: "closing the consumer", detail: error.to_string() })?;
        match ended.recv_timeout(timeout) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => Ok(()),
            Err(RecvTimeoutError::Timeout) => Err(Error::TimedOut {
                operation: "closing the consumer",
                detail: "the consumer closes in the background".to_owned(),
            }),
        }
    }
}

impl Drop for KafkaConsumer {
    fn drop(&mut self) {
        self.context().close();
        self.events.silence();
        // The client does not close while a rebalance is unanswered, whether its event was returned or not. Without one its own
        // `drop` closes it; closed before, it would log an error there.
        let waits = self.awaits_answer || self.context().next_event().is_some();
        if waits && self.consumer.close_queue().is_ok() {
            answer_aside(&self.consumer);
        }
    }
}

/// Answers the rebalance of a closing client. A client that has just ended never replies, so this runs on a thread of
/// its own, which keeps the rest of the client if there is no reply.
fn answer_aside(consumer: &Arc<BaseConsumer>) {
    let (done, answered) = channel();
    let asking = Arc::clone(consumer);
    let asked = std::thread::Builder::new().name("sheaf-kafka-answer".to_owned()).spawn(move || {
        asking.context().answer_closing(&asking);
        // Dropped before the signal, so that the last reference is dropped by the waiting thread.
        drop(asking);
        done.send(())
    });
    if asked.is_ok() && answered.recv_timeout(ANSWER) == Err(RecvTimeoutError::Timeout) {
        tracing::warn!("a closing consumer does not reply; its resources are not released");
    }
}
