//! What the instances topic has about sources when a thread is first assigned partitions: the positions up to which they were read,
//! and which records were processed before.
//!
//! The group's offset of a partition only goes back while the group is empty: by `kafka-consumer-groups --reset-offsets`, or by a
//! replay. So what is behind the position that was read is processed again. It is looked up once, at the start: afterwards the
//! group has members.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::source_offset::{PREFIX, SourceOffset};
use super::topic;
use crate::model::{OutRecord, Replay, Timestamp, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::error::Result;
use crate::runtime::generation::{self, Generation, Generations, Replayed};
use crate::runtime::topology_plan::{Role, TopologyPlan};

/// The content of the instances topic about sources at the start.
#[derive(Debug, Default)]
pub(in crate::runtime) struct KnownAtStart {
    /// True once it was read.
    is_read: bool,
    /// The positions up to which partitions were read.
    read: BTreeMap<TopicPartition, i64>,
    /// What was processed before.
    replayed: BTreeMap<TopicPartition, Replayed>,
    /// The replay of each node with such records, by index.
    replays: BTreeMap<usize, Arc<Replay>>,
}

impl KnownAtStart {
    /// Reads the topic, unless that was done.
    ///
    /// # Errors
    /// If a replay has changed, or changes, the generation of a processor since this instance has prepared its start.
    pub(in crate::runtime) fn read(&mut self, context: &Context) -> Result<()> {
        if self.is_read {
            return Ok(());
        }
        let mut generations = Generations::new();
        let (mut read, mut replayed) = (BTreeMap::new(), BTreeMap::new());
        topic::read(context, |record| {
            let position = SourceOffset::of(PREFIX, &record);
            read.extend(position.map(|(partition, position)| (partition, position.offset)));
            replayed.extend(Replayed::of(&record));
            generations.extend(Generation::of(&record));
        })?;
        generation::refuse_other(&context.plan.topology, &generations, &context.settings.application)?;
        *self = Self { is_read: true, read, replayed: BTreeMap::new(), replays: BTreeMap::new() };
        for (partition, replayed) in replayed {
            self.add(&context.plan, partition, replayed);
        }
        Ok(())
    }

    /// The records of a source's partition that were processed before, if its committed offset is not behind them; with the record for
    /// the instances topic, if that does not have it yet.
    pub(in crate::runtime) fn replayed(
        &mut self,
        (partition, committed): (&TopicPartition, i64),
        plan: &TopologyPlan,
        now: Timestamp,
    ) -> Option<(Replayed, Option<OutRecord>)> {
        let known = self.replayed.get(partition).filter(|known| known.offset > committed).cloned();
        let position = self.read.get(partition).copied().filter(|position| *position > committed);
        match (known, position) {
            (Some(known), position) if position.is_none_or(|position| position <= known.offset) => Some((known, None)),
            (_, Some(offset)) => {
                // Its entries are those of the former run, of which some wait for deadlines of that time: these are told of.
                let at = Timestamp::MIN;
                let replayed = Replayed { offset, id: format!("reset-{}", now.as_millis()), at };
                let record = topic::record(plan, &Replayed::key(partition), &replayed);
                self.add(plan, partition.clone(), replayed.clone());
                Some((replayed, Some(record)))
            }
            (_, None) => None,
        }
    }

    fn add(&mut self, plan: &TopologyPlan, partition: TopicPartition, replayed: Replayed) {
        if let Some(Role::Source(source)) = plan.role(&partition.topic)
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

    /// The replay of a node.
    pub(in crate::runtime) fn replay_of(&self, node: usize) -> Option<Arc<Replay>> {
        self.replays.get(&node).cloned()
    }
}
