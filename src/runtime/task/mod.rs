//! A task: one processor on one partition of its inbox, with its store, and what a transaction has changed of it.
//!
//! ```text
//!  Created ──▶ Restoring ──▶ Running ──▶ Suspended ──▶ Closed
//!                  ▲            │            │
//!                  └────────────┴────────────┘   after an abort of unknown outcome; when it is assigned again
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `state` | the store with its write-behind buffer, the overlay, the decoded entries |
//! | `next_timers` | when the next timers are due |
//! | `cache` | decoded entries |
//! | `entry` | an entry before a step and after it |
//! | `step` | one step, with nothing done yet |

mod cache;
mod entry;
mod next_timers;
mod read_error;
mod state;
mod step;
#[cfg(test)]
mod tests;

pub(super) use state::{Changes, Committed, State};

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use entry::Next;
use step::{Place, Staged};

use super::dead_letter::Stage;
use super::envelope;
use super::error::{Error, Result};
use super::topology_plan::TopologyPlan;
use super::transaction::{Decision, Transaction};
use crate::codec::Head;
use crate::model::{
    Act, ActSlot, Headers, Key, Moment, Outcome, Record, Reject, Target, TaskId, Timer, Timestamp, TopicPartition,
};
use crate::processor::{Event, Input};
use crate::store::{Store, TimerClock};

/// A task of a stream thread.
#[derive(Debug)]
pub(super) struct Task {
    /// Which.
    pub id: TaskId,
    /// Its node in the topology.
    pub node: usize,
    /// Its input.
    pub inbox: TopicPartition,
    /// Its state's log.
    pub changelog: TopicPartition,
    /// Counts up with each time the task is opened here, so that an outcome meant for an earlier owner is told apart.
    pub epoch: u64,
    /// What it is doing.
    pub state: Lifecycle,
    /// False when the group had no offset for its inbox; then its changelog must be empty.
    pub offset_known: bool,
    /// Whom it has decided acts for: it takes no input while the sink takes no more for one of them.
    pub targets: BTreeSet<Target>,
    /// True when its store is to be thrown away before it is restored.
    pub fresh: bool,
}

/// What a task is doing.
pub(super) enum Lifecycle {
    /// Assigned; its offsets are not known yet.
    Created,
    /// Its store is with the restorer, which gives up when the token is dropped.
    Restoring(#[expect(dead_code, reason = "held, not read: the restorer watches whether it is still there")] Arc<()>),
    /// It takes input.
    Running(Box<State>),
    /// Revoked a moment ago; it may come back with the next assignment.
    Suspended(Box<dyn Store>),
}

impl std::fmt::Debug for Lifecycle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Created => "Created",
            Self::Restoring(_) => "Restoring",
            Self::Running(_) => "Running",
            Self::Suspended(_) => "Suspended",
        })
    }
}

impl Task {
    fn live(&mut self) -> Option<&mut State> {
        match &mut self.state {
            Lifecycle::Running(live) => Some(live),
            Lifecycle::Created | Lifecycle::Restoring(_) | Lifecycle::Suspended(_) => None,
        }
    }

