//! The cluster behind the lock: what its clients share, and what one request changes in several places.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::catalog::{Catalog, refused};
use super::fault::Faults;
use super::group::{Counts, Group, Member, MemberId, Refusal};
use super::log::{Verdict, Window};
use super::offset::Offsets;
use super::settings::Settings;
use super::transaction::{Ending, Identity, Transactions};
use crate::broker::{Error, FencedBy, GroupEvent, Isolation, NewTopic, Result, Start, Waker};
use crate::codec::partitioner;
use crate::model::{Clock, OutRecord, Record, Topic, TopicPartition};

/// Everything that the clients of a cluster share.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) settings: Settings,
    pub(super) catalog: Catalog,
    pub(super) transactions: Transactions,
    pub(super) faults: Faults,
    /// The processes, with whether each has crashed, by number.
    pub(super) processes: Vec<(String, bool)>,
    /// True while a commit or an abort is to be left without its markers.
    pub(super) prepare_only: bool,
    /// Records are fetched only this long after they arrived.
    pub(super) fetch_delay: Duration,
    pub(super) wakes: Vec<Waker>,
    clock: Arc<dyn Clock>,
    groups: BTreeMap<String, Group>,
    offsets: BTreeMap<String, Offsets>,
    /// Who is to be woken for a partition, by client.
    watchers: BTreeMap<TopicPartition, BTreeMap<MemberId, Waker>>,
    rng: fastrand::Rng,
    members: MemberId,
    expired_at: Option<Duration>,
}

/// Who a consumer is, as it says itself.
#[derive(Clone, Debug)]
pub(super) struct Membership {
    pub(super) group: String,
    pub(super) instance: Option<String>,
    pub(super) member: MemberId,
}

