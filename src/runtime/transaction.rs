//! What one transaction has gathered before anything of it is produced.
//!
//! Inputs are kept until the commit, so that an aborted transaction is done again from memory, without seeking.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::dead_letter::{Stage, letter};
use super::topology_plan::TopologyPlan;
use crate::metric::Metrics;
use crate::model::{Act, Key, OutRecord, Outcome, Record, Reject, RejectReason, Target, TaskId, Timestamp, Topic};
use crate::processor::Count;

/// An act that was decided, to be handed over when the decision is committed.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    /// Whose.
    pub task: TaskId,
    /// Of which opening of the task.
    pub epoch: u64,
    /// Of which entry.
    pub key: Key,
    /// What.
    pub act: Act,
    /// When, on [`Clock::uptime`](crate::model::Clock::uptime).
    pub decided_at: Duration,
}

/// The outcome of an act on its way to its task.
#[derive(Clone, Debug)]
pub(super) struct Returned {
    /// Whose.
    pub task: TaskId,
    /// Of which opening of the task.
    pub epoch: u64,
    /// Of which entry.
    pub key: Key,
    /// What came of it.
    pub outcome: Outcome,
}

/// The most memory that one transaction leaves to the next for encoding: most entries need less.
const SCRATCH_MAX: usize = 64 << 10;

/// A transaction that is being gathered.
#[derive(Debug)]
pub(super) struct Transaction {
    /// The wall clock of the turn that goes on.
    pub now: Timestamp,
    /// The monotonic clock of the turn that goes on.
    pub uptime: Duration,
    /// When the first input came, on the monotonic clock; `None`: nothing has happened yet.
    pub opened_at: Option<Duration>,
    /// How many records, timers and outcomes went in.
    pub inputs: usize,
    /// Records to produce, besides the changelog's.
    pub outputs: Vec<OutRecord>,
    /// Acts to hand over after the commit.
    pub acts: Vec<Decision>,
    /// What is to be counted after the commit.
    pub tally: Tally,
    /// The records that went in, to be taken again after an abort.
    pub records: VecDeque<Record>,
    /// The outcomes that went in, likewise.
    pub outcomes: VecDeque<Returned>,
    /// Where entries are encoded, one after another.
    pub(super) scratch: Vec<u8>,
    bytes: Bytes,
}

/// How many bytes a transaction keeps in memory until its commit.
#[derive(Debug, Default)]
struct Bytes {
    /// Of the outputs.
    outputs: usize,
    /// Of the records that went in.
    inputs: usize,
    /// Of entries that were written, with their new parts.
    state: usize,
}

impl Transaction {
    /// A transaction into which nothing has gone.
    pub(super) fn new(now: Timestamp, uptime: Duration) -> Self {
        Self {
            now,
            uptime,
            opened_at: None,
            inputs: 0,
            outputs: Vec::new(),
            acts: Vec::new(),
            tally: Tally::default(),
            records: VecDeque::new(),
            outcomes: VecDeque::new(),
            scratch: Vec::new(),
            bytes: Bytes::default(),
        }
    }

    /// The transaction after this one, with room for as much: one of a backlog is followed by another. This one's records
    /// are left to whoever called.
    pub(super) fn next(&self, now: Timestamp, uptime: Duration) -> Self {
        Self {
            outputs: Vec::with_capacity(self.outputs.len()),
            tally: Tally { counts: Vec::with_capacity(self.tally.counts.len()), ..Tally::default() },
            records: VecDeque::with_capacity(self.records.len()),
            scratch: Vec::with_capacity(self.scratch.capacity().min(SCRATCH_MAX)),
            ..Self::new(now, uptime)
        }
    }

    /// True when there is nothing to commit.
    pub(super) fn is_empty(&self) -> bool {
        self.inputs == 0
    }

