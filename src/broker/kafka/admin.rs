//! The administration of topics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminOptions, NewPartitions, NewTopic as NativeTopic, TopicReplication, TopicResult};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{IsError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::metadata::Metadata;
use uuid::Uuid;

use super::context::{AdminClient, BaseConsumer, Context};
use super::coordinator;
use super::deadline::Deadline;
use super::failure::{Failure, missing};
use super::native::{Client, TopicConfigs};
use super::partition_list;
use super::settings::{KafkaSettings, refused};
use super::token::Registration;
use super::wait::wait;
use crate::broker::{Admin, Error, Isolation, NewTopic, Purpose, Result, Start, TopicDescription};
use crate::model::{Timestamp, Topic, TopicPartition};

/// The wait before the next request for a topic that was just created.
const RETRY_WAIT: Duration = Duration::from_millis(10);

/// The descriptions of topics, in their order; `None` for one that does not exist.
type Descriptions = Vec<Option<TopicDescription>>;

/// The operation in errors.
const DESCRIBING: &str = "describing topics";

/// The administration of topics on librdkafka.
pub(super) struct KafkaAdmin {
    _tokens: [Option<Registration>; 2],
    admin: Arc<AdminClient>,
    /// For metadata and watermarks; `read_uncommitted`, because the isolation level decides the end offset. Its context
    /// has the client's errors.
    pub(super) metadata_client: Arc<BaseConsumer>,
    pub(super) native: Client,
    pub(super) settings: Arc<KafkaSettings>,
}

impl KafkaAdmin {
    pub(super) fn new(settings: &Arc<KafkaSettings>) -> Result<Self> {
        let admin: AdminClient =
            settings.common().create_with_context(Context::default()).map_err(|error| refused(&error))?;
        let metadata_client: BaseConsumer = settings
            .reader(Isolation::ReadUncommitted, Purpose::Restore)
            .create_with_context(Context::default())
            .map_err(|error| refused(&error))?;
        metadata_client.context().close();
        let metadata_client = Arc::new(metadata_client);
        let native = Client::of_consumer(&metadata_client).ok_or_else(|| missing("client"))?;
        let admin = Arc::new(admin);
        let admin_native = Client::of_admin(&admin).ok_or_else(|| missing("client"))?;
        let tokens = [
            settings.register(&admin_native, admin.inner().context())?,
            settings.register(&native, metadata_client.client().context())?,
        ];
        Ok(Self { _tokens: tokens, admin, metadata_client, native, settings: Arc::clone(settings) })
    }

