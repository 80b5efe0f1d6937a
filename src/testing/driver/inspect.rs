//! Reads topics, entries, alerts and dead letters of a topology under test.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::error::Result;
use super::{DriverError, NAME, OVERDUE_STEP, TIMEOUT, TestDriver};
use crate::broker::Broker;
use crate::codec::{Head, Versioned, entry, part};
use crate::metric::Metrics;
use crate::model::{Act, Alert, Clock, Key, Record, Statuses, Timer, Timestamp, Topic};
use crate::runtime::{ShowError, TopologyPlan, show_in};
use crate::store::memory::MemoryStores;
use crate::store::{Store, Stores, TimerClock};
use crate::topology::Node;

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<S> {
    /// The processor's state.
    pub state: S,
    /// Its timers.
    pub timers: Vec<Timer>,
    /// Its pending acts.
    pub acts: Vec<Act>,
    /// Its statuses, as its processor reports them.
    pub statuses: Statuses,
    /// The time that orders entries of one status.
    pub at: Timestamp,
}

/// An alert that was raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    /// The key of the entry that raised it.
    pub key: Key,
    /// The alert.
    pub alert: Alert,
}

/// A rejected input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The reason, a word of [`RejectReason`](crate::model::RejectReason).
    pub reason: String,
    /// The message: the details of the reason.
    pub detail: String,
    /// The record of the dead-letters topic, with the key, value and headers of the input.
    pub record: Record,
}

impl TestDriver {
    /// The records that were committed to a topic since it was last read here.
    pub fn read(&mut self, topic: &str) -> Result<Vec<Record>> {
        let topic = Topic::new(topic);
        self.check_topic(&topic)?;
        let next = self.next_offsets.entry(topic.clone()).or_default();
        let mut records = self.world.broker().committed_records(&topic);
        records.retain(|record| record.offset >= *next);
        if let Some(last) = records.last() {
            *next = last.offset + 1;
        }
        Ok(records)
    }

