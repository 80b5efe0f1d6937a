//! The steps that write: apply, abort, prune, and what stands.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use super::plan::{PLAN_VALID, Plan};
use super::{ReplayError, Replays, Result};
use crate::broker::{self, NewTopic, ProducerSpec};
use crate::model::{Key, OutRecord, Timestamp, Topic, TopicPartition};
use crate::runtime::audit::{Audit, AuditVerdict};
use crate::runtime::generation::{Generation, Moved, Phase, Replayed, Reprocess};
use crate::runtime::topic_kind::{Kind, new_topic};
use crate::topology::{Node, internal_topic};

/// The key in the audit of what is done to all entries of a processor.
const EVERY_ENTRY: &str = "*";

/// Who applies or aborts a replay, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
}

/// Told before each step; an error ends the operation there, as a crash would.
type Progress<'a> = &'a mut dyn FnMut(&str) -> Result<()>;

/// Where the state of a processor stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The processor.
    pub processor: String,
    /// Its state.
    pub state: State,
    /// The generation in force.
    pub generation: u32,
    /// The replay that has made it, or is under way.
    pub replay: Option<Reprocess>,
    /// The offsets that are left until what was processed before is processed again.
    pub remaining: i64,
}

/// The state of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No replay, or one that was pruned.
    None,
    /// It was interrupted while it was applied.
    Applying,
    /// It was interrupted while it was aborted.
    Aborting,
    /// What was processed before is being processed again.
    Catching,
    /// Everything is processed again; the former generation is still there.
    Done,
}

/// How far a plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    New,
    /// Applying it was interrupted.
    Begun,
    Applied,
}

impl Replays {
    /// Applies a plan. It can be repeated after an error, and does nothing if it is applied already.
    pub fn apply(&mut self, plan: &Plan, by: &Operator, progress: Progress<'_>) -> Result<()> {
        let (_, node) = self.node(&plan.processor)?;
        let (generations, before) = self.known()?;
        let known = generations.get(&plan.processor).cloned().unwrap_or_default();
        let standing = self.check(plan, &known)?;
        if standing == Standing::Applied {
            return progress("nothing is left to do: it is applied already");
        }
        self.refuse_members()?;
        let replay = Reprocess {
            id: plan.id.clone(),
            from: plan.from,
            to: plan.to,
            by: by.by.clone(),
            why: by.why.clone(),
            at: plan.last_run_at,
            offsets: moved(plan),
        };
        let applying = Generation { number: plan.from, highest: plan.to, phase: Phase::Applying, replay: Some(replay) };
        if standing == Standing::New {
            progress("writing that the replay begins, so that no instance starts meanwhile")?;
            self.write(&[self.generation_record(&plan.processor, &applying)])?;
        }
        // An instance that has started before it could read that has joined by now.
        self.refuse_members()?;
        let left = self.inbox_left(&node)?;
        if left > 0 {
            progress(&format!(
                "note: the former inbox has up to {left} records that were not processed: commands among them are lost, and what comes of \
                 the others is marked. Stop instances together, to have none"
            ))?;
        }
        progress("creating the inbox and the changelog of the next generation")?;
        self.create_topics(&node, plan.to)?;
        progress("committing the offsets of the sources")?;
        let targets = offsets(&plan.partitions.iter().map(|it| (&*it.partition, it.target)).collect::<Vec<_>>())?;
        self.commit(&targets)?;
        progress("writing that the replay has begun")?;
        let settled = Generation { number: plan.to, phase: Phase::Settled, ..applying.clone() };
        let mut records = vec![self.generation_record(&plan.processor, &settled)];
        for it in &plan.partitions {
            let partition = partition(&it.partition)?;
            records.push(self.replayed((&plan.id, it.saved, plan.last_run_at), &partition, before.get(&partition))?);
        }
        records.push(self.audit("replay apply", (&plan.processor, &plan.id, by), (&applying, &settled)));
        self.write(&records)
    }