    /// Bytes of the records that went in, of the outputs or of the entries that were written, whichever is the most: all
    /// three are kept until the commit.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.inputs.max(self.bytes.outputs).max(self.bytes.state)
    }

    /// Notes that an entry was written, with its new parts.
    pub(super) fn wrote(&mut self, bytes: usize) {
        self.bytes.state += bytes;
    }

    /// Notes a record that went in, and keeps it.
    pub(super) fn keep(&mut self, record: Record) {
        self.input();
        self.bytes.inputs += record.size();
        self.records.push_back(record);
    }

    /// Notes an input: a record, a timer or an outcome.
    pub(super) fn input(&mut self) {
        self.inputs += 1;
        self.opened_at.get_or_insert(self.uptime);
    }

    /// Takes an act that was decided.
    pub(super) fn decide(&mut self, decision: Decision) {
        self.acts.push(decision);
    }

    /// How many acts for a target it has decided.
    pub(super) fn decided(&self, to: &Target) -> usize {
        self.acts.iter().filter(|decision| decision.act.to == *to).count()
    }

    /// Takes what a step has come to.
    pub(super) fn collect(&mut self, outputs: Vec<OutRecord>, counts: Vec<Count>, alerts: Vec<String>) {
        for output in outputs {
            self.output(output);
        }
        self.tally.counts.extend(counts);
        self.tally.alerts.extend(alerts);
    }

    /// Takes one record to produce.
    pub(super) fn output(&mut self, record: OutRecord) {
        self.bytes.outputs += record.size();
        self.outputs.push(record);
    }

    /// Takes an input that was not accepted.
    pub(super) fn dead_letter(&mut self, plan: &TopologyPlan, record: &Record, stage: Stage, reject: &Reject) {
        tracing::debug!(
            messaging.destination.name = %record.source.topic,
            messaging.destination.partition.id = record.source.partition,
            messaging.kafka.offset = record.offset,
            reason = %reject,
            "dead letter"
        );
        self.output(letter(&plan.dead_letters, record, &stage, reject, self.now));
        self.tally.letters.push((stage, reject.reason));
    }
}

/// What a transaction counts when it is committed.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Facts that steps count.
    pub counts: Vec<Count>,
    /// The kinds of alerts.
    pub alerts: Vec<String>,
    /// The reasons of dead letters.
    pub letters: Vec<(Stage, RejectReason)>,
    /// Inputs stepped on, by processor.
    pub stepped: BTreeMap<Arc<str>, u64>,
    /// Of these, those whose entry had to be read because the memory budget had no room for it.
    pub read: BTreeMap<Arc<str>, u64>,
    /// Source records that skipped their inbox, by processor.
    pub direct: BTreeMap<Arc<str>, u64>,
    /// Source records that are for no entry, by topic.
    pub passed: BTreeMap<Topic, u64>,
}

impl Tally {
    /// Counts everything, and the outputs by their topics.
    pub(super) fn report(&self, metrics: &Metrics, outputs: &[OutRecord]) {
        let mut counts: BTreeMap<Count, u64> = BTreeMap::new();
        self.counts.iter().for_each(|count| *counts.entry(*count).or_default() += 1);
        for (count, times) in counts {
            metrics.count(count, times);
        }
        self.alerts.iter().for_each(|kind| metrics.alert(kind));
        for (stage, reason) in &self.letters {
            metrics.dead_letter(stage.label(), *reason);
            if let Stage::Process(processor) = stage {
                metrics.dropped(processor, *reason);
            }
        }
        self.passed.iter().for_each(|(topic, records)| metrics.passed(topic, *records));
        self.direct.iter().for_each(|(processor, records)| metrics.handed_over(processor, *records));
        self.stepped.iter().for_each(|(processor, records)| metrics.processed(processor, *records));
        self.read.iter().for_each(|(processor, entries)| metrics.entries_read(processor, *entries));
        let mut produced: BTreeMap<&Topic, u64> = BTreeMap::new();
        for record in outputs {
            *produced.entry(&record.topic).or_default() += 1;
        }
        for (topic, records) in produced {
            metrics.produced(topic, records);
        }
    }
}

/// A length as a metric counts it.
pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
