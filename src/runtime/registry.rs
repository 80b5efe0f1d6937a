//! Who lives and who owns what, as the instances topic says it, and so which tasks this instance follows.
//!
//! There is no group to ask, because the group's assignor knows nothing of standbys. Each instance that is to have
//! standbys writes what it owns to the instances topic, when that changes and every few seconds. Who has written
//! nothing for longer than [`LIVES`] is not counted any more. That time runs on this instance's own clock, from reading
//! the other's record to reading its own last one: no two clocks are compared, no wall clock that is set does harm, and
//! an instance that cannot write or read sees no time pass, and changes nothing.
//!
//! Its key is not the one under which a start is announced (`incarnation`): an older process that is still running must
//! not look like the newest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::Result;
use super::placement;
use super::thread::Shared;
use crate::broker::{Producer, ProducerSpec, Purpose, Reader, Start};
use crate::model::{ErrorClass, InstanceId, Key, OutRecord, Record, TaskId, TopicPartition};

/// How often an instance says that it lives.
const BEAT: Duration = Duration::from_secs(10);
/// For how long it is believed: longer than a restart takes, because a standby that moves reads a whole changelog.
const LIVES: Duration = Duration::from_mins(1);
/// How often the topic is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Before an instance's name, in the keys.
const PREFIX: &str = "owned-by/";
/// How many records one look takes at most.
const RECORDS_MAX: usize = 10_000;

/// The instances, as one of them sees them.
pub(super) struct Registry {
    shared: Shared,
    reader: Option<Box<dyn Reader>>,
    producer: Option<Box<dyn Producer>>,
    seen: BTreeMap<InstanceId, Seen>,
    /// When this instance's own last record was read.
    heard_at: Duration,
    /// What was written last, and when.
    written: Option<(BTreeSet<TaskId>, Duration)>,
    /// True when another process has this instance's name.
    replaced: bool,
    look_at: Duration,
}

/// What an instance has written last.
struct Seen {
    /// When that was read.
    at: Duration,
    incarnation: Uuid,
    owned: BTreeSet<TaskId>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Value {
    incarnation: Uuid,
    owned: Vec<String>,
}

impl Registry {
    pub(super) fn new(shared: Shared) -> Self {
        let look_at = shared.clock.uptime();
        Self {
            shared,
            reader: None,
            producer: None,
            seen: BTreeMap::new(),
            heard_at: Duration::ZERO,
            written: None,
            replaced: false,
            look_at,
        }
    }

    /// One round: writes what is due, reads what is new. Returns when the next one is due; `None` without standbys.
    pub(super) fn turn(&mut self) -> Option<Duration> {
        if self.shared.settings.restore.standby_replicas == 0 || self.replaced {
            return None;
        }
        let uptime = self.shared.clock.uptime();
        if uptime < self.look_at {
            return Some(self.look_at);
        }
        if let Err(error) = self.beat(uptime).and_then(|()| self.look()) {
            tracing::debug!(%error, "the instances topic could not be written or read; standbys stay where they are");
            (self.reader, self.producer) = (None, None);
            if error.class() == ErrorClass::Fenced {
                self.judge_fence();
            }
        }
        self.place();
        self.look_at = self.shared.clock.uptime().saturating_add(LOOK);
        Some(self.look_at)
    }

