//! The topic `<application>-definitions`: the texts that states refer to by a digest, such as definitions of flows.
//!
//! A start reads it to its end before the first step, so that each entry has the text with which it has begun, and then adds the
//! texts of its own file that it does not have. A text that another instance has added since is read when a step asks for it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::error::Result;
use super::whole_topic;
use crate::broker::{self, Admin, Broker, Isolation, ProducerSpec};
use crate::model::{Key, OutRecord, Topic, TopicPartition};
use crate::processor::archive::{Archive, Texts};
use crate::topology::{Output, Topology};

/// The definitions topic of an application.
#[derive(Clone)]
pub(super) struct DefinitionsTopic {
    topic: Topic,
    broker: Arc<dyn Broker>,
    timeout: Duration,
}

impl fmt::Debug for DefinitionsTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefinitionsTopic").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// The texts that are still to be added to the topic.
pub(super) struct Missing {
    topic: DefinitionsTopic,
    texts: Texts,
}

/// True if a processor of the topology has texts.
pub(super) fn are_in(topology: &Topology) -> bool {
    topology.nodes.iter().any(|node| !node.processor.definitions().is_empty())
}

impl DefinitionsTopic {
    pub(super) fn new(topic: &Topic, broker: &Arc<dyn Broker>, timeout: Duration) -> Self {
        Self { topic: topic.clone(), broker: Arc::clone(broker), timeout }
    }

    /// Does nothing for a topology without texts. Has the processors learn what the topic has, adds the outputs of former texts to their nodes, and returns what it does not have
    /// yet.
    pub(super) fn learn(self, admin: &mut dyn Admin, topology: &mut Topology) -> Result<Missing> {
        let mut texts = Texts::new();
        if !are_in(topology) {
            return Ok(Missing { topic: self, texts });
        }
        let known = self.read(admin)?;
        for node in &mut topology.nodes {
            let own = node.processor.definitions();
            if own.is_empty() {
                continue;
            }
            let learned = node.processor.learn(&known, Arc::new(self.clone()));
            for unreadable in learned.unreadable {
                tracing::warn!(topic = %self.topic, unreadable, "a definition cannot be read by this version: entries that have begun \
                    with it reject their inputs; run the version that has written it, or a newer one");
            }
            let is_new = |name: &String| node.output(name).is_none();
            let outputs: Vec<String> = learned.outputs.into_iter().filter(is_new).collect();
            node.outputs.extend(outputs.into_iter().map(|name| Output::public(&*name, Topic::new(&name))));
            texts.extend(own.into_iter().filter(|(digest, _)| !known.contains_key(digest)));
        }
        Ok(Missing { topic: self, texts })
    }

    /// All texts of the topic; none if it does not exist yet.
    fn read(&self, admin: &mut dyn Admin) -> broker::Result<Texts> {
        let mut texts = Texts::new();
        if admin.partitions(&self.topic, self.timeout)?.is_empty() {
            return Ok(texts);
        }
        let mut reader = self.broker.reader(Isolation::ReadCommitted)?;
        whole_topic::read((admin, &mut *reader), &TopicPartition::new(&self.topic, 0), self.timeout, |record| {
            if let (Some(key), Some(value)) = (record.key, record.value) {
                let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
                texts.insert(text(&key), text(&value));
            }
        })?;
        Ok(texts)
    }
}

impl Archive for DefinitionsTopic {
    fn find(&self, digest: &str) -> std::result::Result<Option<String>, String> {
        let mut admin = self.broker.admin().map_err(|error| error.to_string())?;
        let mut texts = self.read(&mut *admin).map_err(|error| error.to_string())?;
        Ok(texts.remove(digest))
    }
}

impl Missing {
    /// Adds the texts to the topic, which exists now. Instances that add the same ones add the same records.
    pub(super) fn add(self) -> Result<()> {
        if self.texts.is_empty() {
            return Ok(());
        }
        let DefinitionsTopic { topic, broker, timeout } = self.topic;
        let partition = TopicPartition::new(&topic, 0);
        let record = |(digest, text): (String, String)| {
            OutRecord::logged(&partition, Key::new(&digest), Some(Bytes::from(text)))
        };
        tracing::info!(%topic, definitions = ?self.texts.keys().collect::<Vec<_>>(), "adding definitions");
        let records: Vec<OutRecord> = self.texts.into_iter().map(record).collect();
        let mut producer = broker.producer(&ProducerSpec::default())?;
        producer.init(timeout)?;
        producer.transact(&records, timeout)?;
        Ok(())
    }
}