    /// Refuses a plan that is old or not of this state.
    fn check(&mut self, plan: &Plan, known: &Generation) -> Result<Standing> {
        let stale = |detail: String| Err(ReplayError::Stale { detail });
        if plan.application != self.settings.application {
            return stale(format!("it is of the application {}", plan.application));
        }
        if known.phase == Phase::Applying && known.replay.as_ref().is_some_and(|replay| replay.id == plan.id) {
            return Ok(Standing::Begun);
        }
        super::plan::refuse_under_way(&plan.processor, known)?;
        if known.replay.as_ref().is_some_and(|replay| replay.id == plan.id) {
            return Ok(Standing::Applied);
        }
        if (known.number, known.highest + 1) != (plan.from, plan.to) {
            return stale(format!("the state of {} is of generation {} now", plan.processor, known.number));
        }
        let age = self.clock.now().since(plan.made_at);
        if age > PLAN_VALID {
            return Err(ReplayError::Expired { age, valid: PLAN_VALID });
        }
        let saved: Vec<_> = plan.partitions.iter().map(|it| (&*it.partition, it.saved)).collect();
        for (partition, wanted, found) in self.committed(&offsets(&saved)?)? {
            if found != Some(wanted) {
                return stale(format!("{partition} was processed further since: up to {found:?}"));
            }
        }
        for it in &plan.partitions {
            let (earliest, _) = self.admin.watermarks(&partition(&it.partition)?, self.timeout)?;
            if it.target < earliest {
                return stale(format!("retention has deleted records of {} meanwhile", it.partition));
            }
        }
        Ok(Standing::New)
    }

    /// Undoes the replay of a processor: the former generation goes on where it was stopped. It can be repeated after an error.
    /// What was processed by the generation that is given up, is marked as of a replay: its submissions were made, and its alerts told.
    pub fn abort(&mut self, processor: &str, by: &Operator, progress: Progress<'_>) -> Result<()> {
        let (generations, before) = self.known()?;
        let known = generations.get(processor).cloned().unwrap_or_default();
        let Some(replay) = known.replay.clone() else {
            let why = "none was applied, or its former generation was pruned".to_owned();
            return Err(ReplayError::NoReplay { processor: processor.to_owned(), what: "abort", why });
        };
        self.refuse_members()?;
        progress("writing that the replay is undone, so that no instance starts meanwhile")?;
        let aborting = Generation { phase: Phase::Aborting, ..known.clone() };
        self.write(&[self.generation_record(processor, &aborting)])?;
        self.refuse_members()?;
        let saved: Vec<_> = replay.offsets.iter().map(|it| (&*it.partition, it.saved)).collect();
        let saved = offsets(&saved)?;
        let last_run_at = self.last_run_at()?;
        let mut records = Vec::new();
        for (partition, _, reached) in self.committed(&saved)? {
            let mark = (&*replay.id, reached.unwrap_or_default(), last_run_at);
            records.push(self.replayed(mark, &partition, before.get(&partition))?);
        }
        progress("writing what the replay has processed")?;
        self.write(&records)?;
        progress("committing the former offsets of the sources")?;
        self.commit(&saved)?;
        progress("writing that the former generation is in force")?;
        let settled = Generation { number: replay.from, phase: Phase::Settled, replay: None, ..known };
        let audit = self.audit("replay abort", (processor, &replay.id, by), (&known, &settled));
        self.write(&[self.generation_record(processor, &settled), audit])
    }