    fn beat(&mut self, uptime: Duration) -> Result<()> {
        let owned = self.shared.status.owned();
        let is_due = |(last, at): &(BTreeSet<TaskId>, Duration)| *last != owned || uptime.saturating_sub(*at) >= BEAT;
        if !self.written.as_ref().is_none_or(is_due) {
            return Ok(());
        }
        let timeout = self.shared.settings.broker_timeout;
        let producer = match &mut self.producer {
            Some(producer) => producer,
            none @ None => {
                let settings = &self.shared.settings;
                let transactional_id = format!("{}-{}-instances", settings.application, settings.instance);
                let spec = ProducerSpec { transactional_id, tracked: Vec::new() };
                let mut producer = self.shared.broker.producer(&spec)?;
                producer.init(timeout)?;
                none.insert(producer)
            }
        };
        let value =
            Value { incarnation: self.shared.incarnation.id, owned: owned.iter().map(ToString::to_string).collect() };
        let key = Key::new(&format!("{PREFIX}{}", self.shared.settings.instance));
        let value = Bytes::from(serde_json::to_vec(&value).unwrap_or_default());
        producer.begin()?;
        producer
            .produce(&OutRecord { partition: Some(0), ..OutRecord::keyed(&self.shared.plan.instances, &key, value) })?;
        let _none_tracked: BTreeMap<_, _> = producer.drain(timeout)?;
        producer.commit(timeout)?;
        self.written = Some((owned, uptime));
        Ok(())
    }

    fn look(&mut self) -> Result<()> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none @ None => {
                let mut reader = self.shared.broker.reader_to(Purpose::Follow)?;
                reader.assign(&[(TopicPartition::new(&self.shared.plan.instances, 0), Start::Beginning)])?;
                none.insert(reader)
            }
        };
        let mut records: Vec<Record> = Vec::new();
        reader.poll(RECORDS_MAX, &mut records, Duration::ZERO)?;
        let at = self.shared.clock.uptime();
        for record in records {
            let key = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
            let Some(instance) = key.and_then(|key| key.strip_prefix(PREFIX)) else { continue };
            let value = record.value.and_then(|value| serde_json::from_slice::<Value>(&value).ok());
            let Some(Value { incarnation, owned }) = value else { continue };
            let owned = owned.iter().filter_map(|name| task(name)).collect();
            if incarnation == self.shared.incarnation.id {
                self.heard_at = at;
            }
            self.seen.insert(InstanceId::new(instance), Seen { at, incarnation, owned });
        }
        Ok(())
    }

    /// Tells the restorer which tasks to follow, once what this instance has written itself has come back: until then
    /// not all that others have written is known.
    fn place(&self) {
        let own = &self.shared.settings.instance;
        if self.seen.get(own).is_none_or(|seen| seen.incarnation != self.shared.incarnation.id) {
            return;
        }
        let live = self.seen.iter().filter(|(_, seen)| self.heard_at.saturating_sub(seen.at) <= LIVES);
        let mut live: BTreeMap<InstanceId, BTreeSet<TaskId>> =
            live.map(|(instance, seen)| (instance.clone(), seen.owned.clone())).collect();
        // Of itself it knows more than it has read.
        live.insert(own.clone(), self.shared.status.owned());
        let standbys = placement::standbys(own, &live, self.tasks(), self.shared.settings.restore.standby_replicas);
        if standbys != *self.shared.status.standbys() {
            tracing::info!(instances = live.len(), tasks = ?standbys, "following these tasks for other instances");
            self.shared.status.follow(standbys);
        }
    }

    fn tasks(&self) -> impl Iterator<Item = TaskId> {
        let nodes = self.shared.plan.topology.nodes.iter().zip(&self.shared.inbox_partitions);
        nodes.flat_map(|(node, partitions)| {
            (0..*partitions).map(|partition| TaskId { processor: node.name.clone(), partition })
        })
    }

    /// A process of the same name that began later is left alone; its stream threads tell the older one's.
    fn judge_fence(&mut self) {
        if let Err(error @ super::Error::Replaced { .. }) = self.shared.incarnation.check(&self.shared) {
            tracing::warn!(%error, "no standbys any more");
            self.replaced = true;
            self.shared.status.follow(BTreeSet::new());
        }
    }
}

/// The task of a name such as `bundle-3`.
fn task(name: &str) -> Option<TaskId> {
    let (processor, partition) = name.rsplit_once('-')?;
    Some(TaskId { processor: processor.into(), partition: partition.parse().ok()? })
}
