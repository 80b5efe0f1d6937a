//! The cluster behind the lock: the shared state, and requests that change several parts of it.
//!
//! | file | requests of |
//! |---|---|
//! | `mod` | readers and administrators; what is due by the clock; the markers of a transaction |
//! | `write` | producers |
//! | `membership` | members of a group |

mod membership;
mod write;

pub(super) use membership::Membership;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::catalog::{Catalog, refused};
use super::fault::Faults;
use super::group::{Group, MemberId};
use super::log::Window;
use super::offset::Offsets;
use super::settings::Settings;
use super::transaction::{Ending, Markers, Transactions};
use crate::broker::{Error, Isolation, NewTopic, Result, Start, Waker};
use crate::model::{Clock, Record, Topic, TopicPartition};

/// The shared state of a cluster.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) settings: Settings,
    pub(super) catalog: Catalog,
    pub(super) transactions: Transactions,
    pub(super) faults: Faults,
    /// The processes by number, with their crashes.
    pub(super) processes: Vec<(String, bool)>,
    /// The time at which a commit or an abort writes its markers.
    pub(super) markers: Markers,
    /// The time from the append of a record until it can be fetched.
    pub(super) fetch_delay: Duration,
    pub(super) wakes: Vec<Waker>,
    /// The number of writes, so that a waiting reader does not miss one.
    pub(super) writes: u64,
    clock: Arc<dyn Clock>,
    groups: BTreeMap<String, Group>,
    offsets: BTreeMap<String, Offsets>,
    /// The wakers of a partition by client.
    watchers: BTreeMap<TopicPartition, BTreeMap<MemberId, Waker>>,
    rng: fastrand::Rng,
    members: MemberId,
    expired_at: Option<Duration>,
}

impl Cluster {
    pub(super) fn new(settings: Settings, clock: Arc<dyn Clock>) -> Self {
        Self {
            catalog: Catalog::default(),
            transactions: Transactions::default(),
            faults: Faults::default(),
            processes: Vec::new(),
            markers: Markers::Now,
            fetch_delay: Duration::ZERO,
            wakes: Vec::new(),
            writes: 0,
            clock,
            groups: BTreeMap::new(),
            offsets: BTreeMap::new(),
            watchers: BTreeMap::new(),
            rng: fastrand::Rng::with_seed(settings.seed),
            members: 0,
            expired_at: None,
            settings,
        }
    }

    /// Handles expiry: transactions and members that have timed out.
    pub(super) fn expire(&mut self) {
        let now = self.clock.uptime();
        // Once per millisecond is enough, because every request calls this.
        if self.expired_at.is_some_and(|at| at.as_millis() == now.as_millis()) {
            return;
        }
        self.expired_at = Some(now);
        let (timeout, marker_delay) = (self.settings.transaction_timeout, self.settings.marker_delay);
        for ending in self.transactions.expire(now, timeout, marker_delay) {
            self.write_markers(&ending);
        }
        let Self { groups, catalog, wakes, .. } = self;
        for group in groups.values_mut() {
            group.expire(now, &|topic| catalog.partitions(topic));
            wakes.append(&mut group.take_wakes());
        }
        if !self.fetch_delay.is_zero() {
            self.wakes.extend(self.watchers.values().flat_map(BTreeMap::values).cloned());
        }
    }

    pub(super) fn offsets_mut(&mut self, group: &str) -> &mut Offsets {
        self.offsets.entry(group.to_owned()).or_default()
    }

    pub(super) fn offsets(&self, group: &str) -> Option<&Offsets> {
        self.offsets.get(group)
    }

    /// Resolves a start offset. A partition that does not exist starts at 0, and fetching it fails.
    pub(super) fn resolve(&self, partition: &TopicPartition, start: Start, isolation: Isolation) -> i64 {
        let log = self.catalog.log(partition);
        match start {
            Start::At(offset) => offset,
            Start::Beginning => log.map_or(0, super::log::Log::start),
            Start::End => log.map_or(0, |log| log.limit(isolation)),
        }
    }

    /// Appends up to `max` records from `position` on to `out`; returns the new position.
    pub(super) fn read(
        &self,
        partition: &TopicPartition,
        position: i64,
        (isolation, max): (Isolation, usize),
        out: &mut Vec<Record>,
    ) -> Result<i64> {
        let Some(log) = self.catalog.log(partition) else {
            return Err(Error::Transient { operation: "fetch", detail: format!("{partition} does not exist") });
        };
        let Some(arrived) = self.clock.uptime().checked_sub(self.fetch_delay) else { return Ok(position) };
        let window = Window { isolation, max: max.min(self.settings.fetch_records_max), arrived };
        log.read(partition, position, window, out).ok_or_else(|| Error::OutOfRange { partition: partition.clone() })
    }

    pub(super) fn watch(&mut self, partition: &TopicPartition, member: MemberId, waker: &Waker) {
        self.watchers.entry(partition.clone()).or_default().insert(member, waker.clone());
    }

    pub(super) fn unwatch(&mut self, member: MemberId) {
        self.watchers.retain(|_, watchers| {
            watchers.remove(&member);
            !watchers.is_empty()
        });
    }

    pub(super) fn create(&mut self, new: &NewTopic) -> Result<()> {
        if self.catalog.create(new)? {
            self.topic_changed(&new.topic);
        }
        Ok(())
    }

    pub(super) fn delete(&mut self, topic: &Topic) {
        if self.catalog.delete(topic) {
            self.offsets.values_mut().for_each(|offsets| offsets.forget(topic));
            self.topic_changed(topic);
        }
    }

    pub(super) fn add_partitions(&mut self, topic: &Topic, count: i32) -> Result<()> {
        self.catalog.add_partitions(topic, count)?;
        self.topic_changed(topic);
        Ok(())
    }

    pub(super) fn delete_records(&mut self, partition: &TopicPartition, before: i64) -> Result<()> {
        if self.catalog.get(&partition.topic).is_some_and(|entry| !entry.rules.delete) {
            let detail =
                format!("topic {} has cleanup.policy=compact; only one that deletes can be purged", partition.topic);
            return Err(refused("delete_records", detail));
        }
        let Some(log) = self.catalog.log_mut(partition) else {
            return Err(refused("delete_records", format!("{partition} does not exist")));
        };
        if log.delete_before(before) { Ok(()) } else { Err(Error::OutOfRange { partition: partition.clone() }) }
    }

    fn topic_changed(&mut self, topic: &Topic) {
        let now = self.clock.uptime();
        for group in self.groups.values_mut() {
            group.topic_changed(topic, now);
            self.wakes.append(&mut group.take_wakes());
        }
    }

    fn finish(&mut self, ending: Option<Ending>) {
        if let Some(ending) = ending {
            self.write_markers(&ending);
        }
    }

    /// Ends a transaction in all its partitions and groups.
    fn write_markers(&mut self, ending: &Ending) {
        let (timestamp, arrived) = (self.clock.now(), self.clock.uptime());
        self.writes += 1;
        for partition in &ending.scope.partitions {
            // The topic may have been deleted meanwhile.
            if let Some(log) = self.catalog.log_mut(partition) {
                log.mark(ending.producer, ending.verdict, timestamp, arrived);
            }
            self.wakes.extend(self.watchers.get(partition).into_iter().flat_map(BTreeMap::values).cloned());
        }
        for group in &ending.scope.groups {
            self.offsets.entry(group.clone()).or_default().end(ending.producer, ending.verdict);
        }
    }
}
