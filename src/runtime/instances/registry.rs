//! The registry of live instances and their tasks in the instances topic, from which each instance derives its
//! standbys.
//!
//! The group cannot be asked, because the group's assignor does not know standbys. Each instance writes its tasks to
//! the instances topic when they change and as a heartbeat, and the positions of the sources. An instance without a
//! record for longer than [`LIVE_TIMEOUT`] is dead. The age of a record is measured on this instance's monotonic clock,
//! from reading the record to reading its own last one: no clocks of two machines are compared, setting a wall clock
//! does no harm, and an instance that cannot write or read sees no time pass and changes nothing.
//!
//! Its key differs from that of a start announcement ([`start`]), because an older process that is still running must
//! not look like the newest.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::source_offset::SourceOffset;
use super::{placement, start, topic};
use crate::broker::{Admin, Producer, ProducerSpec, Purpose, Reader, Start};
use crate::model::{ErrorClass, InstanceId, OutRecord, Record, TaskId, Topic, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::envelope::PROTOCOL_LEVEL;
use crate::runtime::error::{Error, Result};
use crate::runtime::peer::Peer;
use crate::runtime::reminder::Reminder;
use crate::runtime::topology_plan::Role;

/// The interval of heartbeats.
pub(super) const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10);
/// The time-out of heartbeats: longer than a restart, because a standby that moves reads a whole changelog.
const LIVE_TIMEOUT: Duration = Duration::from_mins(1);
/// The time for which writes or reads fail before that is logged.
const WARN_AFTER: Duration = Duration::from_mins(1);
/// The time-out of the last write, which delays the end of the process.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// The interval of reads.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The prefix of an instance's name in keys.
pub(super) const PREFIX: &str = "owned-by/";
/// The most records of one read.
const RECORDS_MAX: usize = 10_000;

/// The registry, as read by this instance.
pub(in crate::runtime) struct Registry {
    context: Context,
    reader: Option<Box<dyn Reader>>,
    producer: Option<Box<dyn Producer>>,
    registrations: BTreeMap<InstanceId, Registration>,
    /// The uptime at which this instance's own last record was read.
    own_read_at: Duration,
    written: Option<Written>,
    /// The ids of the sources' topics as this instance first saw them.
    topic_ids: BTreeMap<Topic, Uuid>,
    /// Alerts that are not written yet.
    alerts: Vec<OutRecord>,
    /// Set while writes or reads of the topic fail.
    failing: Option<Reminder>,
    /// True after another process took over this instance id.
    replaced: bool,
    poll_at: Duration,
}

/// The last record that this instance has written.
#[derive(Default)]
struct Written {
    owned: BTreeSet<TaskId>,
    /// The uptime of the write.
    at: Duration,
    /// The positions of the sources.
    sources: BTreeMap<TopicPartition, i64>,
}

/// The last record of an instance.
struct Registration {
    /// The uptime of the read.
    at: Duration,
    incarnation: Uuid,
    owned: BTreeSet<TaskId>,
    http: String,
    /// True if it has stopped in order.
    stopped: bool,
}

/// The value of a heartbeat.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Value {
    pub(super) incarnation: Uuid,
    owned: Vec<String>,
    /// The address at which others reach its HTTP server; not written before 0.2.0.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    http: String,
    /// The level of inbox records that it can read; not written before 0.2.0.
    #[serde(default = "level_before_0_2")]
    level: u16,
    /// True if it has stopped in order.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) stopped: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

const fn level_before_0_2() -> u16 {
    1
}

impl Registry {
    pub(in crate::runtime) fn new(context: Context) -> Self {
        let poll_at = context.clock.uptime();
        Self {
            context,
            reader: None,
            producer: None,
            registrations: BTreeMap::new(),
            own_read_at: Duration::ZERO,
            written: None,
            topic_ids: BTreeMap::new(),
            failing: None,
            alerts: Vec::new(),
            replaced: false,
            poll_at,
        }
    }

