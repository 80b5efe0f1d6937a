//! The administration of topics.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use rdkafka::admin::{
    AdminClient, AdminOptions, NewPartitions, NewTopic as NativeTopic, ResourceSpecifier, TopicReplication, TopicResult,
};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{IsError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::metadata::Metadata;
use rdkafka::{Offset, TopicPartitionList};
use uuid::Uuid;

use super::context::{BaseConsumer, Context};
use super::deadline::Deadline;
use super::failure::{Failure, missing};
use super::native::Client;
use super::settings::{KafkaSettings, refused};
use crate::broker::{Admin, Error, Isolation, NewTopic, Purpose, Result, Start, TopicDescription};
use crate::model::{Timestamp, Topic, TopicPartition};

/// The wait before the next request for a topic that was just created.
const RETRY_WAIT: Duration = Duration::from_millis(10);

/// The operation in errors.
const DESCRIBING: &str = "describing topics";

/// The administration of topics on librdkafka.
pub(super) struct KafkaAdmin {
    admin: AdminClient<Context>,
    /// For metadata and watermarks; `read_uncommitted`, because the isolation level decides the end offset. Its context
    /// has the client's errors.
    metadata_client: Arc<BaseConsumer>,
    native: Client,
    address: String,
}

impl KafkaAdmin {
    pub(super) fn new(settings: &KafkaSettings) -> Result<Self> {
        let admin = settings.common().create_with_context(Context::default()).map_err(|error| refused(&error))?;
        let metadata_client: BaseConsumer = settings
            .reader(Isolation::ReadUncommitted, Purpose::Restore)
            .create_with_context(Context::default())
            .map_err(|error| refused(&error))?;
        metadata_client.context().close();
        let metadata_client = Arc::new(metadata_client);
        let native = Client::of_consumer(&metadata_client).ok_or_else(|| missing("client"))?;
        Ok(Self { admin, metadata_client, native, address: settings.bootstrap_servers.clone() })
    }

    fn error(&self, operation: &'static str, failure: Failure) -> Error {
        self.serve();
        self.metadata_client.context().explain(failure).of_operation(operation, &self.address)
    }

    /// Serves the events of the metadata client.
    fn serve(&self) {
        for _ in 0..100 {
            if self.metadata_client.poll(Duration::ZERO).is_none()
                && self.metadata_client.context().last_error().is_some()
            {
                break;
            }
        }
    }

    /// The results of an operation on several topics; the code `ignored` counts as success.
    fn each(&self, operation: &'static str, results: KafkaResult<Vec<TopicResult>>, ignored: Code) -> Result<()> {
        for result in results.map_err(|error| self.error(operation, Failure::from_kafka(&error)))? {
            match result {
                Ok(_) => {}
                Err((_, code)) if code == ignored => {}
                Err((topic, code)) => {
                    return Err(self.error(operation, Failure::of(code, &format!("{topic}: {code}"))));
                }
            }
        }
        Ok(())
    }

    /// The controller answers before the brokers know the topic; a request to one of them may still fail as unknown.
    fn await_topics(&self, topics: &[NewTopic], deadline: &Deadline) -> Result<()> {
        for NewTopic { topic, .. } in topics {
            while self.metadata(topic, deadline)?.is_none() {
                if deadline.passed() {
                    let detail = format!("{topic} was created, but no broker has its metadata yet");
                    return Err(Error::TimedOut { operation: "creating topics", detail });
                }
                // Waits, and serves the client's events meanwhile.
                drop(self.metadata_client.poll(RETRY_WAIT));
            }
        }
        Ok(())
    }

    /// The partition count and the replication factor of a topic, `None` if it does not exist.
    fn metadata(&self, topic: &Topic, deadline: &Deadline) -> Result<Option<(i32, i32)>> {
        let metadata = self
            .metadata_client
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

    /// Every topic has a configuration; an empty one stands for an error that rdkafka does not return: usually the
    /// broker does not know the topic yet, or any more, while another one does.
    fn describe_once(&self, topics: &[Topic], deadline: &Deadline) -> Result<Vec<Option<TopicDescription>>> {
        let found = topics.iter().map(|topic| self.metadata(topic, deadline)).collect::<Result<Vec<_>>>()?;
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
    fn describe(&mut self, topics: &[Topic], timeout: Duration) -> Result<Vec<Option<TopicDescription>>> {
        let deadline = Deadline::after(timeout);
        loop {
            let found = self.describe_once(topics, &deadline)?;
            let untold = |found: &Option<TopicDescription>| found.as_ref().is_some_and(|found| found.config.is_empty());
            let Some((topic, _)) = topics.iter().zip(&found).find(|(_, found)| untold(found)) else { return Ok(found) };
            if deadline.passed() {
                let detail = format!("no broker returns the configuration of {topic}: allow DescribeConfigs on it");
                return Err(Error::TimedOut { operation: DESCRIBING, detail });
            }
            drop(self.metadata_client.poll(RETRY_WAIT));
        }
    }

    fn topic_id(&mut self, topic: &Topic, timeout: Duration) -> Result<Option<Uuid>> {
        let id = self.native.topic_id(topic.as_str(), Deadline::after(timeout).left_ms());
        Ok(id.map_err(|failure| self.error("reading a topic id", failure))?.filter(|id| !id.is_nil()))
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
            super::partition_list::add(&mut list, partition, Start::At(*offset))
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
        self.metadata_client
            .fetch_watermarks(partition.topic.as_str(), partition.partition, timeout)
            .map_err(|error| self.error("reading watermarks", Failure::from_kafka(&error)))
    }

    fn offsets_at(
        &mut self,
        partitions: &[TopicPartition],
        at: Timestamp,
        timeout: Duration,
    ) -> Result<Vec<Option<i64>>> {
        const READING: &str = "reading offsets by timestamp";
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            // A request by timestamp has it in the place of the offset; negative ones are Kafka's words for ends.
            super::partition_list::add(&mut list, partition, Start::At(at.as_millis().max(0)))
                .map_err(|error| self.error(READING, Failure::from_kafka(&error)))?;
        }
        let found = self
            .metadata_client
            .offsets_for_times(list, timeout)
            .map_err(|error| self.error(READING, Failure::from_kafka(&error)))?;
        let offset = |partition: &TopicPartition| {
            let element = found.find_partition(partition.topic.as_str(), partition.partition);
            let element = element.ok_or_else(|| missing("partition"))?;
            element.error().map_err(|error| self.error(READING, Failure::from_kafka(&error)))?;
            match element.offset() {
                Offset::Offset(offset) => Ok(Some(offset)),
                Offset::Beginning | Offset::End | Offset::Stored | Offset::Invalid | Offset::OffsetTail(_) => Ok(None),
            }
        };
        partitions.iter().map(offset).collect()
    }
}

/// The partition count in a topic's metadata; `None` if the topic does not exist.
fn partition_count(metadata: &Metadata, topic: &Topic, address: &str) -> Result<Option<i32>> {
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic.as_str()) else {
        return Ok(None);
    };
    if let Some(error) = found.error().filter(IsError::is_error) {
        let code = Code::from(error);
        // A topic without leaders is being created; the next request finds it complete.
        let absent = [Code::UnknownTopicOrPartition, Code::UnknownTopic, Code::LeaderNotAvailable].contains(&code);
        let failure = Failure::of(code, &format!("{topic}: {code}"));
        return if absent { Ok(None) } else { Err(failure.of_operation("reading a topic's metadata", address)) };
    }
    Ok(Some(i32::try_from(found.partitions().len()).unwrap_or(i32::MAX)))
}

/// The time-out of the operation, at the client and at the broker. librdkafka does not accept zero.
fn options(deadline: &Deadline) -> AdminOptions {
    let left = deadline.left().max(Duration::from_millis(1));
    AdminOptions::new().request_timeout(Some(left)).operation_timeout(Some(left))
}

/// Blocks on a future of the admin client, which has its own time-out and is woken by the client's thread.
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
