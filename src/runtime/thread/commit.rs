//! Duties 4 to 9: one burst of records, their acknowledgements, the offsets, the commit, the stores, the acts.

use std::collections::BTreeMap;
use std::time::Duration;

use super::work::capacity;
use super::{IDLE_MAX, StreamThread, Turn, broken};
use crate::broker::{self, FencedBy, Producer};
use crate::metric::TransactionResult;
use crate::model::{OutRecord, Outcome, Topic, TopicPartition};
use crate::processor::Count;
use crate::runtime::dead_letter::Stage;
use crate::runtime::error::{Error, Result};
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::genesis;
use crate::runtime::input::Inputs;
use crate::runtime::settings::Guarantee;
use crate::runtime::source_offset::SourceOffset;
use crate::runtime::task::{Changes, Committed, Task};
use crate::runtime::topology_plan::TopologyPlan;
use crate::runtime::transaction::{Decision, Returned};

impl StreamThread {
    /// True when the transaction has reached one of its limits. It is as old as it was when the turn began: this is asked
    /// for every record, and a turn is short.
    pub(super) fn at_limit(&self) -> bool {
        let limits = &self.context.settings.commit;
        let age = self.txn.opened_at.map(|opened| self.txn.uptime.saturating_sub(opened));
        self.txn.inputs >= limits.inputs_max
            || self.txn.bytes() >= limits.bytes_max
            || age.is_some_and(|age| age >= limits.interval)
    }

    /// Duty 4's question: commits at a limit, or when the input is idle and the previous commit is a gap away.
    pub(super) fn commit_when_due(&mut self, worked: bool) -> Result<Turn> {
        if self.txn.is_empty() {
            return Ok(if worked { Turn::Again } else { Turn::Wait(self.until_next_timer()) });
        }
        let since = self.context.clock.uptime().saturating_sub(self.last_commit);
        let settings = &*self.context.settings;
        let gap = match settings.guarantee {
            Guarantee::ExactlyOnce => settings.commit.gap,
            // Nothing has to end before the next transaction can begin.
            Guarantee::AtLeastOnce => Duration::ZERO,
        };
        if !self.at_limit() {
            if worked {
                return Ok(Turn::Again);
            }
            if since < gap {
                return Ok(Turn::Wait(gap.saturating_sub(since)));
            }
        }
        self.commit()?;
        Ok(Turn::Again)
    }

    fn until_next_timer(&self) -> Duration {
        // While the sink is full some timers do not fire, however overdue: whoever leaves the sink rings the waker.
        let may_fire = |task: &&Task| capacity(&*self.context.sink, &self.txn, task) > 0;
        let next = self.tasks.values().filter(may_fire).filter_map(Task::next_due).min();
        next.map_or(IDLE_MAX, |due| due.since(self.txn.now).min(IDLE_MAX))
    }