    /// The offsets of partitions, by their timestamp in the place of an offset, or at their ends.
    fn offsets(
        &self,
        (partitions, at): (&[TopicPartition], Start),
        (operation, timeout): (&'static str, Duration),
    ) -> Result<Vec<Option<i64>>> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            partition_list::add(&mut list, partition, at)
                .map_err(|error| self.error(operation, Failure::from_kafka(&error)))?;
        }
        let found = self.metadata_client.offsets_for_times(list, timeout);
        let found = found.map_err(|error| self.error(operation, Failure::from_kafka(&error)))?;
        partition_list::offsets(&found, partitions).map_err(|failure| self.error(operation, failure))
    }

    pub(super) fn error(&self, operation: &'static str, failure: Failure) -> Error {
        self.serve();
        self.metadata_client.context().explain(failure).of_operation(operation, &self.settings.bootstrap_servers)
    }

    /// Names a missing right to a topic.
    fn lacks(&self, failure: Failure, right: &str, topic: &str) -> Failure {
        failure.lacks(right, &format!("topic {topic}"), &self.settings.principal())
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

    /// The results of an operation on several topics, which needs a right to each; the code `ignored` counts as success.
    fn each(
        &self,
        (operation, right): (&'static str, &str),
        results: KafkaResult<Vec<TopicResult>>,
        ignored: Code,
    ) -> Result<()> {
        for result in results.map_err(|error| self.error(operation, Failure::from_kafka(&error)))? {
            match result {
                Ok(_) => {}
                Err((_, code)) if code == ignored => {}
                Err((topic, code)) => {
                    let failure = Failure::of(code, &format!("{topic}: {code}"));
                    return Err(self.error(operation, self.lacks(failure, right, &topic)));
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
        self.metadata_client.context().clear_error();
        let Some(partitions) = partition_count(&metadata, topic).map_err(|failure| {
            self.lacks(failure, "DESCRIBE", topic.as_str())
                .of_operation("reading a topic's metadata", &self.settings.bootstrap_servers)
        })?
        else {
            return Ok(None);
        };
        let replication = metadata
            .topics()
            .first()
            .and_then(|topic| topic.partitions().iter().find(|partition| partition.id() == 0))
            .map_or(0, |first| first.replicas().len());
        Ok(Some((partitions, i32::try_from(replication).unwrap_or(i32::MAX))))
    }

    /// The descriptions; a topic as an error is one that the asked broker does not know yet, or any more, while another one does.
    fn describe_once(&self, topics: &[Topic], deadline: &Deadline) -> Result<std::result::Result<Descriptions, Topic>> {
        let found = topics.iter().map(|topic| self.metadata(topic, deadline)).collect::<Result<Vec<_>>>()?;
        let existing: Vec<&str> =
            topics.iter().zip(&found).filter_map(|(topic, found)| found.map(|_| topic.as_str())).collect();
        let mut configs =
            if existing.is_empty() { TopicConfigs::new() } else { self.configurations(&existing, deadline)? };
        let mut descriptions = Descriptions::with_capacity(topics.len());
        for (topic, found) in topics.iter().zip(found) {
            let Some((partitions, replication)) = found else {
                descriptions.push(None);
                continue;
            };
            let config = match configs.remove(topic.as_str()) {
                Some(Ok(config)) if !config.is_empty() => config,
                Some(Err(failure)) if failure.is_unauthorized() => BTreeMap::new(),
                Some(Err(failure)) if failure.is_permanent() => {
                    let detail = format!("{topic}: {}", failure.detail);
                    return Err(self.error(DESCRIBING, Failure { detail, ..failure }));
                }
                Some(Ok(_) | Err(_)) | None => return Ok(Err(topic.clone())),
            };
            descriptions.push(Some(TopicDescription { partitions, replication, config }));
        }
        Ok(Ok(descriptions))
    }

    fn configurations(&self, topics: &[&str], deadline: &Deadline) -> Result<TopicConfigs> {
        self.native.topic_configs(topics, deadline.left_ms()).map_err(|failure| self.error(DESCRIBING, failure))
    }
}

impl Admin for KafkaAdmin {
    fn describe(&mut self, topics: &[Topic], timeout: Duration) -> Result<Vec<Option<TopicDescription>>> {
        let deadline = Deadline::after(timeout);
        loop {
            let topic = match self.describe_once(topics, &deadline)? {
                Ok(found) => return Ok(found),
                Err(topic) => topic,
            };
            if deadline.passed() {
                let detail = format!("no broker returns the configuration of {topic} yet");
                return Err(Error::TimedOut { operation: DESCRIBING, detail });
            }
            drop(self.metadata_client.poll(RETRY_WAIT));
        }
    }

    fn missing(&mut self, topics: &[Topic], timeout: Duration) -> Result<Vec<Topic>> {
        let deadline = Deadline::after(timeout);
        let mut missing = Vec::new();
        for topic in topics {
            match self.metadata(topic, &deadline) {
                Ok(None) => missing.push(topic.clone()),
                Ok(Some(_)) => {}
                Err(error) if deadline.passed() => return Err(error),
                // As without the right to describe it: nothing is known of this one.
                Err(error) => tracing::debug!(%topic, %error, "cannot look for a topic"),
            }
        }
        Ok(missing)
    }

    fn topic_id(&mut self, topic: &Topic, timeout: Duration) -> Result<Option<Uuid>> {
        let id = self.native.topic_id(topic.as_str(), Deadline::after(timeout).left_ms());
        let failed = |failure| self.error("reading a topic id", self.lacks(failure, "DESCRIBE", topic.as_str()));
        Ok(id.map_err(failed)?.filter(|id| !id.is_nil()))
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
        self.each(("creating topics", "CREATE"), results, Code::TopicAlreadyExists)?;
        self.await_topics(topics, &deadline)
    }

    fn delete(&mut self, topics: &[Topic], timeout: Duration) -> Result<()> {
        if topics.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = topics.iter().map(Topic::as_str).collect();
        let results = wait(self.admin.delete_topics(&names, &options(&Deadline::after(timeout))));
        self.each(("deleting topics", "DELETE"), results, Code::UnknownTopicOrPartition)
    }

    fn add_partitions(&mut self, topic: &Topic, count: i32, timeout: Duration) -> Result<()> {
        const ADDING: &str = "adding partitions";
        let Ok(total) = usize::try_from(count) else {
            return Err(Error::Fatal { operation: ADDING, detail: format!("{count} partitions are not possible") });
        };
        let new = NewPartitions::new(topic.as_str(), total);
        let results = wait(self.admin.create_partitions([&new], &options(&Deadline::after(timeout))));
        self.each((ADDING, "ALTER"), results, Code::NoError)
    }

    fn delete_records(&mut self, before: &[(TopicPartition, i64)], timeout: Duration) -> Result<()> {
        const DELETING: &str = "deleting records";
        if before.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::with_capacity(before.len());
        for (partition, offset) in before {
            partition_list::add(&mut list, partition, Start::At(*offset))
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
                return Err(self.error(DELETING, self.lacks(failure, "DELETE", element.topic())));
            }
        }
        Ok(())
    }

    fn coordinator_problem(&mut self, timeout: Duration) -> Result<Option<String>> {
        let deadline = Deadline::after(timeout);
        for topic in &coordinator::TOPICS {
            let metadata = self
                .metadata_client
                .fetch_metadata(Some(topic.name), deadline.left())
                .map_err(|error| self.error("reading a coordinator's topic", Failure::from_kafka(&error)))?;
            // Without the right to see the settings Kafka's default is taken: one replica in sync is enough.
            let settings = self.native.topic_configs(&[topic.name], deadline.left_ms()).unwrap_or_default();
            let settings = settings.get(topic.name).and_then(|settings| settings.as_ref().ok());
            let in_sync_min = settings.and_then(|settings| settings.get("min.insync.replicas")?.parse().ok());
            if let Some(problem) = topic.problem(&metadata, in_sync_min.unwrap_or(1)) {
                return Ok(Some(problem));
            }
        }
        Ok(None)
    }

    fn watermarks(&mut self, partition: &TopicPartition, timeout: Duration) -> Result<(i64, i64)> {
        self.metadata_client.fetch_watermarks(partition.topic.as_str(), partition.partition, timeout).map_err(|error| {
            let failure = self.lacks(Failure::from_kafka(&error), "DESCRIBE", partition.topic.as_str());
            self.error("reading watermarks", failure)
        })
    }

    fn ends(&mut self, partitions: &[TopicPartition], timeout: Duration) -> Result<Vec<i64>> {
        const READING: &str = "reading the ends of partitions";
        let ends = self.offsets((partitions, Start::End), (READING, timeout))?;
        let end = |(end, partition): (Option<i64>, &TopicPartition)| {
            let missing = || Failure::of(Code::Fail, &format!("the response has no end of {partition}"));
            end.ok_or_else(|| self.error(READING, missing()))
        };
        ends.into_iter().zip(partitions).map(end).collect()
    }

    fn committed(&mut self, group: &str, partitions: &[TopicPartition], timeout: Duration) -> Result<Vec<Option<i64>>> {
        const READING: &str = "reading the committed offsets";
        if group != self.settings.group {
            let detail = format!("this client is of the group {}, not of {group}", self.settings.group);
            return Err(Error::Fatal { operation: READING, detail });
        }
        let answer = self.metadata_client.committed_offsets(partition_list::list(partitions), timeout);
        let answer = answer.map_err(|error| self.error(READING, Failure::from_kafka(&error)))?;
        partition_list::offsets(&answer, partitions).map_err(|failure| self.error(READING, failure))
    }

    fn members(&mut self, group: &str, timeout: Duration) -> Result<Vec<String>> {
        self.group_members(group, timeout)
    }

    fn set_offsets(&mut self, group: &str, offsets: &[(TopicPartition, i64)], _timeout: Duration) -> Result<()> {
        self.commit_for_group(group, offsets)
    }

    fn offsets_at(
        &mut self,
        partitions: &[TopicPartition],
        at: Timestamp,
        timeout: Duration,
    ) -> Result<Vec<Option<i64>>> {
        const READING: &str = "reading offsets by timestamp";
        // A request by timestamp has it in the place of the offset; negative ones are Kafka's words for ends.
        self.offsets((partitions, Start::At(at.as_millis().max(0))), (READING, timeout))
    }
}

/// The partition count in a topic's metadata; `None` if the topic does not exist.
fn partition_count(metadata: &Metadata, topic: &Topic) -> std::result::Result<Option<i32>, Failure> {
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic.as_str()) else {
        return Ok(None);
    };
    if let Some(error) = found.error().filter(IsError::is_error) {
        let code = Code::from(error);
        // A topic without leaders is being created; the next request finds it complete.
        let absent = [Code::UnknownTopicOrPartition, Code::UnknownTopic, Code::LeaderNotAvailable].contains(&code);
        return if absent { Ok(None) } else { Err(Failure::of(code, &format!("{topic}: {code}"))) };
    }
    Ok(Some(i32::try_from(found.partitions().len()).unwrap_or(i32::MAX)))
}

/// The time-out of the operation, at the client and at the broker. librdkafka does not accept zero.
fn options(deadline: &Deadline) -> AdminOptions {
    let left = deadline.left().max(Duration::from_millis(1));
    AdminOptions::new().request_timeout(Some(left)).operation_timeout(Some(left))
}
