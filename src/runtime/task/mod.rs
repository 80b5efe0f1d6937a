//! A task: one processor on one partition of its inbox, with its store and its uncommitted changes.
//!
//! ```text
//!  Created ──▶ Restoring ──▶ Running ──▶ Suspended ──▶ Closed
//!                  ▲            │            │
//!                  └────────────┴────────────┘   after an abort of unknown outcome; when it is assigned again
//! ```
//!
//! | file | content |
//! |---|---|
//! | `acts` | pending and queued acts |
//! | `state` | the store with its write-behind buffer, the overlay, the decoded entries |
//! | `next_timers` | the due times of the next timers |
//! | `missing_timers` | entries of former versions that lack a timer |
//! | `change_head` | changes of heads without a step |
//! | `cache` | decoded entries |
//! | `entry` | an entry before a step and after it |
//! | `lifecycle` | whether it is restored, processing or suspended |
//! | `replay` | records that are processed again, and the timers of their time |
//! | `queue` | the targets of its acts, and the acts that wait for capacity at them |
//! | `step` | runs a step and checks its effects |

mod acts;
mod cache;
mod change_head;
mod entry;
mod lifecycle;
mod missing_timers;
mod next_timers;
mod queue;
mod read_error;
mod replay;
mod state;
mod step;
mod step_context;
#[cfg(test)]
mod tests;
mod trace;

pub(super) use acts::Pending;
pub(super) use lifecycle::Lifecycle;
pub(super) use queue::Queues;
pub(super) use state::{Changes, Committed, State};

use std::sync::Arc;
use std::time::Duration;

use entry::NextEntry;
use step::Staged;
use step_context::StepContext;

use super::audit::Audited;
use super::dead_letter::Stage;
use super::decisions::QueuedAct;
use super::envelope;
use super::error::{Error, Result};
use super::history::{self, StepInput};
use super::open_entries::OpenEntries;
use super::topology_plan::TopologyPlan;
use super::transaction::Transaction;
use crate::metric::RecordEnd;
use crate::model::{
    Headers, Key, Moment, Outcome, Record, Reject, Replay, Target, TaskId, Timer, Timestamp, TopicPartition,
};
use crate::processor::{Deleted, Event, Input};
use crate::store::{self, StoredEntry, TimerClock};

/// A task of a stream thread.
#[derive(Debug)]
pub(super) struct Task {
    /// The id.
    pub id: TaskId,
    /// Its node in the topology.
    pub node: usize,
    /// The partition of its inbox.
    pub inbox: TopicPartition,
    /// The partition of its changelog.
    pub changelog: TopicPartition,
    /// Incremented each time the task is opened here, so that outcomes for an earlier owner are told apart.
    pub epoch: u64,
    /// The state in its life cycle.
    pub state: Lifecycle,
    /// False if the group had no offset for its inbox; then its changelog must be empty.
    pub offset_known: bool,
    /// The targets of its acts so far, and the acts that wait for capacity at them.
    pub queues: Queues,
    /// True if the store is deleted before it is restored.
    pub fresh: bool,
    /// The latest known watermark of its node; [`Timestamp::MIN`] before the first.
    pub watermark: Timestamp,
    /// The replay that it is in: its deadlines before the end of the time that is processed again are of that time. `None` once it has
    /// none of these, and no record of that time.
    pub replay: Option<Arc<Replay>>,
    /// True once it was asked whether its node is in a replay.
    pub has_asked_for_replay: bool,
}

impl Task {
    fn running(&mut self) -> Option<&mut State> {
        match &mut self.state {
            Lifecycle::Running(state) => Some(state),
            Lifecycle::Created | Lifecycle::Restoring(_) | Lifecycle::Suspended(_) => None,
        }
    }