    /// One round: writes what is due and reads new records. Returns the uptime of the next round; `None` if there is
    /// none.
    pub(in crate::runtime) fn turn(&mut self, admin: &mut dyn Admin) -> Option<Duration> {
        if self.replaced {
            return None;
        }
        let uptime = self.context.clock.uptime();
        if uptime < self.poll_at {
            return Some(self.poll_at);
        }
        let has_standbys = self.context.settings.standby_replicas > 0;
        let follows = has_standbys || !self.context.settings.http.is_empty();
        let written = self.write(admin, false, self.context.settings.limits.broker_timeout);
        match written.and_then(|()| if follows { self.poll() } else { Ok(()) }) {
            Ok(()) => self.failing = None,
            Err(error) => self.on_failed(&error, uptime),
        }
        if has_standbys {
            self.update_standbys();
        }
        if follows {
            self.update_peers();
        }
        self.poll_at = self.context.clock.uptime().saturating_add(POLL_INTERVAL);
        Some(self.poll_at)
    }

    /// Adds an alert, which is written with the next records.
    pub(in crate::runtime) fn alert(&mut self, alert: OutRecord) {
        self.alerts.push(alert);
    }

    /// Writes the positions of the sources, after the stream threads have ended.
    pub(in crate::runtime) fn close(&mut self, admin: &mut dyn Admin) {
        if self.failing.is_some() || self.replaced {
            return;
        }
        if let Err(error) = self.write(admin, true, CLOSE_TIMEOUT) {
            tracing::debug!(%error, "cannot write the last positions of the sources to the instances topic");
        }
    }

    fn on_failed(&mut self, error: &Error, uptime: Duration) {
        if self.failing.get_or_insert_with(|| Reminder::new(uptime, WARN_AFTER)).is_due(uptime).is_some() {
            tracing::warn!(
                %error,
                transactional_id = self.transactional_id(),
                "cannot write or read the instances topic: the positions of the sources are not stored, and standbys are not \
                 reassigned"
            );
        }
        (self.reader, self.producer) = (None, None);
        if error.class() == ErrorClass::Fenced {
            self.on_fenced();
        }
    }

    fn transactional_id(&self) -> String {
        self.context.settings.transactional_id("instances")
    }

