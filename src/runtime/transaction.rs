//! A transaction: its inputs, outputs and acts, before any record is produced.
//!
//! Inputs are kept until the commit, so that an aborted transaction is repeated from memory, without seeking.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::dead_letter::{Stage, letter};
use super::decisions::Decisions;
use super::notice::Notices;
use super::topology_plan::TopologyPlan;
use crate::metric::{Metrics, RecordEnd};
use crate::model::{Alert, Key, OutRecord, Outcome, Record, Reject, RejectReason, Span, TaskId, Timestamp, Topic};
use crate::processor::{Count, Observation};

/// The outcome of an act, on its way to its task.
#[derive(Clone, Debug)]
pub(super) struct Returned {
    /// The task.
    pub task: TaskId,
    /// The epoch of the task.
    pub epoch: u64,
    /// The entry.
    pub key: Key,
    /// The outcome.
    pub outcome: Outcome,
}

/// The most bytes of the encoding buffer that the next transaction reuses: most entries need less.
const SCRATCH_MAX: usize = 64 << 10;

/// An open transaction.
#[derive(Debug)]
pub(super) struct Transaction {
    /// The wall clock of the current turn.
    pub now: Timestamp,
    /// The monotonic clock of the current turn.
    pub uptime: Duration,
    /// The time of the first input, on the monotonic clock; `None` before it.
    pub opened_at: Option<Duration>,
    /// The number of inputs.
    pub inputs: usize,
    /// Records to produce, except changelog records.
    pub outputs: Vec<OutRecord>,
    /// Acts to hand to the sink after the commit.
    pub acts: Decisions,
    /// Counts for the metrics after the commit.
    pub tally: Tally,
    /// The spans that have ended, to be exported after the commit; `None`: none are.
    pub spans: Option<Vec<Span>>,
    /// The input records, to be taken again after an abort.
    pub records: VecDeque<Record>,
    /// The input outcomes, to be taken again after an abort.
    pub outcomes: VecDeque<Returned>,
    /// The buffer for encoding entries.
    pub(super) scratch: Vec<u8>,
    bytes: Bytes,
}

/// The memory of a transaction until its commit, in bytes.
#[derive(Debug, Default)]
struct Bytes {
    /// Of the outputs.
    outputs: usize,
    /// Of the records that went in.
    inputs: usize,
    /// Of written entries with their new parts.
    state: usize,
}

impl Transaction {
    /// An empty transaction.
    pub(super) fn new(now: Timestamp, uptime: Duration) -> Self {
        Self {
            now,
            uptime,
            opened_at: None,
            inputs: 0,
            outputs: Vec::new(),
            acts: Decisions::default(),
            tally: Tally::default(),
            spans: None,
            records: VecDeque::new(),
            outcomes: VecDeque::new(),
            scratch: Vec::new(),
            bytes: Bytes::default(),
        }
    }

    /// The same transaction, with spans if they are exported.
    pub(super) fn with_spans(self, are_exported: bool) -> Self {
        Self { spans: are_exported.then(Vec::new), ..self }
    }

    /// The next transaction, with the same capacity, because a backlog needs several. The records of this one stay with
    /// the caller.
    pub(super) fn next(&self, uptime: Duration) -> Self {
        Self {
            outputs: Vec::with_capacity(self.outputs.len()),
            tally: Tally { counts: Vec::with_capacity(self.tally.counts.len()), ..Tally::default() },
            records: VecDeque::with_capacity(self.records.len()),
            scratch: Vec::with_capacity(self.scratch.capacity().min(SCRATCH_MAX)),
            ..Self::new(self.now, uptime).with_spans(self.spans.is_some())
        }
    }

    /// True if there is nothing to commit.
    pub(super) fn is_empty(&self) -> bool {
        self.inputs == 0
    }

    /// The size of inputs, of outputs, or of written entries in bytes, whichever is the largest: all three are kept
    /// until the commit.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.inputs.max(self.bytes.outputs).max(self.bytes.state)
    }

    /// Counts a written entry with its new parts.
    pub(super) fn wrote(&mut self, bytes: usize) {
        self.bytes.state += bytes;
    }

    /// Adds an input record.
    pub(super) fn keep(&mut self, record: Record) {
        self.input();
        self.bytes.inputs += record.size();
        self.records.push_back(record);
    }

    /// Counts an input: a record, a timer, an outcome, or positions that have moved without a record.
    pub(super) fn input(&mut self) {
        self.inputs += 1;
        self.opened_at.get_or_insert(self.uptime);
    }

    /// Adds the results of a step.
    pub(super) fn collect(
        &mut self,
        key: &Key,
        outputs: Vec<OutRecord>,
        counts: Vec<(Count, u64)>,
        alerts: Vec<Alert>,
    ) {
        for output in outputs {
            self.output(output);
        }
        self.tally.counts.extend(counts);
        for alert in alerts {
            self.tally.notices.alert(key, &alert);
            self.tally.alerts.push(alert.kind);
        }
    }

    /// Adds a record to produce.
    pub(super) fn output(&mut self, record: OutRecord) {
        self.bytes.outputs += record.size();
        self.outputs.push(record);
    }

    /// Counts a source record that belongs to no entry of this application.
    pub(super) fn pass(&mut self, plan: &TopologyPlan, source: usize, record: &Record) {
        plan.reader(source).into_iter().for_each(|processor| self.tally.end(processor, RecordEnd::Passed));
        *self.tally.passed.entry(record.source.topic.clone()).or_default() += 1;
    }

    /// Adds a dead letter for a rejected input.
    pub(super) fn dead_letter(&mut self, plan: &TopologyPlan, record: &Record, stage: Stage, reject: &Reject) {
        tracing::debug!(
            messaging.destination.name = %record.source.topic,
            messaging.destination.partition.id = record.source.partition,
            messaging.kafka.offset = record.offset,
            reason = %reject,
            "dead letter"
        );
        let topic = &plan.dead_letters;
        self.output(letter((topic, plan.record_max(topic)), record, &stage, reject, self.now));
        self.tally.notices.dead_letter(record, reject);
        self.tally.letters.push((stage, reject.reason));
    }
}

