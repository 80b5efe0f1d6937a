//! Republishes a changelog from a store, after the topic was lost and the store is the last copy.
//!
//! All entries of a task are written in one transaction that starts with the store's genesis, so that a partial
//! changelog is never restored. A changelog with records is refused: an operator decides what it is worth.

use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::checkpoint::Checkpoint;
use super::error::{Error, Result};
use super::genesis;
use super::topology_plan::TopologyPlan;
use crate::broker::{Broker, ProducerSpec};
use crate::codec::part;
use crate::model::{Key, OutRecord, TaskId, Timestamp, TopicPartition};
use crate::store::{self, Batch, Change, Store, Stores};
use crate::topology;

/// A store in the state directory, with its changelog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTask {
    /// The task.
    pub task: TaskId,
    /// The approximate number of its entries.
    pub entries: u64,
    /// The time of the last applied batch; `None` for an empty store, or one whose restore was interrupted.
    pub applied_at: Option<Timestamp>,
    /// The number of offsets in the changelog; 0 after it was created anew.
    pub changelog: i64,
}

/// Lists stores and republishes changelogs; no instance may run on the same state directory.
#[derive(Clone, Copy, Debug)]
pub struct Republisher<'a> {
    /// The topology, for the names of the topics.
    pub plan: &'a TopologyPlan,
    /// The cluster. The transaction time-out must be long enough for a whole store.
    pub broker: &'a dyn Broker,
    /// The state directory.
    pub stores: &'a dyn Stores,
    /// The time-out of one call to the broker.
    pub timeout: Duration,
}

/// The number of entries read from the store at once.
const PAGE: usize = 1_000;

impl Republisher<'_> {
    /// All stores of tasks of the topology.
    pub fn stored_tasks(&self) -> Result<Vec<StoredTask>> {
        let mut admin = self.broker.admin()?;
        let mut found = Vec::new();
        for (task, changelog) in self.tasks()? {
            let (low, high) = admin.watermarks(&changelog, self.timeout)?;
            let store = match self.open(&task) {
                Err(Error::Store { error: store::Error::Unfinished { .. }, .. }) => {
                    found.push(StoredTask { task, entries: 0, applied_at: None, changelog: high - low });
                    continue;
                }
                opened => opened?,
            };
            let applied_at = Self::checkpoint(&task, &*store)?.applied_at;
            found.push(StoredTask { entries: store.len_estimate(), applied_at, changelog: high - low, task });
        }
        Ok(found)
    }

    /// Writes a task's changelog from its store; returns the number of entries. `progress` is called with the number so
    /// far.
    pub fn republish(&self, id: &TaskId, incarnation: &Uuid, mut progress: impl FnMut(u64)) -> Result<u64> {
        let refuse = |changelog: &TopicPartition, detail: &str| {
            Err(Error::Genesis { task: id.clone(), changelog: changelog.clone(), detail: detail.to_owned() })
        };
        let Some((_, changelog)) = self.tasks()?.into_iter().find(|(task, _)| task == id) else {
            let detail = "this state directory has no store of the task, or the topology has no such processor";
            return refuse(&TopicPartition::new(&self.plan.instances, 0), detail);
        };
        let (low, high) = self.broker.admin()?.watermarks(&changelog, self.timeout)?;
        if high != low {
            let detail = "the changelog has records; delete the topic first if they are not needed (sheaf creates it)";
            return refuse(&changelog, detail);
        }
        let mut store = self.open(id)?;
        let Some(store_id) = Self::checkpoint(id, &*store)?.genesis else {
            return refuse(&changelog, "the store is empty: it has no commit");
        };
        let spec = ProducerSpec {
            tracked: vec![changelog.topic.clone()],
            ..ProducerSpec::transactional(&format!("{changelog}-republish"))
        };
        let mut producer = self.broker.producer(&spec)?;
        producer.init(self.timeout)?;
        producer.begin()?;
        let (key, value) = genesis::record(id, store_id, incarnation);
        producer.produce(&OutRecord::logged(&changelog, key, Some(value)))?;
        let mut written = 0;
        let mut produce = |key: Key, value: Bytes| -> Result<()> {
            Ok(producer.produce(&OutRecord::logged(&changelog, key, Some(value)))?)
        };
        let wrap = |source| Error::store(id, source);
        let mut last = None;
        loop {
            let page = store.scan_parts(last.as_ref(), PAGE).map_err(wrap)?;
            let Some((part, _)) = page.last() else { break };
            last = Some(part.clone());
            for ((key, number), value) in page {
                produce(part::key(&key, number), value)?;
            }
        }
        let mut last: Option<Key> = None;
        loop {
            let page = store.scan(last.as_ref(), PAGE).map_err(wrap)?;
            let Some((key, _)) = page.last() else { break };
            last = Some(key.clone());
            for (key, value) in page {
                produce(key, Bytes::from(value))?;
                written += 1;
            }
            progress(written);
        }
        let ends = producer.drain(self.timeout)?;
        producer.commit(self.timeout)?;
        let end = ends.get(&changelog).copied().unwrap_or(0);
        let checkpoint = Checkpoint { changelog: Some(end), newest: Some(end), ..Checkpoint::default() };
        let changes = checkpoint.rows().into_iter().map(|(name, value)| Change::PutMeta(name, value)).collect();
        let batch = Batch { changes, is_bulk: false };
        store.apply(&batch).map_err(|source| Error::store(id, source))?;
        Ok(written)
    }

    /// The tasks with a store and a node in the topology, with their changelogs.
    fn tasks(&self) -> Result<Vec<(TaskId, TopicPartition)>> {
        let existing = self.stores.existing().map_err(|error| Error::store(&whole_directory(), error))?;
        let mut tasks = Vec::new();
        for name in existing {
            let Some((processor, _, partition)) = topology::parse_store(&name) else { continue };
            let task = TaskId { processor: processor.into(), partition };
            // Those of other generations are not in use.
            if let Some(changelog) = self.plan.changelog(&task).filter(|_| self.plan.store(&task) == name) {
                tasks.push((task, changelog));
            }
        }
        Ok(tasks)
    }

    fn open(&self, task: &TaskId) -> Result<Box<dyn Store>> {
        self.stores.open(&self.plan.store(task)).map_err(|source| Error::store(task, source))
    }

    fn checkpoint(task: &TaskId, store: &dyn Store) -> Result<Checkpoint> {
        Checkpoint::of(store).map_err(|source| Error::store(task, source))
    }
}

/// A task name for errors of the whole directory.
fn whole_directory() -> TaskId {
    TaskId { processor: "state directory".into(), partition: 0 }
}