    /// Writes the tasks and positions that are due, or `all`, in one transaction.
    fn write(&mut self, admin: &mut dyn Admin, all: bool, timeout: Duration) -> Result<()> {
        let uptime = self.context.clock.uptime();
        let owned = self.context.status.owned();
        let is_due = |last: &Written| last.owned != owned || uptime.saturating_sub(last.at) >= HEARTBEAT_INTERVAL;
        let is_heartbeat = all || self.written.as_ref().is_none_or(is_due);
        let sources = self.source_positions(is_heartbeat);
        if !is_heartbeat && sources.is_empty() && self.alerts.is_empty() {
            return Ok(());
        }
        let plan = &self.context.plan;
        let mut records = Vec::new();
        if is_heartbeat {
            let owned = owned.iter().map(ToString::to_string).collect();
            let http = self.context.settings.http.clone();
            let incarnation = self.context.incarnation.id;
            let value = Value { incarnation, owned, http, level: PROTOCOL_LEVEL, stopped: all };
            records.push(topic::record(plan, &format!("{PREFIX}{}", self.context.settings.instance), &value));
        }
        let mut topic_ids = BTreeMap::new();
        for (partition, offset) in &sources {
            let topic_id = match topic_ids.entry(&partition.topic) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(unknown) => *unknown.insert(admin.topic_id(&partition.topic, timeout)?),
            };
            let first = topic_id.map(|id| *self.topic_ids.entry(partition.topic.clone()).or_insert(id));
            if first != topic_id {
                // The stream threads stop the instance; the position is of the former topic.
                self.context.status.set_recreated(&partition.topic);
                return Ok(());
            }
            records.push(SourceOffset { topic_id, offset: *offset }.record(plan, partition));
        }
        let transactional_id = self.transactional_id();
        let producer = match &mut self.producer {
            Some(producer) => producer,
            none @ None => {
                let spec = ProducerSpec::transactional(&transactional_id);
                let mut producer = self.context.broker.producer(&spec)?;
                producer.init(timeout)?;
                none.insert(producer)
            }
        };
        records.extend(self.alerts.iter().cloned());
        producer.transact(&records, timeout)?;
        self.alerts.clear();
        let written = self.written.get_or_insert_with(Written::default);
        written.sources.extend(sources);
        if is_heartbeat {
            (written.owned, written.at) = (owned, uptime);
        }
        Ok(())
    }

    /// The positions that are due: those of new partitions at once, others with a heartbeat.
    fn source_positions(&self, is_heartbeat: bool) -> BTreeMap<TopicPartition, i64> {
        let is_due = |(partition, offset): &(TopicPartition, i64)| {
            let before = self.written.as_ref().and_then(|written| written.sources.get(partition));
            matches!(self.context.plan.role(&partition.topic), Some(Role::Source(_)))
                && before.is_none_or(|before| is_heartbeat && before != offset)
        };
        self.context.status.offsets().into_iter().filter(is_due).collect()
    }

    fn poll(&mut self) -> Result<()> {
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
            let Some(Value { incarnation, owned, http, stopped, .. }) = value else { continue };
            let owned = owned.iter().filter_map(|name| name.parse().ok()).collect();
            if incarnation == self.context.incarnation.id {
                self.own_read_at = at;
            }
            self.registrations
                .insert(InstanceId::new(instance), Registration { at, incarnation, owned, http, stopped });
        }
        Ok(())
    }

    /// Updates this instance's standbys, once its own record has been read back: before that, records of others may be
    /// missing.
    fn update_standbys(&self) {
        let own = &self.context.settings.instance;
        if self.registrations.get(own).is_none_or(|seen| seen.incarnation != self.context.incarnation.id) {
            return;
        }
        let mut live: BTreeMap<InstanceId, BTreeSet<TaskId>> =
            self.live().map(|(instance, seen)| (instance.clone(), seen.owned.clone())).collect();
        // Its own tasks are newer in memory than in the topic.
        live.insert(own.clone(), self.context.status.owned());
        let standbys =
            placement::standbys(own, &live, self.context.plan.tasks(), self.context.settings.standby_replicas);
        if standbys != *self.context.status.standbys() {
            tracing::info!(instances = live.len(), tasks = ?standbys, "standbys assigned");
            self.context.status.set_standbys(standbys);
        }
    }

    /// The instances that have written within [`LIVE_TIMEOUT`].
    fn live(&self) -> impl Iterator<Item = (&InstanceId, &Registration)> {
        self.registrations.iter().filter(|(_, seen)| self.own_read_at.saturating_sub(seen.at) <= LIVE_TIMEOUT)
    }

    /// Updates the other living instances, for queries.
    fn update_peers(&self) {
        let others = self.live().filter(|(name, seen)| **name != self.context.settings.instance && !seen.stopped);
        let peers: BTreeMap<InstanceId, Peer> = others
            .map(|(name, Registration { http, owned, .. })| {
                let http = Some(http.clone()).filter(|http| !http.is_empty());
                (name.clone(), Peer { http, owned: owned.clone() })
            })
            .collect();
        if peers != *self.context.status.peers() {
            self.context.status.set_peers(peers);
        }
    }

    /// Stops writing after a newer process took over this instance id; the stream threads stop the instance.
    fn on_fenced(&mut self) {
        if let Err(error @ Error::Replaced { .. }) = start::refuse_replaced(&self.context) {
            tracing::warn!(%error, "standbys are closed: a newer process took over this instance id");
            self.replaced = true;
            self.context.status.set_standbys(BTreeSet::new());
        }
    }
}
