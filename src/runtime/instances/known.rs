//! What the instances topic has about sources when a thread is first assigned partitions: the positions up to which they were read,
//! and which records were processed before.
//!
//! The group's offset of a partition only goes back while the group is empty: by `kafka-consumer-groups --reset-offsets`, or by a
//! replay. So what is behind the position that was read is processed again. It is looked up once, at the start: afterwards the
//! group has members.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::source_offset::{PREFIX, SourceOffset};
use super::{registry, topic};
use crate::model::{Record, Replay, Timestamp, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::error::Result;
use crate::runtime::generation::{self, Generation, Generations, Replayed};
use crate::runtime::topology_plan::{Role, TopologyPlan};

/// The heartbeats of instances that are as old are of the former run: the group was empty for a session since.
const FORMER: Duration = Duration::from_secs(30);

/// The content of the instances topic about sources at the start.
#[derive(Debug, Default)]
pub(in crate::runtime) struct KnownAtStart {
    /// True once it was read.
    is_read: bool,
    /// The positions up to which partitions were read.
    read: BTreeMap<TopicPartition, SourceOffset>,
    /// What was processed before.
    replayed: BTreeMap<TopicPartition, Replayed>,
    /// The replay of each node that has such records left, by index.
    replays: BTreeMap<usize, Arc<Replay>>,
    /// The last sign of life of the former run.
    last_run_at: Option<Timestamp>,
}

impl KnownAtStart {
    /// Reads the topic, unless that was done since the thread became a member of the group.
    ///
    /// # Errors
    /// If a replay has changed, or changes, the generation of a processor since this instance has prepared its start.
    pub(in crate::runtime) fn read(&mut self, context: &Context) -> Result<()> {
        if self.is_read {
            return Ok(());
        }
        let former = context.clock.now().saturating_sub(FORMER);
        let mut known = Self { is_read: true, ..Self::default() };
        let (mut generations, mut replayed) = (Generations::new(), BTreeMap::new());
        topic::read(context, |record| {
            known.read.extend(SourceOffset::of(PREFIX, &record));
            replayed.extend(Replayed::of(&record));
            generations.extend(Generation::of(&record));
            let is_heartbeat = record.key.as_deref().is_some_and(|key| key.starts_with(registry::PREFIX.as_bytes()));
            if is_heartbeat && record.timestamp < former {
                known.last_run_at = known.last_run_at.max(Some(record.timestamp));
            }
        })?;
        generation::refuse_other(&context.plan.topology, &generations, &context.settings.application)?;
        for (partition, replayed) in replayed {
            known.note(&context.plan, partition, replayed);
        }
        *self = known;
        Ok(())
    }

    /// The records of a source's partition that were processed before, if its committed offset is not behind them; true if the
    /// instances topic does not have it yet. `topic_id` is that of today's topic: what is known of another one says nothing.
    pub(in crate::runtime) fn replayed(
        &self,
        (partition, committed): (&TopicPartition, i64),
        topic_id: impl FnOnce() -> Result<Option<Uuid>>,
        now: Timestamp,
    ) -> Result<Option<(Replayed, bool)>> {
        let known = self.replayed.get(partition).filter(|known| known.offset > committed);
        let position = self.read.get(partition).filter(|position| position.offset > committed);
        if known.is_none() && position.is_none() {
            return Ok(None);
        }
        let topic_id = topic_id()?;
        let is_same = |before: Option<Uuid>| before.zip(topic_id).is_none_or(|(before, now)| before == now);
        let known = known.filter(|known| is_same(known.topic_id));
        let position = position.filter(|position| is_same(position.topic_id)).map(|position| position.offset);
        Ok(match (known, position) {
            (Some(known), position) if position.is_none_or(|position| position <= known.offset) => {
                Some((known.clone(), false))
            }
            (_, Some(offset)) => {
                let at = self.last_run_at.unwrap_or(Timestamp::MIN);
                Some((Replayed { offset, id: format!("reset-{}", now.as_millis()), at, topic_id }, true))
            }
            (_, None) => None,
        })
    }

    /// Notes what was processed before.
    pub(in crate::runtime) fn note(&mut self, plan: &TopologyPlan, partition: TopicPartition, replayed: Replayed) {
        // What is passed by is over: deadlines of that time are of new records then.
        let is_left = self.read.get(&partition).is_none_or(|position| position.offset < replayed.offset);
        if let Some(Role::Source(source)) = plan.role(&partition.topic).filter(|_| is_left)
            && let Some(source) = plan.topology.sources.get(source)
        {
            let replay = Arc::new(replayed.replay());
            let known = self.replays.entry(source.node).or_insert_with(|| Arc::clone(&replay));
            if known.at < replay.at {
                *known = replay;
            }
        }
        self.replayed.insert(partition, replayed);
    }

    /// The replay of a node that had records left which were processed before.
    pub(in crate::runtime) fn replay_of_node(&self, node: usize) -> Option<Arc<Replay>> {
        self.replays.get(&node).cloned()
    }

    /// The replay that a record of any partition is of, as far as it was known at the start.
    pub(in crate::runtime) fn replay_of(&self, record: &Record) -> Option<Arc<Replay>> {
        let known = self.replayed.get(&record.source).filter(|known| record.offset < known.offset)?;
        Some(Arc::new(known.replay()))
    }
}