    /// Deletes the topics of all generations of a processor but the one in force; a replay cannot be aborted afterwards. The topics.
    pub fn prune(&mut self, processor: &str, by: &Operator, progress: Progress<'_>) -> Result<Vec<Topic>> {
        let (_, node) = self.node(processor)?;
        let known = self.generations()?.get(processor).cloned().unwrap_or_default();
        super::plan::refuse_under_way(processor, &known)?;
        let others = (0..=known.highest).filter(|number| *number != known.number);
        let topics: Vec<Topic> = others.flat_map(|number| self.topics(&node, number)).collect();
        let found = self.admin.describe(&topics, self.timeout)?;
        let topics: Vec<Topic> = topics.into_iter().zip(found).filter_map(|(topic, it)| it.map(|_| topic)).collect();
        if topics.is_empty() {
            let why = "there are no topics of other generations".to_owned();
            return Err(ReplayError::NoReplay { processor: processor.to_owned(), what: "prune", why });
        }
        progress("writing that the replay cannot be aborted any more")?;
        let pruned = Generation { replay: None, ..known.clone() };
        let id = known.replay.as_ref().map_or("", |replay| &replay.id);
        let audit = self.audit("replay prune", (processor, id, by), (&known, &pruned));
        self.write(&[self.generation_record(processor, &pruned), audit])?;
        progress("deleting the topics of the other generations")?;
        self.admin.delete(&topics, self.timeout)?;
        Ok(topics)
    }

    /// Where the states of all processors stand.
    pub fn status(&mut self) -> Result<Vec<Status>> {
        let generations = self.generations()?;
        let mut all = Vec::new();
        for processor in self.topology.nodes.iter().map(|node| node.name.to_string()).collect::<Vec<_>>() {
            let Generation { number, phase, replay, .. } = generations.get(&processor).cloned().unwrap_or_default();
            let mut remaining = 0;
            if let Some(replay) = &replay {
                let saved: Vec<_> = replay.offsets.iter().map(|it| (&*it.partition, it.saved)).collect();
                for (_, saved, found) in self.committed(&offsets(&saved)?)? {
                    remaining += (saved - found.unwrap_or(saved)).max(0);
                }
            }
            let state = match (phase, &replay) {
                (Phase::Applying, _) => State::Applying,
                (Phase::Aborting, _) => State::Aborting,
                (Phase::Settled, None) => State::None,
                (Phase::Settled, Some(_)) if remaining > 0 => State::Catching,
                (Phase::Settled, Some(_)) => State::Done,
            };
            all.push(Status { processor, state, generation: number, replay, remaining });
        }
        Ok(all)
    }

    fn topics(&self, node: &Node, generation: u32) -> [Topic; 2] {
        let node = Node { generation, ..node.clone() };
        [node.inbox(&self.settings.application), node.changelog(&self.settings.application)]
    }

    /// The offsets of the inbox in force that were not processed, transaction markers included.
    fn inbox_left(&mut self, node: &Node) -> Result<i64> {
        let generation = self.generations()?.get(&*node.name).map_or(0, |generation| generation.number);
        let [inbox, _] = self.topics(node, generation);
        let partitions = self.admin.partitions(&inbox, self.timeout)?;
        let ends = self.admin.ends(&partitions, self.timeout)?;
        let committed = self.admin.committed(&self.settings.application, &partitions, self.timeout)?;
        Ok(ends.into_iter().zip(committed).filter_map(|(end, committed)| Some((end - committed?).max(0))).sum())
    }

    /// Creates the topics of a generation, with as many partitions as those of the one in force, so that keys keep their tasks.
    fn create_topics(&mut self, node: &Node, generation: u32) -> Result<()> {
        let [inbox, _] = self.topics(node, node.generation);
        let found = self.admin.partitions(&inbox, self.timeout)?;
        let count = i32::try_from(found.len()).ok().filter(|count| *count > 0);
        let [inbox, changelog] = self.topics(node, generation);
        let create = [(inbox, Kind::Inbox), (changelog, Kind::Changelog)];
        let create: Vec<NewTopic> =
            create.iter().map(|(topic, kind)| new_topic(topic, *kind, &self.settings, count)).collect();
        Ok(self.admin.create(&create, self.timeout)?)
    }

    /// Commits offsets of the group, which has no members, and checks that they are.
    fn commit(&mut self, offsets: &[(TopicPartition, i64)]) -> Result<()> {
        match self.admin.set_offsets(&self.settings.application, offsets, self.timeout) {
            Err(broker::Error::Fenced { detail, .. }) => {
                let (group, members) = (self.settings.application.clone(), vec![detail]);
                return Err(ReplayError::GroupNotEmpty { group, members });
            }
            result => result?,
        }
        for (partition, wanted, found) in self.committed(offsets)? {
            if found != Some(wanted) {
                return Err(ReplayError::NotCommitted { partition, wanted, found });
            }
        }
        Ok(())
    }

