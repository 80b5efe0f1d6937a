//! The administration of topics.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::admin::{
    AdminClient, AdminOptions, NewPartitions, NewTopic as NativeTopic, ResourceSpecifier, TopicReplication, TopicResult,
};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{IsError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::metadata::Metadata;
use uuid::Uuid;

use super::context::{BaseConsumer, Context};
use super::deadline::Deadline;
use super::failure::{Failure, missing};
use super::native::Client;
use super::settings::{KafkaSettings, refused};
use crate::broker::{Admin, Error, Isolation, NewTopic, Purpose, Result, Start, TopicDescription};
use crate::model::{Topic, TopicPartition};

/// How long to wait before asking again for a topic that was just created.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The operation's name in errors.
const DESCRIBING: &str = "describing topics";

/// The administration of topics on librdkafka.
pub(super) struct KafkaAdmin {
    admin: AdminClient<Context>,
    /// Reads uncommitted, because that decides which watermark a look-up gives; and it is told why nothing answers.
    looker: Arc<BaseConsumer>,
    native: Client,
    address: String,
}

impl KafkaAdmin {
    pub(super) fn new(settings: &KafkaSettings) -> Result<Self> {
        let admin = settings.common().create_with_context(Context::default()).map_err(|error| refused(&error))?;
        let looker: BaseConsumer = settings
            .reader(Isolation::ReadUncommitted, Purpose::Restore)
            .create_with_context(Context::default())
            .map_err(|error| refused(&error))?;
        looker.context().close();
        let looker = Arc::new(looker);
        let native = Client::of_consumer(&looker).ok_or_else(|| missing("client"))?;
        Ok(Self { admin, looker, native, address: settings.bootstrap_servers.clone() })
    }

    fn error(&self, operation: &'static str, failure: Failure) -> Error {
        self.serve();
        self.looker.context().explain(failure).of_operation(operation, &self.address)
    }

    /// Reads what the looking client has to say.
    fn serve(&self) {
        for _ in 0..100 {
            if self.looker.poll(Duration::ZERO).is_none() && self.looker.context().trouble().is_some() {
                break;
            }
        }
    }

    /// The results of an operation on several topics; what is passed over counts as done.
    fn each(&self, operation: &'static str, results: KafkaResult<Vec<TopicResult>>, passed_over: Code) -> Result<()> {
        for result in results.map_err(|error| self.error(operation, Failure::from_kafka(&error)))? {
            match result {
                Ok(_) => {}
                Err((_, code)) if code == passed_over => {}
                Err((topic, code)) => {
                    return Err(self.error(operation, Failure::of(code, &format!("{topic}: {code}"))));
                }
            }
        }
        Ok(())
    }

    /// The controller's answer comes before the brokers know the topic; who asks one of them too early is told that it
    /// does not exist.
    fn await_topics(&self, topics: &[NewTopic], deadline: &Deadline) -> Result<()> {
        for NewTopic { topic, .. } in topics {
            while self.look(topic, deadline)?.is_none() {
                if deadline.passed() {
                    let detail = format!("{topic} is created, but no broker knows it yet");
                    return Err(Error::TimedOut { operation: "creating topics", detail });
                }
                // Waits, and reads what the client has to say meanwhile.
                drop(self.looker.poll(LOOK_AGAIN));
            }
        }
        Ok(())
    }

    /// Partition count and replication factor of a topic, `None` when it does not exist.
    fn look(&self, topic: &Topic, deadline: &Deadline) -> Result<Option<(i32, i32)>> {
        let metadata = self
            .looker
            .fetch_metadata(Some(topic.as_str()), deadline.left())
            .map_err(|error| self.error(DESCRIBING, Failure::from_kafka(&error)))?;
        let Some(partitions) = partition_count(&metadata, topic, &self.address)? else { return Ok(None) };
        let replication = metadata
            .topics()
            .first()
            .and_then(|topic| topic.partitions().iter().find(|partition| partition.id() == 0))
            .map_or(0, |first| first.replicas().len());
        Ok(Some((partitions, i32::try_from(replication).unwrap_or(i32::MAX))))
    }

    /// Every topic has a configuration; an empty one stands for an error, which rdkafka does not tell: as a rule the
    /// broker that was asked does not know the topic yet, or any more, while another one does.
    fn describe_once(&self, topics: &[Topic], deadline: &Deadline) -> Result<Vec<Option<TopicDescription>>> {
        let found = topics.iter().map(|topic| self.look(topic, deadline)).collect::<Result<Vec<_>>>()?;
        let existing: Vec<&Topic> =
            topics.iter().zip(&found).filter_map(|(topic, found)| found.map(|_| topic)).collect();
        let mut configs =
            if existing.is_empty() { Vec::new() } else { self.configuration(&existing, deadline)? }.into_iter();
        Ok(found
            .into_iter()
            .map(|found| {
                let (partitions, replication) = found?;
                Some(TopicDescription { partitions, replication, config: configs.next().unwrap_or_default() })
            })
            .collect())
    }

    fn configuration(&self, topics: &[&Topic], deadline: &Deadline) -> Result<Vec<BTreeMap<String, String>>> {
        let named: Vec<_> = topics.iter().map(|topic| ResourceSpecifier::Topic(topic.as_str())).collect();
        let options = options(deadline);
        let answer = wait(self.admin.describe_configs(&named, &options));
        let mut all = Vec::with_capacity(topics.len());
        for (topic, resource) in
            topics.iter().zip(answer.map_err(|error| self.error(DESCRIBING, Failure::from_kafka(&error)))?)
        {
            let resource =
                resource.map_err(|code| self.error(DESCRIBING, Failure::of(code, &format!("{topic}: {code}"))))?;
            let values = resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?)));
            all.push(values.collect());
        }
        Ok(all)
    }
}

