//! What one transaction has gathered before anything of it is produced.
//!
//! Inputs are kept until the commit, so that an aborted transaction is done again from memory, without seeking.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::dead_letter::{Stage, letter};
use super::topology_plan::TopologyPlan;
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
    /// Facts to count after the commit.
    pub counts: Vec<Count>,
    /// Alert kinds to count after the commit.
    pub alerts: Vec<String>,
    /// Dead letters to count after the commit.
    pub letters: Vec<(Stage, RejectReason)>,
    /// Inputs stepped over, by processor, to count after the commit.
    pub(super) stepped: BTreeMap<Arc<str>, u64>,
    /// Of these, those whose entry had to be read for want of room, likewise.
    pub(super) read: BTreeMap<Arc<str>, u64>,
    /// Source records that skipped their inbox, by processor, to count after the commit.
    pub(super) direct: BTreeMap<Arc<str>, u64>,
    /// Source records that are for no entry, by topic, to count after the commit.
    pub(super) passed: BTreeMap<Topic, u64>,
    /// The records that went in, to be taken again after an abort.
    pub records: VecDeque<Record>,
    /// The outcomes that went in, likewise.
    pub outcomes: VecDeque<Returned>,
    /// Where entries are encoded, one after another.
    pub(super) scratch: Vec<u8>,
    output_bytes: usize,
    input_bytes: usize,
    state_bytes: usize,
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
            counts: Vec::new(),
            alerts: Vec::new(),
            letters: Vec::new(),
            stepped: BTreeMap::new(),
            read: BTreeMap::new(),
            direct: BTreeMap::new(),
            passed: BTreeMap::new(),
            records: VecDeque::new(),
            outcomes: VecDeque::new(),
            scratch: Vec::new(),
            output_bytes: 0,
            input_bytes: 0,
            state_bytes: 0,
        }
    }

    /// The transaction after this one, with room for as much: one of a backlog is followed by another. This one's records
    /// are left to whoever called.
    pub(super) fn next(&self, now: Timestamp, uptime: Duration) -> Self {
        Self {
            outputs: Vec::with_capacity(self.outputs.len()),
            counts: Vec::with_capacity(self.counts.len()),
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
        self.input_bytes.max(self.output_bytes).max(self.state_bytes)
    }

    /// Notes that an entry was written, with its new parts.
    pub(super) fn wrote(&mut self, bytes: usize) {
        self.state_bytes += bytes;
    }

    /// Notes a record that went in, and keeps it.
    pub(super) fn keep(&mut self, record: Record) {
        self.input();
        self.input_bytes += record.size();
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
        self.counts.extend(counts);
        self.alerts.extend(alerts);
    }

    /// Takes one record to produce.
    pub(super) fn output(&mut self, record: OutRecord) {
        self.output_bytes += record.size();
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
        self.letters.push((stage, reject.reason));
    }
}

/// A length as a metric counts it.
pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