    /// Duties 4 to 9. An error leaves the transaction as it is, for [`recovery`](super::recovery) to judge.
    pub(super) fn commit(&mut self) -> Result<()> {
        if self.txn.is_empty() {
            return Ok(());
        }
        self.act_too_early();
        let started = self.context.clock.uptime();
        let (Some(producer), Some(consumer)) = (&mut self.producer, &self.consumer) else { return Ok(()) };
        let settings = &*self.context.settings;
        let timeout = settings.broker_timeout;
        let group = consumer.group()?;
        if group.generation < 0 {
            let detail = "this member is in no generation of the group".to_owned();
            return Err(broker::Error::Fenced { by: FencedBy::Generation, detail }.into());
        }
        let fault_observer = &*self.context.fault_observer;
        producer.begin()?;
        fault_observer.reached(FaultPoint::Begun);
        let incarnation = self.context.incarnation.id;
        let is_atomic = settings.guarantee == Guarantee::ExactlyOnce;
        if !is_atomic {
            // The order is the guarantee: what the state takes for written has to be there before the state is.
            produce_outputs(&mut **producer, &self.txn.outputs)?;
            producer.drain(timeout)?;
        }
        let changes: Vec<_> = self.tasks.values().filter_map(|task| Some((task, task.changes()?))).collect();
        let changes = changes.into_iter().map(|(task, changes)| (task, broken::changes(settings, changes)));
        // Without transactions any record may be the one that is not written, and the next one is.
        let wait = (!is_atomic).then_some(timeout);
        produce_changes(&mut **producer, changes.collect(), &incarnation, wait)?;
        if is_atomic {
            produce_outputs(&mut **producer, &self.txn.outputs)?;
            produce_first_commits(&mut **producer, &self.context.plan, &self.inputs)?;
        }
        fault_observer.reached(FaultPoint::Produced);
        let written = producer.drain(timeout)?;
        fault_observer.reached(FaultPoint::Drained);
        let mut offsets = self.inputs.offsets();
        offsets
            .retain(|(partition, _)| !self.tasks.values().any(|task| !task.offset_known && task.inbox == *partition));
        broken::offsets(settings, &self.inputs, &mut offsets);
        if is_atomic && !offsets.is_empty() {
            producer.send_offsets(&offsets, &group, timeout)?;
        }
        fault_observer.reached(FaultPoint::OffsetsSent);
        self.store_too_early(&written)?;
        let (Some(producer), Some(consumer)) = (&mut self.producer, &mut self.consumer) else { return Ok(()) };
        match self.context.settings.guarantee {
            Guarantee::ExactlyOnce => producer.commit(timeout)?,
            // Last of all: what is written and not noted as done is done again.
            Guarantee::AtLeastOnce => consumer.commit(&offsets, timeout)?,
        }
        self.context.fault_observer.reached(FaultPoint::Committed);
        if let Err(error) = self.after_commit(&written, started) {
            // Committed, but not in every store: from here on only the broker knows what is true.
            self.recover()?;
            return Err(error);
        }
        Ok(())
    }

    /// Duties 8 and 9.
    fn after_commit(&mut self, written: &BTreeMap<TopicPartition, i64>, started: Duration) -> Result<()> {
        let ahead = broken::ahead(&self.context.settings);
        for task in self.tasks.values_mut() {
            let inbox_next = self.inputs.get(&task.inbox).map_or(0, |input| input.position);
            let changelog_next = written.get(&task.changelog).map(|next| next + ahead);
            task.apply(Committed { changelog_next, inbox_next, now: self.txn.now, uptime: self.txn.uptime })?;
            self.context.fault_observer.reached(FaultPoint::Applied);
        }
        self.context.fault_observer.reached(FaultPoint::Stored);
        self.inputs.committed();
        self.last_commit = self.context.clock.uptime();
        let metrics = &self.context.metrics;
        metrics.transaction(TransactionResult::Committed, self.last_commit.saturating_sub(started));
        let offsets = self.inputs.iter().map(|(partition, input)| (partition.clone(), input.committed));
        self.context.status.committed(offsets);
        let next = self.txn.next(self.context.clock.now(), self.last_commit);
        let done = std::mem::replace(&mut self.txn, next);
        let mut counts: BTreeMap<Count, u64> = BTreeMap::new();
        done.counts.iter().for_each(|count| *counts.entry(*count).or_default() += 1);
        for (count, times) in counts {
            metrics.count(count, times);
        }
        done.alerts.iter().for_each(|kind| metrics.alert(kind));
        for (stage, reason) in &done.letters {
            metrics.dead_letter(stage.label(), *reason);
            if let Stage::Process(processor) = stage {
                metrics.dropped(processor, *reason);
            }
        }
        done.passed.iter().for_each(|(topic, records)| metrics.passed(topic, *records));
        done.direct.iter().for_each(|(processor, records)| metrics.handed_over(processor, *records));
        done.stepped.iter().for_each(|(processor, records)| metrics.processed(processor, *records));
        done.read.iter().for_each(|(processor, entries)| metrics.entries_read(processor, *entries));
        let mut produced: BTreeMap<&Topic, u64> = BTreeMap::new();
        for record in &done.outputs {
            *produced.entry(&record.topic).or_default() += 1;
        }
        for (topic, records) in produced {
            metrics.produced(topic, records);
        }
        for Returned { task, key, outcome: Outcome { slot, attempt, .. }, .. } in done.outcomes {
            self.in_flight.remove(&(task, key, slot, attempt));
        }
        for decision in done.acts {
            if self.stands(&decision)? {
                self.hand_over(decision);
            }
        }
        Ok(())
    }