impl Cluster {
    pub(super) fn new(settings: Settings, clock: Arc<dyn Clock>) -> Self {
        Self {
            catalog: Catalog::default(),
            transactions: Transactions::default(),
            faults: Faults::default(),
            processes: Vec::new(),
            prepare_only: false,
            fetch_delay: Duration::ZERO,
            wakes: Vec::new(),
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

    /// Does what is due by the clock: transactions that were open for too long, members that were silent for too long.
    pub(super) fn expire(&mut self) {
        let now = self.clock.uptime();
        // Once per millisecond is enough, and every request comes by here.
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

    // What producers ask.

    pub(super) fn init(&mut self, transactional_id: &str) -> Identity {
        let (identity, ending) = self.transactions.init(transactional_id);
        self.finish(ending);
        identity
    }

    /// Appends a record to the producer's transaction. [`Error::Abortable`]: the broker refuses this record.
    pub(super) fn append(&mut self, who: Identity, record: &OutRecord) -> Result<(TopicPartition, i64)> {
        let topic = &record.topic;
        let missing = |what: String| Error::Abortable { detail: format!("{what} does not exist") };
        let entry = self.catalog.get(topic).ok_or_else(|| missing(format!("topic {topic}")))?;
        let (count, rules) = (entry.partitions(), entry.rules);
        let number = match (record.partition, &record.key) {
            (Some(number), _) => number,
            (None, Some(key)) => partitioner(key, count),
            (None, None) => self.rng.i32(0..count),
        };
        let partition = TopicPartition::new(topic, number);
        if self.catalog.log(&partition).is_none() {
            return Err(missing(format!("partition {partition}")));
        }
        if rules.compact && record.key.is_none() {
            return Err(Error::Abortable { detail: format!("compacted topic {topic} takes no record without a key") });
        }
        if record.size() > rules.bytes_max {
            let detail = format!("{} bytes are more than max.message.bytes of topic {topic}", record.size());
            return Err(Error::Abortable { detail });
        }
        let now = self.clock.uptime();
        let ending = self.transactions.add_partition(who, &partition, now)?;
        self.finish(ending);
        let broker_time = self.clock.now();
        let timestamp = if rules.append_time { broker_time } else { record.timestamp.unwrap_or(broker_time) };
        let log = self.catalog.log_mut(&partition).ok_or_else(|| missing(format!("partition {partition}")))?;
        let offset = log.append(who.producer, record, timestamp, now);
        Ok((partition, offset))
    }

    pub(super) fn send_offsets(
        &mut self,
        who: Identity,
        offsets: &[(TopicPartition, i64)],
        membership: &Membership,
        generation: i32,
    ) -> Result<()> {
        let ending = self.transactions.add_group(who, &membership.group, self.clock.uptime())?;
        self.finish(ending);
        let Membership { group, instance, member } = membership;
        let known = self.groups.get(group).ok_or(Refusal::UnknownMember);
        known
            .and_then(|group| group.validate(*member, instance.as_deref(), generation))
            .map_err(|refusal| refusal.error(membership))?;
        self.offsets.entry(group.clone()).or_default().offer(who.producer, offsets);
        Ok(())
    }

    pub(super) fn end(&mut self, who: Identity, verdict: Verdict) -> Result<()> {
        let ending = self.transactions.end(who, verdict, self.prepare_only, self.clock.uptime())?;
        self.finish(ending);
        Ok(())
    }

    // What consumers and readers ask.

    pub(super) fn join(&mut self, group: &str, member: Member) -> MemberId {
        self.members += 1;
        let (id, now) = (self.members, self.clock.uptime());
        let Self { groups, catalog, settings, wakes, .. } = self;
        let group = groups.entry(group.to_owned()).or_insert_with(|| Group::new(settings));
        group.join(id, member, now, &|topic| catalog.partitions(topic));
        wakes.append(&mut group.take_wakes());
        id
    }

    /// Runs a request of a member at its group.
    pub(super) fn at_group<T>(
        &mut self,
        membership: &Membership,
        run: impl FnOnce(&mut Group, Duration, Counts<'_>) -> std::result::Result<T, Refusal>,
    ) -> std::result::Result<T, Refusal> {
        let now = self.clock.uptime();
        let Self { groups, catalog, wakes, .. } = self;
        let group = groups.get_mut(&membership.group).ok_or(Refusal::UnknownMember)?;
        group.recognise(membership.member, membership.instance.as_deref())?;
        let answer = run(group, now, &|topic| catalog.partitions(topic));
        wakes.append(&mut group.take_wakes());
        answer
    }

    /// Tells a group something that needs no answer, also from somebody whom it has expelled.
    pub(super) fn tell_group(&mut self, membership: &Membership, run: impl FnOnce(&mut Group, Duration, Counts<'_>)) {
        let now = self.clock.uptime();
        let Self { groups, catalog, wakes, .. } = self;
        if let Some(group) = groups.get_mut(&membership.group) {
            run(group, now, &|topic| catalog.partitions(topic));
            wakes.append(&mut group.take_wakes());
        }
    }

    pub(super) fn poll_group(
        &mut self,
        membership: &Membership,
        owes_answer: bool,
    ) -> std::result::Result<Option<GroupEvent>, Refusal> {
        self.at_group(membership, |group, now, counts| group.poll(membership.member, owes_answer, now, counts))
    }

    pub(super) fn group(&self, group: &str) -> Option<&Group> {
        self.groups.get(group)
    }

    pub(super) fn offsets(&self, group: &str) -> Option<&Offsets> {
        self.offsets.get(group)
    }

    /// Where to begin, in numbers. A partition that does not exist begins at 0; fetching it says so.
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

    // What administrators ask.

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

    /// Ends a transaction in every partition and group that it touched.
    fn write_markers(&mut self, ending: &Ending) {
        let (timestamp, arrived) = (self.clock.now(), self.clock.uptime());
        for partition in &ending.scope.partitions {
            // The topic may have been deleted in the meantime.
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

impl Refusal {
    /// As the port says it.
    pub(super) fn error(self, membership: &Membership) -> Error {
        let Membership { group, instance, member } = membership;
        let (by, what) = match self {
            Self::UnknownMember => (FencedBy::Generation, "is not a member"),
            Self::OldGeneration => (FencedBy::Generation, "is of an older generation"),
            Self::FencedInstance => (FencedBy::Instance, "was replaced"),
        };
        let name = instance.as_deref().map_or_else(|| format!("member {member}"), |name| format!("instance {name}"));
        Error::Fenced { by, detail: format!("{name} {what} of group {group}: give its partitions up and join again") }
    }
}
