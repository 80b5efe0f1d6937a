//! The topics of a cluster, with their configuration by Kafka's names.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::log::Log;
use crate::broker::{Error, NewTopic, Result, TopicDescription};
use crate::model::{Topic, TopicPartition};

/// The defaults of Kafka 4.3 for the topic configuration that sheaf reads.
/// Source: `org.apache.kafka.common.config.TopicConfig` and the topic section of Kafka's documentation.
const DEFAULTS: [(&str, &str); 9] = [
    ("cleanup.policy", "delete"),
    ("compression.type", "producer"),
    ("delete.retention.ms", "86400000"),
    ("max.message.bytes", "1048588"),
    ("message.timestamp.type", "CreateTime"),
    ("min.insync.replicas", "1"),
    ("retention.bytes", "-1"),
    ("retention.ms", "604800000"),
    ("segment.bytes", "1073741824"),
];

/// All topics.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    topics: BTreeMap<Topic, Entry>,
    /// The number of topics ever created.
    created: u64,
}

/// One topic.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: Uuid,
    pub(super) logs: Vec<Log>,
    pub(super) config: BTreeMap<String, String>,
    /// The parsed configuration that applies to each record.
    pub(super) rules: Rules,
}

/// The parsed configuration that applies to each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    /// `cleanup.policy` contains `compact`: records need a key.
    pub(super) compact: bool,
    /// `cleanup.policy` contains `delete`: records can be deleted.
    pub(super) delete: bool,
    /// `message.timestamp.type` is `LogAppendTime`.
    pub(super) append_time: bool,
    /// `max.message.bytes`.
    pub(super) bytes_max: usize,
}

impl Catalog {
    pub(super) fn get(&self, topic: &Topic) -> Option<&Entry> {
        self.topics.get(topic)
    }

    pub(super) fn log(&self, partition: &TopicPartition) -> Option<&Log> {
        self.topics.get(&partition.topic)?.logs.get(usize::try_from(partition.partition).ok()?)
    }

    pub(super) fn log_mut(&mut self, partition: &TopicPartition) -> Option<&mut Log> {
        self.topics.get_mut(&partition.topic)?.logs.get_mut(usize::try_from(partition.partition).ok()?)
    }

    /// The partition count of a topic; `None` if it does not exist.
    pub(super) fn partitions(&self, topic: &Topic) -> Option<i32> {
        self.topics.get(topic).map(Entry::partitions)
    }

    pub(super) fn describe(&self, topic: &Topic) -> Option<TopicDescription> {
        let entry = self.topics.get(topic)?;
        Some(TopicDescription { partitions: entry.partitions(), replication: 1, config: entry.config.clone() })
    }

    /// Creates a topic; `false` if it existed already.
    pub(super) fn create(&mut self, new: &NewTopic) -> Result<bool> {
        if self.topics.contains_key(&new.topic) {
            return Ok(false);
        }
        let name = new.topic.as_str();
        if !Topic::is_legal(name) {
            return Err(refused(
                "create",
                format!("'{name}' is not a legal topic name (letters, digits, '.', '_', '-')"),
            ));
        }
        let Some(count) = usize::try_from(new.partitions).ok().filter(|count| *count > 0) else {
            return Err(refused("create", format!("topic {name} needs at least 1 partition, not {}", new.partitions)));
        };
        if let Some(replication) = new.replication.filter(|replication| *replication != 1) {
            let detail =
                format!("topic {name}: replication factor {replication}, and the cluster in memory has 1 broker");
            return Err(refused("create", detail));
        }
        let mut config: BTreeMap<_, _> = DEFAULTS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        config.extend(new.config.clone());
        let rules = Rules::of(&config)?;
        let logs = std::iter::repeat_with(Log::default).take(count).collect();
        self.created += 1;
        let id = Uuid::from_u64_pair(0, self.created);
        self.topics.insert(new.topic.clone(), Entry { id, logs, config, rules });
        Ok(true)
    }

    /// Compacts all partitions of a topic.
    pub(super) fn compact(&mut self, topic: &Topic, purge: bool) {
        if let Some(entry) = self.topics.get_mut(topic) {
            entry.logs.iter_mut().for_each(|log| log.compact(purge));
        }
    }

    /// Deletes a topic; `false` if it does not exist.
    pub(super) fn delete(&mut self, topic: &Topic) -> bool {
        self.topics.remove(topic).is_some()
    }

    /// Raises a topic's partition count.
    pub(super) fn add_partitions(&mut self, topic: &Topic, count: i32) -> Result<()> {
        let Some(entry) = self.topics.get_mut(topic) else {
            return Err(refused("add_partitions", format!("topic {topic} does not exist: create it first")));
        };
        let now = entry.partitions();
        let Some(wanted) = usize::try_from(count).ok().filter(|_| count > now) else {
            return Err(refused("add_partitions", format!("topic {topic} has {now} partitions; {count} is not more")));
        };
        entry.logs.resize_with(wanted, Log::default);
        Ok(())
    }
}

impl Entry {
    pub(super) fn partitions(&self) -> i32 {
        i32::try_from(self.logs.len()).unwrap_or(i32::MAX)
    }
}

impl Rules {
    fn of(config: &BTreeMap<String, String>) -> Result<Self> {
        let value = |name: &str| config.get(name).map_or("", String::as_str);
        let invalid = |name: &str| refused("create", format!("'{}' is not a value of {name}", value(name)));
        let (mut compact, mut delete) = (false, false);
        for policy in value("cleanup.policy").split(',') {
            match policy.trim() {
                "compact" => compact = true,
                "delete" => delete = true,
                _ => return Err(invalid("cleanup.policy")),
            }
        }
        let append_time = match value("message.timestamp.type") {
            "LogAppendTime" => true,
            "CreateTime" => false,
            _ => return Err(invalid("message.timestamp.type")),
        };
        let Ok(bytes_max) = value("max.message.bytes").parse() else { return Err(invalid("max.message.bytes")) };
        Ok(Self { compact, delete, append_time, bytes_max })
    }
}

/// The error of a request that the broker refuses permanently.
pub(super) fn refused(operation: &'static str, detail: String) -> Error {
    Error::Fatal { operation, detail }
}