    /// True if it is processing.
    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, Lifecycle::Running(_))
    }

    /// A lower bound of the due time of the next timer of a clock.
    pub(super) fn next_due(&self, clock: TimerClock) -> Option<Timestamp> {
        let Lifecycle::Running(state) = &self.state else { return None };
        state.next_due(clock)
    }

    /// Steps on a record of the inbox; a rejected one becomes a dead letter.
    pub(super) fn on_record(&mut self, plan: &TopologyPlan, record: &Record, txn: &mut Transaction) -> Result<()> {
        let key = Key::from_slice(record.key.as_deref().unwrap_or_default());
        let input = match envelope::unwrap(record) {
            Ok(Some(input)) => input,
            Ok(None) => return Ok(()),
            Err(reject) => {
                txn.dead_letter(plan, record, Stage::Decode, &reject);
                txn.tally.end(&self.id.processor, RecordEnd::DeadLetter);
                return Ok(());
            }
        };
        let letters = self.step(plan, &key, input, txn)?.unwrap_or_else(|reject| vec![reject]);
        if letters.is_empty() {
            return Ok(());
        }
        // The dead letter of an event names the event's source and not the inbox.
        let original = match envelope::unwrap(record) {
            Ok(Some(Input::Record(event))) => event.record,
            _ => record.clone(),
        };
        for reject in letters {
            txn.dead_letter(plan, &original, Stage::Process(self.id.processor.clone()), &reject);
        }
        Ok(())
    }

    /// Steps on an event. Returns the dead letters of its record: those of the step, or its rejection.
    pub(super) fn on_event(
        &mut self,
        plan: &TopologyPlan,
        key: &Key,
        event: Event,
        txn: &mut Transaction,
    ) -> Result<Vec<Reject>> {
        Ok(self.step(plan, key, Input::Record(event), txn)?.unwrap_or_else(|reject| vec![reject]))
    }

    /// Steps on the outcome of an act. If the step rejects it, the act is deleted and the entry's key becomes a dead
    /// letter.
    pub(super) fn on_outcome(
        &mut self,
        plan: &TopologyPlan,
        key: &Key,
        outcome: Outcome,
        txn: &mut Transaction,
    ) -> Result<()> {
        let slot = outcome.slot;
        let letters = match self.step(plan, key, Input::Outcome(outcome), txn)? {
            Ok(letters) => letters,
            Err(reject) => {
                self.delete_rejected(plan, key, Deleted::Act(slot), txn)?;
                vec![reject]
            }
        };
        self.letters_without_record(plan, key, &letters, txn);
        Ok(())
    }

    /// Fires up to `limit` due timers of each clock, delays up to the wall clock and deadlines up to `deadlines`; returns the
    /// number. They are read through the overlay, so a timer that this transaction has unscheduled does not fire.
    pub(super) fn fire(
        &mut self,
        plan: &TopologyPlan,
        (limit, deadlines): (usize, Timestamp),
        txn: &mut Transaction,
    ) -> Result<usize> {
        let mut fired = self.schedule_missing(plan, limit, txn)?;
        self.replay = replay::left(self.replay.take(), self.next_due(TimerClock::Deadline));
        for clock in TimerClock::ALL {
            let until = match clock {
                TimerClock::Deadline => deadlines,
                TimerClock::Delay => txn.now,
            };
            let Some(state) = self.running() else { return Ok(0) };
            let due = state.due(clock, until, limit).map_err(|source| Error::store(&self.id, source))?;
            for (key, timer) in due {
                // An earlier timer's step may have unscheduled it.
                if self.running().is_some_and(|state| state.is_scheduled(&key, &timer)) {
                    self.on_timer(plan, &key, timer, txn)?;
                    fired += 1;
                }
            }
        }
        Ok(fired)
    }

    fn on_timer(&mut self, plan: &TopologyPlan, key: &Key, timer: Timer, txn: &mut Transaction) -> Result<()> {
        txn.tally.late_timers.push((self.id.processor.clone(), txn.now.since(timer.due)));
        let letters = match self.step(plan, key, Input::Timer(timer), txn)? {
            Ok(letters) => letters,
            Err(reject) => {
                self.delete_rejected(plan, key, Deleted::Timer(timer.kind), txn)?;
                vec![reject]
            }
        };
        self.letters_without_record(plan, key, &letters, txn);
        txn.input();
        Ok(())
    }

    /// Dead letters of inputs without a record, with the entry's key.
    fn letters_without_record(&self, plan: &TopologyPlan, key: &Key, letters: &[Reject], txn: &mut Transaction) {
        for reject in letters {
            let record = Record {
                source: self.inbox.clone(),
                offset: -1,
                timestamp: txn.now,
                key: Some(key.bytes()),
                value: None,
                headers: Headers::new(),
            };
            txn.dead_letter(plan, &record, Stage::Process(self.id.processor.clone()), reject);
        }
    }

    /// The time of a step.
    const fn moment(&self, txn: &Transaction) -> Moment {
        Moment { wall: txn.now, watermark: self.watermark }
    }

    /// Runs one step and adds its results to the overlay and the transaction. The inner value is the dead letters of
    /// the step, or its rejection, after which nothing has changed.
    fn step(
        &mut self,
        plan: &TopologyPlan,
        key: &Key,
        input: Input,
        txn: &mut Transaction,
    ) -> Result<std::result::Result<Vec<Reject>, Reject>> {
        let node = plan.node(self.node)?;
        let id = self.id.clone();
        let at = self.moment(txn);
        let is_record = matches!(input, Input::Record(_));
        let replay = replay::of(&input, &mut self.replay);
        let Lifecycle::Running(state) = &mut self.state else { return Ok(Ok(Vec::new())) };
        let (queues, decisions) = (&self.queues, &txn.acts);
        let waits = |to: &Target| queues.must_wait(to, decisions);
        let has_spans = txn.spans.is_some();
        let context = StepContext { plan, node, task: &id, key, at, has_spans, waits: &waits };
        let current = match state.take(node, key) {
            Ok(current) => current,
            Err(error) => return Err(error.of(&id, key)),
        };
        let was_read = current.was_read;
        let audited = match &input {
            Input::Command(command) => Some(Audited::new(command, current.head.statuses)),
            Input::Record(_) | Input::Timer(_) | Input::Outcome(_) => None,
        };
        let input_of = node.history.then(|| (StepInput::of(&input), current.head.statuses));
        let old_head = current.body.is_some().then(|| Arc::clone(&current.head));
        let staged = step::stage(context, current, input, &mut txn.scratch)?;
        let staged = match staged.and_then(|staged| replay::marked(staged, replay.as_deref())) {
            Ok(staged) => staged,
            Err(reject) => {
                state.forget(key);
                if is_record {
                    txn.tally.end(&id.processor, RecordEnd::DeadLetter);
                }
                if let Some((input, before)) = input_of {
                    txn.output(history::record(plan, context.of_history(input, before, Err(&reject))));
                }
                let Some(audited) = audited else { return Ok(Err(reject)) };
                // The operator is answered by the audit.
                txn.tally.command(&id.processor, false);
                txn.output(audited.record((plan, node), (key, at.wall), Err(&reject)));
                return Ok(Ok(Vec::new()));
            }
        };
        let Staged { entry, outputs, acts, counts, observations, alerts, letters, trace, span, effects } = staged;
        if let Some((input, before)) = input_of {
            let after = entry.as_ref().map(|entry| entry.written.head.statuses).unwrap_or_default();
            let record = history::record(plan, context.of_history(input, before, Ok((after, effects))));
            txn.output(record);
        }
        if let Some(audited) = audited {
            let after = entry.as_ref().map(|entry| entry.written.head.statuses).unwrap_or_default();
            txn.tally.command(&id.processor, true);
            txn.output(audited.record((plan, node), (key, at.wall), Ok(after)));
        }
        txn.wrote(entry.as_ref().map_or(0, NextEntry::size));
        state.write(node, key, old_head, entry);
        txn.tally.stepped(&id.processor, is_record);
        if was_read {
            *txn.tally.read.entry(id.processor.clone()).or_default() += 1;
        }
        txn.tally.observations.extend(observations);
        txn.collect(key, outputs, counts, alerts);
        if let Some(spans) = &mut txn.spans {
            spans.extend(span);
        }
        for (act, must_wait) in acts {
            self.queues.add(&act.to);
            if must_wait {
                self.queues.push(&act.to, QueuedAct { key: key.clone(), slot: act.slot });
                txn.acts.queued(&self.id, &act.to);
            } else {
                self.decide(key, (act, trace.clone()), txn);
            }
        }
        Ok(Ok(letters))
    }

    /// The changelog records of the transaction; `None` if it has not changed this task.
    pub(super) fn changes(&self) -> Option<Changes> {
        let Lifecycle::Running(state) = &self.state else { return None };
        state.changes()
    }

    /// Duty 8: applies the committed changes with their positions.
    pub(super) fn apply(&mut self, committed: Committed) -> Result<()> {
        let Some(state) = self.running() else { return Ok(()) };
        state.apply(committed).map_err(|source| Error::store(&self.id, source))
    }

    /// The committed entries; `None` unless it is processing, or if the store cannot be read.
    pub(super) fn open_entries(&self, plan: &TopologyPlan) -> Option<OpenEntries> {
        let (Lifecycle::Running(state), Ok(node)) = (&self.state, plan.node(self.node)) else { return None };
        state.open_entries(&*node.processor).ok()
    }

    /// Flushes dirty entries that are due to the store.
    pub(super) fn flush_due(&mut self, uptime: Duration) -> Result<()> {
        let Some(state) = self.running() else { return Ok(()) };
        state.flush_due(uptime).map_err(|source| Error::store(&self.id, source))
    }

    /// A committed entry; [`store::Error::Closed`] unless the task is processing.
    pub(super) fn committed(&self, key: &Key) -> store::Result<Option<StoredEntry>> {
        match &self.state {
            Lifecycle::Running(state) => state.committed(key),
            Lifecycle::Created | Lifecycle::Restoring(_) | Lifecycle::Suspended(_) => {
                Err(store::Error::Closed { path: self.id.to_string().into() })
            }
        }
    }

    /// Flushes all dirty entries to the store if the oldest has this age.
    pub(super) fn flush_older(&mut self, uptime: Duration, age: Duration) -> store::Result<()> {
        self.running().map_or(Ok(()), |state| state.flush_older(uptime, age))
    }

    /// Flushes all dirty entries to the store; an error is logged.
    pub(super) fn flush(&mut self) {
        if let Some(state) = self.running() {
            state.flush();
        }
    }

    /// Suspends the task; its store stays open, with all committed changes.
    pub(super) fn suspend(&mut self) {
        self.state = match std::mem::replace(&mut self.state, Lifecycle::Created) {
            Lifecycle::Running(state) => Lifecycle::Suspended(state.into_store()),
            other @ (Lifecycle::Created | Lifecycle::Restoring(_) | Lifecycle::Suspended(_)) => other,
        };
    }

    /// Closes the store with all committed changes.
    pub(super) fn close(mut self) {
        self.flush();
    }
}