    /// False when a later step of the same transaction has settled or replaced the act: then it was never committed.
    fn stands(&mut self, decision: &Decision) -> Result<bool> {
        let Decision { task, key, act, .. } = decision;
        let Some(task) = self.tasks.get_mut(task) else { return Ok(false) };
        let pending = task.pending(&self.context.plan, key, act.slot)?;
        Ok(pending.is_some_and(|pending| pending.attempt == act.attempt))
    }

    /// Hands a committed act to the sink. Its outcome comes back through a channel, and rings.
    pub(super) fn hand_over(&mut self, decision: Decision) {
        let Decision { task, epoch, key, act, decided_at } = decision;
        self.in_flight.insert((task.clone(), key.clone(), act.slot, act.attempt));
        let (returned, waker) = (self.returned.0.clone(), self.waker.clone());
        let expires_at = decided_at.saturating_add(act.valid_for);
        let back = (task.clone(), key.clone());
        let done = Box::new(move |outcome| {
            let (task, key) = back;
            // The thread may have ended; then the act is found in the state by whoever owns the task next.
            drop(returned.send(Returned { task, epoch, key, outcome }));
            waker.wake();
        });
        self.context.sink.execute(&task, &key, act, expires_at, done);
        self.context.fault_observer.reached(FaultPoint::HandedOver);
    }
}

fn produce_outputs(producer: &mut dyn Producer, outputs: &[OutRecord]) -> Result<()> {
    outputs.iter().try_for_each(|record| producer.produce(record).map_err(Error::from))
}

/// What is committed of a source's partition for the first time is written down in the same transaction.
fn produce_first_commits(producer: &mut dyn Producer, plan: &TopologyPlan, inputs: &Inputs) -> Result<()> {
    for (partition, input) in inputs.iter() {
        if let Some(first) = input.first_commit {
            let first = SourceOffset { offset: input.position, ..first };
            producer.produce(&first.record(plan, partition))?;
        }
    }
    Ok(())
}

/// Writes what tasks have changed to their changelogs, in the order of [`Changes`]; `wait`: one kind is acknowledged, within that
/// time, before the next is written.
fn produce_changes(
    producer: &mut dyn Producer,
    changes: Vec<(&Task, Changes)>,
    incarnation: &uuid::Uuid,
    wait: Option<Duration>,
) -> Result<()> {
    let mut kinds: [Vec<OutRecord>; 4] = Default::default();
    for (task, changes) in changes {
        let Changes { genesis, new_parts, entries, gone_parts } = changes;
        let [first, parts, entries_of, last] = &mut kinds;
        let record = |(key, value)| OutRecord::logged(&task.changelog, key, value);
        first.extend(
            genesis.map(|id| genesis::record(&task.id, id, incarnation)).map(|(key, value)| record((key, Some(value)))),
        );
        parts.extend(new_parts.into_iter().map(record));
        entries_of.extend(entries.into_iter().map(record));
        last.extend(gone_parts.into_iter().map(record));
    }
    for records in kinds {
        records.iter().try_for_each(|record| producer.produce(record))?;
        if let Some(timeout) = wait.filter(|_| !records.is_empty()) {
            producer.drain(timeout)?;
        }
    }
    Ok(())
}