    /// True when it takes input.
    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, Lifecycle::Running(_))
    }

    /// Not later than when the next timer is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let Lifecycle::Running(live) = &self.state else { return None };
        live.next_due()
    }

    /// Steps on a record of the inbox; an input that is not accepted becomes a dead letter.
    pub(super) fn on_record(&mut self, plan: &TopologyPlan, record: &Record, txn: &mut Transaction) -> Result<()> {
        let key = Key::from_slice(record.key.as_deref().unwrap_or_default());
        let input = match envelope::unwrap(record) {
            Ok(Some(input)) => input,
            Ok(None) => return Ok(()),
            Err(reject) => {
                txn.dead_letter(plan, record, Stage::Decode, &reject);
                return Ok(());
            }
        };
        let letters = self.step(plan, &key, input, txn)?.unwrap_or_else(|reject| vec![reject]);
        if letters.is_empty() {
            return Ok(());
        }
        // The dead letter of an event tells where the event came from, not where the keying step put it.
        let original = match envelope::unwrap(record) {
            Ok(Some(Input::Record(event))) => event.record,
            _ => record.clone(),
        };
        for reject in letters {
            txn.dead_letter(plan, &original, Stage::Process(self.id.processor.clone()), &reject);
        }
        Ok(())
    }

    /// Steps on an event. Returns the dead letters that its record becomes: those that the step asks for, or why it does
    /// not accept the event.
    pub(super) fn on_event(
        &mut self,
        plan: &TopologyPlan,
        key: &Key,
        event: Event,
        txn: &mut Transaction,
    ) -> Result<Vec<Reject>> {
        Ok(self.step(plan, key, Input::Record(event), txn)?.unwrap_or_else(|reject| vec![reject]))
    }

    /// Steps on the outcome of an act. Of an outcome that the step rejects, the act is forgotten and the entry's key
    /// goes to the dead letters.
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
                self.let_go(plan, key, txn, |head| head.acts.retain(|act| act.slot != slot))?;
                vec![reject]
            }
        };
        self.letters_without_record(plan, key, &letters, txn);
        Ok(())
    }

    /// Fires up to `limit` timers that are due; returns how many. A timer is looked for through the overlay, so one that
    /// this transaction has taken back does not fire.
    pub(super) fn fire(&mut self, plan: &TopologyPlan, limit: usize, txn: &mut Transaction) -> Result<usize> {
        let mut fired = 0;
        for clock in TimerClock::ALL {
            let Some(live) = self.live() else { return Ok(0) };
            let due = live.due(clock, txn.now, limit).map_err(|source| Error::store(&self.id, source))?;
            for (key, timer) in due {
                // The step of a timer before it in the list may have taken it back.
                if self.live().is_some_and(|live| live.is_scheduled(&key, &timer)) {
                    self.on_timer(plan, &key, timer, txn)?;
                    fired += 1;
                }
            }
        }
        Ok(fired)
    }

    fn on_timer(&mut self, plan: &TopologyPlan, key: &Key, timer: Timer, txn: &mut Transaction) -> Result<()> {
        let letters = match self.step(plan, key, Input::Timer(timer), txn)? {
            Ok(letters) => letters,
            Err(reject) => {
                self.let_go(plan, key, txn, |head| head.timers.retain(|other| other.kind != timer.kind))?;
                vec![reject]
            }
        };
        self.letters_without_record(plan, key, &letters, txn);
        txn.input();
        Ok(())
    }

    /// Dead letters of inputs that are not records: the key stands for the entry.
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

    /// Runs one step and stores what it comes to in the overlay and in the transaction. The inner value is the dead
    /// letters that the step asks for, or why it rejects the input; then nothing has changed.
    fn step(
        &mut self,
        plan: &TopologyPlan,
        key: &Key,
        input: Input,
        txn: &mut Transaction,
    ) -> Result<std::result::Result<Vec<Reject>, Reject>> {
        let node = plan.node(self.node)?;
        let id = self.id.clone();
        let Some(live) = self.live() else { return Ok(Ok(Vec::new())) };
        let place = Place { plan, node, task: &id, key, at: Moment::at(txn.now) };
        let current = match live.take(node, key) {
            Ok(current) => current,
            Err(unread) => return Err(unread.of(&id, key)),
        };
        let was_read = current.was_read;
        let old_head = current.body.is_some().then(|| Arc::clone(&current.head));
        let staged = match step::stage(place, current, input, &mut txn.scratch)? {
            Ok(staged) => staged,
            Err(reject) => {
                live.forget(key);
                return Ok(Err(reject));
            }
        };
        let Staged { entry, outputs, acts, counts, alerts, letters } = staged;
        txn.wrote(entry.as_ref().map_or(0, Next::size));
        live.write(node, key, old_head, entry);
        *txn.tally.stepped.entry(id.processor.clone()).or_default() += 1;
        if was_read {
            *txn.tally.read.entry(id.processor.clone()).or_default() += 1;
        }
        txn.collect(outputs, counts, alerts);
        for act in acts {
            let (task, epoch, key) = (self.id.clone(), self.epoch, key.clone());
            if !self.targets.contains(&act.to) {
                self.targets.insert(act.to.clone());
            }
            txn.decide(Decision { task, epoch, key, act, decided_at: txn.uptime });
        }
        Ok(Ok(letters))
    }

    /// Takes a timer or an act out of an entry whose step would not.
    fn let_go(
        &mut self,
        plan: &TopologyPlan,
        key: &Key,
        txn: &mut Transaction,
        change: impl FnOnce(&mut Head),
    ) -> Result<()> {
        let node = plan.node(self.node)?;
        let id = self.id.clone();
        let Some(live) = self.live() else { return Ok(()) };
        let Some(current) = live.entry(node, key).map_err(|unread| unread.of(&id, key))? else { return Ok(()) };
        let (old, mut head) = (current.head.clone(), Head::clone(&current.head));
        change(&mut head);
        step::list(&mut head, node.processor.listing(&current.body));
        let place = Place { plan, node, task: &id, key, at: Moment::at(txn.now) };
        // An entry that was stored before is not too large for its topic with less in it.
        let Ok(bytes) = step::encode(place, &head, &current.body, &mut txn.scratch) else { return Ok(()) };
        txn.wrote(bytes.len());
        if let Some(live) = self.live() {
            live.replace(key, old, head, bytes);
        }
        Ok(())
    }

    /// What the transaction has changed, for the changelog; `None` when it has changed nothing here.
    pub(super) fn changes(&self) -> Option<Changes> {
        let Lifecycle::Running(live) = &self.state else { return None };
        live.changes()
    }

    /// Duty 8: takes over what the transaction has changed, with the positions that belong to it.
    pub(super) fn apply(&mut self, committed: Committed) -> Result<()> {
        let Some(live) = self.live() else { return Ok(()) };
        live.apply(committed).map_err(|source| Error::store(&self.id, source))
    }

    /// Writes what has been committed for long enough to the store.
    pub(super) fn flush_due(&mut self, uptime: Duration) -> Result<()> {
        let Some(live) = self.live() else { return Ok(()) };
        live.flush_due(uptime).map_err(|source| Error::store(&self.id, source))
    }

    /// Writes all that has been committed to the store, if that is possible.
    pub(super) fn flush(&mut self) {
        if let Some(live) = self.live() {
            live.flush();
        }
    }

    /// The task is not ours for now; its store stays open, with all that was committed.
    pub(super) fn suspend(&mut self) {
        self.state = match std::mem::replace(&mut self.state, Lifecycle::Created) {
            Lifecycle::Running(live) => Lifecycle::Suspended(live.into_store()),
            other @ (Lifecycle::Created | Lifecycle::Restoring(_) | Lifecycle::Suspended(_)) => other,
        };
    }

    /// The task ends for good, and its store is closed with all that was committed.
    pub(super) fn close(mut self) {
        self.flush();
    }

    /// Every pending act, as it is committed.
    pub(super) fn pending_acts(&mut self) -> Result<Vec<(Key, ActSlot)>> {
        let Some(live) = self.live() else { return Ok(Vec::new()) };
        live.pending_acts().map_err(|source| Error::store(&self.id, source))
    }

    /// The pending act of a slot, when the entry has one.
    pub(super) fn pending(&mut self, plan: &TopologyPlan, key: &Key, slot: ActSlot) -> Result<Option<Act>> {
        let (node, id) = (plan.node(self.node)?, self.id.clone());
        let Some(live) = self.live() else { return Ok(None) };
        let entry = live.entry(node, key).map_err(|unread| unread.of(&id, key))?;
        Ok(entry.and_then(|entry| entry.head.acts.iter().find(|act| act.slot == slot).cloned()))
    }
}
