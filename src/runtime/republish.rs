//! Writes a changelog anew from a store: the way back when the topic was lost and the store is the last copy.
//!
//! All of a task's entries go out in one transaction that begins with the store's genesis, so that nobody can restore from
//! half of them. A changelog that has records already is not touched: whose they are is for a person to decide.

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

/// What stands in a state directory about one task, and in its changelog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The task.
    pub task: TaskId,
    /// About how many entries its store has.
    pub entries: u64,
    /// When something was last applied to the store; `None` when nothing ever was, or when its restore was cut off.
    pub applied_at: Option<Timestamp>,
    /// How many offsets the changelog has; 0 after it was created anew.
    pub changelog: i64,
}

/// Looks and republishes; no instance may run on the same state directory.
#[derive(Clone, Copy, Debug)]
pub struct Republisher<'a> {
    /// The names of all topics.
    pub plan: &'a TopologyPlan,
    /// The cluster. Its transaction time-out must allow for a whole store.
    pub broker: &'a dyn Broker,
    /// The state directory.
    pub stores: &'a dyn Stores,
    /// How long one call to the broker may take.
    pub timeout: Duration,
}

/// How many entries are read from the store at once.
const PAGE: usize = 1_000;

impl Republisher<'_> {
    /// Every store that belongs to a task of the topology.
    pub fn look(&self) -> Result<Vec<Found>> {
        let mut admin = self.broker.admin()?;
        let mut found = Vec::new();
        for (task, changelog) in self.tasks()? {
            let (low, high) = admin.watermarks(&changelog, self.timeout)?;
            let store = match self.open(&task) {
                Err(Error::Store { source: store::Error::Unfinished { .. }, .. }) => {
                    found.push(Found { task, entries: 0, applied_at: None, changelog: high - low });
                    continue;
                }
                opened => opened?,
            };
            let applied_at = Self::checkpoint(&task, &*store)?.applied_at;
            found.push(Found { entries: store.len_estimate(), applied_at, changelog: high - low, task });
        }
        Ok(found)
    }

    /// Writes one task's changelog from its store; returns how many entries were written. `progress` is told how many
    /// are out.
    pub fn republish(&self, id: &TaskId, incarnation: &Uuid, mut progress: impl FnMut(u64)) -> Result<u64> {
        let refuse = |changelog: &TopicPartition, detail: &str| {
            Err(Error::Genesis { task: id.clone(), changelog: changelog.clone(), detail: detail.to_owned() })
        };
        let Some((_, changelog)) = self.tasks()?.into_iter().find(|(task, _)| task == id) else {
            let detail = "this state directory has no store of it, or the topology has no such processor";
            return refuse(&TopicPartition::new(&self.plan.instances, 0), detail);
        };
        let (low, high) = self.broker.admin()?.watermarks(&changelog, self.timeout)?;
        if high != low {
            let detail = "the changelog has records; delete the topic first if they are not needed (sheaf creates it)";
            return refuse(&changelog, detail);
        }
        let mut store = self.open(id)?;
        let Some(store_id) = Self::checkpoint(id, &*store)?.genesis else {
            return refuse(&changelog, "the store was never committed to");
        };
        let spec =
            ProducerSpec { transactional_id: format!("{changelog}-republish"), tracked: vec![changelog.topic.clone()] };
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

    /// The tasks that have a store and a place in the topology, with their changelogs.
    fn tasks(&self) -> Result<Vec<(TaskId, TopicPartition)>> {
        let existing = self.stores.existing().map_err(|source| Error::Store { task: nobody(), source })?;
        let mut tasks = Vec::new();
        for name in existing {
            let Ok(task) = name.parse::<TaskId>() else { continue };
            if let Some(changelog) = self.plan.changelog(&task) {
                tasks.push((task, changelog));
            }
        }
        Ok(tasks)
    }

    fn open(&self, task: &TaskId) -> Result<Box<dyn Store>> {
        self.stores.open(&task.to_string()).map_err(|source| Error::store(task, source))
    }

    fn checkpoint(task: &TaskId, store: &dyn Store) -> Result<Checkpoint> {
        Checkpoint::of(store).map_err(|source| Error::store(task, source))
    }
}

/// The directory as a whole, where an error needs a task.
fn nobody() -> TaskId {
    TaskId { processor: "state directory".into(), partition: 0 }
}
