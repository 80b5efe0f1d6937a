//! The requests of producers.

use super::{Cluster, Membership};
use crate::broker::memory::group::Refusal;
use crate::broker::memory::log::Verdict;
use crate::broker::memory::transaction::Identity;
use crate::broker::{Error, FencedBy, Result};
use crate::codec::partitioner;
use crate::model::{OutRecord, TopicPartition};

impl Cluster {
    pub(in crate::broker::memory) fn init(&mut self, transactional_id: &str) -> Identity {
        let (identity, ending) = self.transactions.init(transactional_id);
        self.finish(ending);
        identity
    }

    /// Appends a record, in the producer's transaction or without one. [`Error::Abortable`]: the broker refuses the
    /// record.
    pub(in crate::broker::memory) fn append(
        &mut self,
        who: Option<Identity>,
        record: &OutRecord,
    ) -> Result<(TopicPartition, i64)> {
        let topic = &record.topic;
        let missing = |what: String| Error::Abortable { detail: format!("{what} does not exist") };
        let entry = self.catalog.get(topic).ok_or_else(|| missing(format!("topic {topic}")))?;
        let (count, rules) = (entry.partitions(), entry.rules);
        let number = match (record.partition, &record.key) {
            (Some(number), _) => number,
            (None, Some(key)) => partitioner(key.as_bytes(), count),
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
        if let Some(who) = who {
            let ending = self.transactions.add_partition(who, &partition, now)?;
            self.finish(ending);
        }
        let broker_time = self.clock.now();
        let timestamp = if rules.append_time { broker_time } else { record.timestamp.unwrap_or(broker_time) };
        let log = self.catalog.log_mut(&partition).ok_or_else(|| missing(format!("partition {partition}")))?;
        let offset = log.append(who.map(|who| who.producer), record, timestamp, now);
        self.writes += 1;
        Ok((partition, offset))
    }

    pub(in crate::broker::memory) fn send_offsets(
        &mut self,
        who: Identity,
        offsets: &[(TopicPartition, i64)],
        membership: &Membership,
        generation: i32,
    ) -> Result<()> {
        let ending = self.transactions.add_group(who, &membership.group, self.clock.uptime())?;
        self.finish(ending);
        self.validate(membership, generation)?;
        self.offsets.entry(membership.group.clone()).or_default().add_pending(who.producer, offsets);
        Ok(())
    }

    /// Commits offsets outside of a transaction.
    pub(in crate::broker::memory) fn commit_offsets(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        membership: &Membership,
        generation: i32,
    ) -> Result<()> {
        self.validate(membership, generation)?;
        self.offsets.entry(membership.group.clone()).or_default().commit(offsets);
        Ok(())
    }

    /// Commits offsets of a group without members.
    pub(in crate::broker::memory) fn set_offsets(
        &mut self,
        group: &str,
        offsets: &[(TopicPartition, i64)],
    ) -> Result<()> {
        if self.groups.get(group).is_some_and(|group| !group.names().is_empty()) {
            let detail = format!("the group {group} has members");
            return Err(Error::Fenced { by: FencedBy::Generation, detail });
        }
        self.offsets.entry(group.to_owned()).or_default().commit(offsets);
        Ok(())
    }

    fn validate(&self, membership: &Membership, generation: i32) -> Result<()> {
        let Membership { group, instance, member } = membership;
        let known = self.groups.get(group).ok_or(Refusal::UnknownMember);
        known
            .and_then(|group| group.validate(*member, instance.as_deref(), generation))
            .map_err(|refusal| refusal.error(membership))
    }

    pub(in crate::broker::memory) fn end(&mut self, who: Identity, verdict: Verdict) -> Result<()> {
        let ending = self.transactions.end(who, verdict, self.markers, self.clock.uptime())?;
        self.finish(ending);
        Ok(())
    }
}