    /// The same as text, one `key=value` per record; invalid UTF-8 becomes replacement characters.
    pub fn read_text(&mut self, topic: &str) -> Result<Vec<String>> {
        let text = |bytes: &Option<bytes::Bytes>| {
            bytes.as_ref().map_or_else(|| "null".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
        };
        let records = self.read(topic)?;
        Ok(records.iter().map(|record| format!("{}={}", text(&record.key), text(&record.value))).collect())
    }

    /// The alerts that were raised since they were last read here.
    pub fn alerts(&mut self) -> Result<Vec<Raised>> {
        let topic = self.world.plan().alerts.clone();
        let raised = |record: Record| {
            let alert = serde_json::from_slice(record.value.as_deref().unwrap_or_default())
                .map_err(|error| DriverError::Alert { offset: record.offset, detail: error.to_string() })?;
            Ok(Raised { key: Key::from_bytes(record.key.unwrap_or_default()), alert })
        };
        self.read(topic.as_str())?.into_iter().map(raised).collect()
    }

    /// The inputs that were rejected since they were last read here.
    pub fn dead_letters(&mut self) -> Result<Vec<DeadLetter>> {
        let topic = self.world.plan().dead_letters.clone();
        let records = self.read(topic.as_str())?.into_iter();
        let header = |record: &Record, name: &str| record.headers.text(name).unwrap_or_default().to_owned();
        let letter = |record: Record| DeadLetter {
            reason: header(&record, "__sheaf.errors.reason"),
            detail: header(&record, "__sheaf.errors.message"),
            record,
        };
        Ok(records.map(letter).collect())
    }

    /// The state of a key; `None` if there is no entry.
    pub fn state<S: Versioned>(&mut self, processor: &str, key: &str) -> Result<Option<S>> {
        Ok(self.entry(processor, key)?.map(|stored| stored.state))
    }

    /// The entry of a key, with its timers and acts; `None` if there is none.
    pub fn entry<S: Versioned>(&mut self, processor: &str, key: &str) -> Result<Option<Stored<S>>> {
        self.node(processor)?;
        let Some(store) = self.store(&task(processor))? else { return Ok(None) };
        let Some(bytes) = store.get(&Key::new(key))? else { return Ok(None) };
        let entry = entry::decode(&bytes)?;
        let parts = store.counted_parts(&Key::new(key), &entry.head.parts)?.into_iter();
        let parts = parts.map(|(_, bytes)| part::decode(bytes));
        let state = entry::decode_body(&entry, parts.collect::<std::result::Result<_, _>>()?)?;
        let Head { timers, acts, statuses, at, .. } = entry.head;
        Ok(Some(Stored { state, timers, acts, statuses, at }))
    }

    /// What a processor shows of the entry of a key ([`Processor::show`](crate::processor::Processor::show)); `None` if there is none.
    pub fn show(&mut self, processor: &str, key: &str) -> Result<Option<Value>> {
        let node = self.node(processor)?;
        let Some(store) = self.store(&task(processor))? else { return Ok(None) };
        Ok(show_in(&*node.processor, &*store, &Key::new(key))?)
    }

    /// What the processors show of all entries, by processor and key.
    pub(in crate::testing) fn show_all(&mut self) -> Result<Vec<(String, Value)>> {
        let keys: Vec<(usize, Key)> = self.entries()?.into_keys().collect();
        let nodes = self.world.plan().topology.nodes.clone();
        let mut shown = Vec::new();
        for (index, key) in keys {
            let Some(node) = nodes.get(index) else { continue };
            let Some(store) = self.store(&task(&node.name))? else { continue };
            let entry = show_in(&*node.processor, &*store, &key)?;
            shown.extend(entry.map(|entry| (node.name.to_string(), entry)));
        }
        Ok(shown)
    }

    pub(super) fn node(&self, processor: &str) -> Result<Node> {
        let nodes = &self.world.plan().topology.nodes;
        let known = || nodes.iter().map(|node| node.name.to_string()).collect::<Vec<_>>().join(", ");
        let node = nodes.iter().find(|node| *node.name == *processor).cloned();
        node.ok_or_else(|| DriverError::NoProcessor { processor: processor.to_owned(), known: known() })
    }

    /// The encoded entries of all processors, by the index of the processor in the topology and by key.
    pub(in crate::testing) fn entries(&mut self) -> Result<BTreeMap<(usize, Key), Vec<u8>>> {
        let mut entries = BTreeMap::new();
        for (node, task) in self.tasks().iter().enumerate() {
            let Some(store) = self.store(task)? else { continue };
            entries.extend(store.scan(None, usize::MAX)?.into_iter().map(|(key, bytes)| ((node, key), bytes)));
        }
        Ok(entries)
    }

    /// The topology, with the names of all topics.
    pub(in crate::testing) fn plan(&self) -> &TopologyPlan {
        self.world.plan()
    }

    /// The instance's metrics; `None` only after a start has failed.
    pub fn metrics(&self) -> Option<&Metrics> {
        self.world.metrics(NAME)
    }

    /// The tasks of all processors.
    pub(super) fn tasks(&self) -> Vec<String> {
        self.world.plan().topology.nodes.iter().map(|node| task(&node.name)).collect()
    }

    /// A copy of a task's store; the store itself is open in the instance.
    fn store(&mut self, task: &str) -> Result<Option<Box<dyn Store>>> {
        let copy = MemoryStores::new();
        if self.world.disk(NAME).copy(task, &copy) { Ok(Some(copy.open(task)?)) } else { Ok(None) }
    }

    /// The time until the next timer is due; [`OVERDUE_STEP`] while an overdue one does not fire because the sink is full.
    pub(super) fn until_next_timer(&mut self) -> Result<Option<Duration>> {
        let now = self.world.clock().now();
        let mut next = None;
        for task in self.tasks() {
            let Some(store) = self.store(&task)? else { continue };
            for clock in TimerClock::ALL {
                let due = store.next_due(clock)?;
                let wait = due.map(|due| if due > now { due.since(now) } else { OVERDUE_STEP });
                next = next.into_iter().chain(wait).min();
            }
        }
        Ok(next)
    }

    /// Refuses a topic that does not exist, so that a misspelled name is not read as an empty topic.
    pub(super) fn check_topic(&self, topic: &Topic) -> Result<()> {
        let found = self.world.broker().admin()?.describe(std::slice::from_ref(topic), TIMEOUT)?;
        if found.iter().any(Option::is_some) {
            return Ok(());
        }
        let plan = self.world.plan();
        let outputs = plan.topology.nodes.iter().flat_map(|node| &node.outputs).map(|output| output.topic.to_string());
        let sources = plan.topology.sources.iter().map(|source| source.topic.to_string());
        let known: Vec<String> = sources.chain(outputs).collect();
        Err(DriverError::NoTopic { topic: topic.clone(), known: known.join(", ") })
    }
}

impl From<ShowError> for DriverError {
    fn from(error: ShowError) -> Self {
        match error {
            ShowError::Store(error) => error.into(),
            ShowError::Entry(error) => error.into(),
        }
    }
}

fn task(processor: &str) -> String {
    format!("{processor}-0")
}
