//! Who lives and who owns what, as the instances topic says it, and so which tasks this instance follows.
//!
//! There is no group to ask, because the group's assignor knows nothing of standbys. Each instance writes what it owns to the
//! instances topic, when that changes and every few seconds, and how far the sources were read. Who has written
//! nothing for longer than [`LIVES`] is not counted any more. That time runs on this instance's own clock, from reading
//! the other's record to reading its own last one: no two clocks are compared, no wall clock that is set does harm, and
//! an instance that cannot write or read sees no time pass, and changes nothing.
//!
//! Its key is not the one under which a start is announced (`incarnation`): an older process that is still running must
//! not look like the newest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::source_offset::SourceOffset;
use super::{placement, start, topic};
use crate::broker::{Admin, Producer, ProducerSpec, Purpose, Reader, Start};
use crate::model::{ErrorClass, InstanceId, Record, TaskId, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::envelope::PROTOCOL_LEVEL;
use crate::runtime::error::{Error, Result};
use crate::runtime::reminder::Reminder;
use crate::runtime::topology_plan::Role;

/// How often an instance says that it lives.
const BEAT: Duration = Duration::from_secs(10);
/// For how long it is believed: longer than a restart takes, because a standby that moves reads a whole changelog.
const LIVES: Duration = Duration::from_mins(1);
/// How long the topic may fail to be written or read before it is said.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long writing may take at the end, for which a process waits.
const CLOSE: Duration = Duration::from_secs(1);
/// How often the topic is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Before an instance's name, in the keys.
const PREFIX: &str = "owned-by/";
/// How many records one look takes at most.
const RECORDS_MAX: usize = 10_000;

/// The instances, as one of them sees them.
pub(in crate::runtime) struct Registry {
    context: Context,
    reader: Option<Box<dyn Reader>>,
    producer: Option<Box<dyn Producer>>,
    seen: BTreeMap<InstanceId, Seen>,
    /// When this instance's own last record was read.
    heard_at: Duration,
    written: Option<Written>,
    /// Set while the topic cannot be written or read.
    failing: Option<Reminder>,
    /// True when another process has this instance's name.
    replaced: bool,
    look_at: Duration,
}

/// What this instance has written last.
#[derive(Default)]
struct Written {
    owned: BTreeSet<TaskId>,
    /// When that was.
    at: Duration,
    /// How far the sources were read.
    sources: BTreeMap<TopicPartition, i64>,
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
    /// Which kinds of inbox records it reads; those before 0.2.0 did not say.
    #[serde(default = "level_before_0_2")]
    level: u16,
}

const fn level_before_0_2() -> u16 {
    1
}

impl Registry {
    pub(in crate::runtime) fn new(context: Context) -> Self {
        let look_at = context.clock.uptime();
        Self {
            context,
            reader: None,
            producer: None,
            seen: BTreeMap::new(),
            heard_at: Duration::ZERO,
            written: None,
            failing: None,
            replaced: false,
            look_at,
        }
    }

    /// One round: writes what is due, reads what is new. Returns when the next one is due; `None` when there is none.
    pub(in crate::runtime) fn turn(&mut self, admin: &mut dyn Admin) -> Option<Duration> {
        if self.replaced {
            return None;
        }
        let uptime = self.context.clock.uptime();
        if uptime < self.look_at {
            return Some(self.look_at);
        }
        let has_standbys = self.context.settings.restore.standby_replicas > 0;
        let written = self.write(admin, false, self.context.settings.broker_timeout);
        match written.and_then(|()| if has_standbys { self.look() } else { Ok(()) }) {
            Ok(()) => self.failing = None,
            Err(error) => self.failed(&error, uptime),
        }
        if has_standbys {
            self.place();
        }
        self.look_at = self.context.clock.uptime().saturating_add(LOOK);
        Some(self.look_at)
    }

    /// Writes how far the sources were read, once the stream threads have ended.
    pub(in crate::runtime) fn close(&mut self, admin: &mut dyn Admin) {
        if self.failing.is_some() || self.replaced {
            return;
        }
        if let Err(error) = self.write(admin, true, CLOSE) {
            tracing::debug!(%error, "how far the sources were read could not be written at the end");
        }
    }

    fn failed(&mut self, error: &Error, uptime: Duration) {
        if self.failing.get_or_insert_with(|| Reminder::new(uptime, PATIENCE)).is_due(uptime).is_some() {
            tracing::warn!(%error, "the instances topic cannot be written or read; standbys stay where they are");
        }
        (self.reader, self.producer) = (None, None);
        if error.class() == ErrorClass::Fenced {
            self.judge_fence();
        }
    }

    /// Writes in one transaction what this instance owns, and how far the sources were read, as far as that is due or `all`.
    fn write(&mut self, admin: &mut dyn Admin, all: bool, timeout: Duration) -> Result<()> {
        let uptime = self.context.clock.uptime();
        let owned = self.context.status.owned();
        let is_due = |last: &Written| last.owned != owned || uptime.saturating_sub(last.at) >= BEAT;
        let is_beat = all || self.written.as_ref().is_none_or(is_due);
        let sources = self.read_sources(is_beat);
        if !is_beat && sources.is_empty() {
            return Ok(());
        }
        let plan = &self.context.plan;
        let mut records = Vec::new();
        if is_beat {
            let owned = owned.iter().map(ToString::to_string).collect();
            let value = Value { incarnation: self.context.incarnation.id, owned, level: PROTOCOL_LEVEL };
            records.push(topic::record(plan, &format!("{PREFIX}{}", self.context.settings.instance), &value));
        }
        for (partition, offset) in &sources {
            let topic_id = admin.topic_id(&partition.topic, timeout)?;
            records.push(SourceOffset { topic_id, offset: *offset }.record(plan, partition));
        }
        let producer = match &mut self.producer {
            Some(producer) => producer,
            none @ None => {
                let settings = &self.context.settings;
                let transactional_id = format!("{}-{}-instances", settings.application, settings.instance);
                let spec = ProducerSpec { transactional_id, tracked: Vec::new() };
                let mut producer = self.context.broker.producer(&spec)?;
                producer.init(timeout)?;
                none.insert(producer)
            }
        };
        producer.transact(&records, timeout)?;
        let written = self.written.get_or_insert_with(Written::default);
        written.sources.extend(sources);
        if is_beat {
            (written.owned, written.at) = (owned, uptime);
        }
        Ok(())
    }

    /// How far the sources were read where that is to be written: what has not been written yet at once, the others with a
    /// beat.
    fn read_sources(&self, is_beat: bool) -> BTreeMap<TopicPartition, i64> {
        let is_due = |(partition, offset): &(TopicPartition, i64)| {
            let before = self.written.as_ref().and_then(|written| written.sources.get(partition));
            matches!(self.context.plan.role(&partition.topic), Some(Role::Source(_)))
                && before.is_none_or(|before| is_beat && before != offset)
        };
        self.context.status.offsets().into_iter().filter(is_due).collect()
    }

    fn look(&mut self) -> Result<()> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none @ None => {
                let mut reader = self.context.broker.reader_to(Purpose::Follow)?;
                reader.assign(&[(topic::partition(&self.context.plan), Start::Beginning)])?;
                none.insert(reader)
            }
        };
        let mut records: Vec<Record> = Vec::new();
        reader.poll(RECORDS_MAX, &mut records, Duration::ZERO)?;
        let at = self.context.clock.uptime();
        for record in records {
            let key = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
            let Some(instance) = key.and_then(|key| key.strip_prefix(PREFIX)) else { continue };
            let value = record.value.and_then(|value| serde_json::from_slice::<Value>(&value).ok());
            let Some(Value { incarnation, owned, level: _ }) = value else { continue };
            let owned = owned.iter().filter_map(|name| name.parse().ok()).collect();
            if incarnation == self.context.incarnation.id {
                self.heard_at = at;
            }
            self.seen.insert(InstanceId::new(instance), Seen { at, incarnation, owned });
        }
        Ok(())
    }

    /// Tells the restorer which tasks to follow, once what this instance has written itself has come back: until then
    /// not all that others have written is known.
    fn place(&self) {
        let own = &self.context.settings.instance;
        if self.seen.get(own).is_none_or(|seen| seen.incarnation != self.context.incarnation.id) {
            return;
        }
        let live = self.seen.iter().filter(|(_, seen)| self.heard_at.saturating_sub(seen.at) <= LIVES);
        let mut live: BTreeMap<InstanceId, BTreeSet<TaskId>> =
            live.map(|(instance, seen)| (instance.clone(), seen.owned.clone())).collect();
        // Of itself it knows more than it has read.
        live.insert(own.clone(), self.context.status.owned());
        let standbys =
            placement::standbys(own, &live, self.context.plan.tasks(), self.context.settings.restore.standby_replicas);
        if standbys != *self.context.status.standbys() {
            tracing::info!(instances = live.len(), tasks = ?standbys, "following these tasks for other instances");
            self.context.status.follow(standbys);
        }
    }

    /// A process of the same name that began later is left alone; its stream threads tell the older one's.
    fn judge_fence(&mut self) {
        if let Err(error @ Error::Replaced { .. }) = start::refuse_replaced(&self.context) {
            tracing::warn!(%error, "no standbys any more");
            self.replaced = true;
            self.context.status.follow(BTreeSet::new());
        }
    }
}