impl Admin for KafkaAdmin {
    fn cluster_id(&mut self, timeout: Duration) -> Result<String> {
        self.looker
            .client()
            .fetch_cluster_id(timeout)
            .ok_or_else(|| self.error("asking for the cluster's id", Failure::of(Code::OperationTimedOut, "")))
    }

    fn describe(&mut self, topics: &[Topic], timeout: Duration) -> Result<Vec<Option<TopicDescription>>> {
        let deadline = Deadline::after(timeout);
        loop {
            let found = self.describe_once(topics, &deadline)?;
            let untold = |found: &Option<TopicDescription>| found.as_ref().is_some_and(|found| found.config.is_empty());
            let Some((topic, _)) = topics.iter().zip(&found).find(|(_, found)| untold(found)) else { return Ok(found) };
            if deadline.passed() {
                let detail = format!("no broker tells the configuration of {topic}: is DescribeConfigs allowed on it?");
                return Err(Error::TimedOut { operation: DESCRIBING, detail });
            }
            drop(self.looker.poll(LOOK_AGAIN));
        }
    }

    fn topic_id(&mut self, topic: &Topic, timeout: Duration) -> Result<Option<Uuid>> {
        let id = self.native.topic_id(topic.as_str(), Deadline::after(timeout).left_ms());
        Ok(id.map_err(|failure| self.error("asking for a topic's id", failure))?.filter(|id| !id.is_nil()))
    }

    fn create(&mut self, topics: &[NewTopic], timeout: Duration) -> Result<()> {
        let deadline = Deadline::after(timeout);
        let wanted: Vec<NativeTopic<'_>> = topics
            .iter()
            .map(|topic| {
                let replication = TopicReplication::Fixed(topic.replication.unwrap_or(-1));
                let new = NativeTopic::new(topic.topic.as_str(), topic.partitions, replication);
                topic.config.iter().fold(new, |new, (key, value)| new.set(key, value))
            })
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let results = wait(self.admin.create_topics(&wanted, &options(&deadline)));
        self.each("creating topics", results, Code::TopicAlreadyExists)?;
        self.await_topics(topics, &deadline)
    }

    fn delete(&mut self, topics: &[Topic], timeout: Duration) -> Result<()> {
        if topics.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = topics.iter().map(Topic::as_str).collect();
        let results = wait(self.admin.delete_topics(&names, &options(&Deadline::after(timeout))));
        self.each("deleting topics", results, Code::UnknownTopicOrPartition)
    }

    fn add_partitions(&mut self, topic: &Topic, count: i32, timeout: Duration) -> Result<()> {
        const ADDING: &str = "adding partitions";
        let Ok(total) = usize::try_from(count) else {
            return Err(Error::Fatal { operation: ADDING, detail: format!("{count} partitions are not possible") });
        };
        let new = NewPartitions::new(topic.as_str(), total);
        let results = wait(self.admin.create_partitions([&new], &options(&Deadline::after(timeout))));
        self.each(ADDING, results, Code::NoError)
    }

    fn delete_records(&mut self, before: &[(TopicPartition, i64)], timeout: Duration) -> Result<()> {
        const DELETING: &str = "deleting records";
        if before.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::with_capacity(before.len());
        for (partition, offset) in before {
            super::place::add(&mut list, partition, Start::At(*offset))
                .map_err(|error| self.error(DELETING, Failure::from_kafka(&error)))?;
        }
        let answer = wait(self.admin.delete_records(&list, &options(&Deadline::after(timeout))))
            .map_err(|error| self.error(DELETING, Failure::from_kafka(&error)))?;
        for element in answer.elements() {
            if let Err(error) = element.error() {
                let failure = Failure::from_kafka(&error);
                if failure.is_out_of_range() {
                    let partition =
                        TopicPartition { topic: Topic::new(element.topic()), partition: element.partition() };
                    return Err(Error::OutOfRange { partition });
                }
                return Err(self.error(DELETING, failure));
            }
        }
        Ok(())
    }

    fn watermarks(&mut self, partition: &TopicPartition, timeout: Duration) -> Result<(i64, i64)> {
        self.looker
            .fetch_watermarks(partition.topic.as_str(), partition.partition, timeout)
            .map_err(|error| self.error("reading watermarks", Failure::from_kafka(&error)))
    }
}

/// The partition count of the topic that the metadata was asked for; `None` when it does not exist.
pub(super) fn partition_count(metadata: &Metadata, topic: &Topic, address: &str) -> Result<Option<i32>> {
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic.as_str()) else {
        return Ok(None);
    };
    if let Some(error) = found.error().filter(IsError::is_error) {
        let code = Code::from(error);
        // A topic without leaders is being created; whoever asks again will see it whole.
        let absent = [Code::UnknownTopicOrPartition, Code::UnknownTopic, Code::LeaderNotAvailable].contains(&code);
        let failure = Failure::of(code, &format!("{topic}: {code}"));
        return if absent { Ok(None) } else { Err(failure.of_operation("reading a topic's metadata", address)) };
    }
    Ok(Some(i32::try_from(found.partitions().len()).unwrap_or(i32::MAX)))
}

/// The time-out of the whole operation, at the client and at the broker. librdkafka takes no zero.
fn options(deadline: &Deadline) -> AdminOptions {
    let left = deadline.left().max(Duration::from_millis(1));
    AdminOptions::new().request_timeout(Some(left)).operation_timeout(Some(left))
}

/// Waits for one of the admin client's futures, which end by their own time-outs and are woken by its own thread.
fn wait<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = TaskContext::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