/// Counts for the metrics after the commit.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The counters of steps, each with a number to add.
    pub counts: Vec<(Count, u64)>,
    /// The durations of steps, for their histograms.
    pub observations: Vec<Observation>,
    /// How late timers have fired, by processor.
    pub late_timers: Vec<(Arc<str>, Duration)>,
    /// The kinds of alerts.
    pub alerts: Vec<String>,
    /// The reasons of dead letters.
    pub letters: Vec<(Stage, RejectReason)>,
    /// What is logged of the alerts and dead letters.
    pub notices: Notices,
    /// The steps by processor.
    stepped: BTreeMap<Arc<str>, Steps>,
    /// Source records that did not end in a step, by processor.
    ended: BTreeMap<(Arc<str>, RecordEnd), u64>,
    /// Of these, those whose entry was read because it was not cached, although entries like it are.
    pub read: BTreeMap<Arc<str>, u64>,
    /// Source records that skipped their inbox, by processor.
    pub direct: BTreeMap<Arc<str>, u64>,
    /// Source records that belong to no entry, by topic.
    pub passed: BTreeMap<Topic, u64>,
    /// Commands by processor; true: accepted.
    commands: BTreeMap<(Arc<str>, bool), u64>,
}

/// The steps of a processor.
#[derive(Clone, Copy, Debug, Default)]
struct Steps {
    all: u64,
    /// Of these, those on source records.
    on_records: u64,
}

impl Tally {
    /// Counts a step.
    pub(super) fn stepped(&mut self, processor: &Arc<str>, is_record: bool) {
        let steps = self.stepped.entry(Arc::clone(processor)).or_default();
        steps.all += 1;
        steps.on_records += u64::from(is_record);
    }

    /// Counts a source record that ends without a step, or with a rejected one.
    pub(super) fn end(&mut self, processor: &Arc<str>, end: RecordEnd) {
        *self.ended.entry((Arc::clone(processor), end)).or_default() += 1;
    }

    /// Counts a command.
    pub(super) fn command(&mut self, processor: &Arc<str>, is_accepted: bool) {
        *self.commands.entry((Arc::clone(processor), is_accepted)).or_default() += 1;
    }

    /// Updates the metrics, including the outputs by topic.
    pub(super) fn report(&self, metrics: &Metrics, outputs: &[OutRecord]) {
        let mut counts: BTreeMap<Count, u64> = BTreeMap::new();
        self.counts.iter().for_each(|(count, times)| *counts.entry(*count).or_default() += times);
        for (count, times) in counts {
            metrics.count(count, times);
        }
        self.observations.iter().for_each(|observation| metrics.observe(*observation));
        self.late_timers.iter().for_each(|(processor, late)| metrics.task.timer_fired(processor, *late));
        self.alerts.iter().for_each(|kind| metrics.diagnostics.alert(kind));
        for (stage, reason) in &self.letters {
            metrics.diagnostics.dead_letter(stage.label(), *reason);
            if let Stage::Process(processor) = stage {
                metrics.task.dropped(processor, *reason);
            }
        }
        self.passed.iter().for_each(|(topic, records)| metrics.consumer.passed(topic, *records));
        self.direct.iter().for_each(|(processor, records)| metrics.task.handed_over(processor, *records));
        for (processor, steps) in &self.stepped {
            metrics.task.processed(processor, steps.all);
            metrics.task.ended(processor, RecordEnd::Processed, steps.on_records);
        }
        self.ended.iter().for_each(|((processor, end), records)| metrics.task.ended(processor, *end, *records));
        self.read.iter().for_each(|(processor, entries)| metrics.task.entries_read(processor, *entries));
        for ((processor, is_accepted), commands) in &self.commands {
            metrics.task.commands(processor, *is_accepted, *commands);
        }
        let mut produced: BTreeMap<&Topic, u64> = BTreeMap::new();
        for record in outputs {
            *produced.entry(&record.topic).or_default() += 1;
        }
        for (topic, records) in produced {
            metrics.producer.produced(topic, records);
        }
    }
}

/// A length as a metric's value.
pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