    /// The group's offsets beside these.
    fn committed(&mut self, offsets: &[(TopicPartition, i64)]) -> Result<Vec<(TopicPartition, i64, Option<i64>)>> {
        let partitions: Vec<_> = offsets.iter().map(|(partition, _)| partition.clone()).collect();
        let found = self.admin.committed(&self.settings.application, &partitions, self.timeout)?;
        Ok(offsets.iter().zip(found).map(|((partition, offset), found)| (partition.clone(), *offset, found)).collect())
    }

    fn generation_record(&self, processor: &str, generation: &Generation) -> OutRecord {
        self.record(&Generation::key(processor), generation)
    }

    /// The record of what was processed before of a partition; what is known of a former replay stays.
    fn replayed(
        &mut self,
        (id, offset, at): (&str, i64, Timestamp),
        partition: &TopicPartition,
        before: Option<&Replayed>,
    ) -> Result<OutRecord> {
        let topic_id = self.admin.topic_id(&partition.topic, self.timeout)?;
        let before = before.filter(|before| before.topic_id == topic_id);
        let offset = before.map_or(offset, |before| before.offset.max(offset));
        let at = before.map_or(at, |before| before.at.max(at));
        Ok(self.record(&Replayed::key(partition), &Replayed { offset, id: id.to_owned(), at, topic_id }))
    }

    /// The record of what an operator has done, for the audit topic.
    fn audit(
        &self,
        name: &str,
        (processor, replay, by): (&str, &str, &Operator),
        (before, after): (&Generation, &Generation),
    ) -> OutRecord {
        let (now, Operator { by, why }) = (self.clock.now(), by.clone());
        let shown = |generation: &Generation| vec![format!("generation {}", generation.number)];
        let audit = Audit {
            id: Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{name} {processor} {replay}").as_bytes()),
            processor: processor.to_owned(),
            key: EVERY_ENTRY.to_owned(),
            name: name.to_owned(),
            arguments: BTreeMap::from([("replay".to_owned(), replay.to_owned())]),
            by,
            why,
            sent_at: now,
            at: now,
            verdict: AuditVerdict::Accepted,
            before: shown(before),
            after: shown(after),
        };
        let topic = internal_topic(&self.settings.application, "audit");
        audit.record(&Key::new(EVERY_ENTRY), (&self.topology.name, &topic))
    }

    /// A record of the instances topic.
    fn record(&self, key: &str, value: &impl serde::Serialize) -> OutRecord {
        let partition = TopicPartition::new(&internal_topic(&self.settings.application, "instances"), 0);
        // The values are structs of texts and numbers, which always serialize.
        OutRecord::logged(&partition, Key::new(key), Some(serde_json::to_vec(value).unwrap_or_default().into()))
    }

    /// Writes records in one transaction, and ends one that was interrupted.
    fn write(&mut self, records: &[OutRecord]) -> Result<()> {
        let id = format!("{}-replay", self.settings.application);
        let mut producer = self.broker.producer(&ProducerSpec::transactional(&id))?;
        producer.init(self.timeout.max(Duration::from_secs(5)))?;
        producer.transact(records, self.timeout)?;
        Ok(())
    }
}

fn moved(plan: &Plan) -> Vec<Moved> {
    let moved = |it: &super::Partition| Moved { partition: it.partition.clone(), saved: it.saved, target: it.target };
    plan.partitions.iter().map(moved).collect()
}

fn partition(text: &str) -> Result<TopicPartition> {
    text.parse().map_err(|_no_partition| ReplayError::Stale { detail: format!("`{text}` is not a partition") })
}

fn offsets(named: &[(&str, i64)]) -> Result<Vec<(TopicPartition, i64)>> {
    named.iter().map(|(name, offset)| Ok((partition(name)?, *offset))).collect()
}
