//! The acts of a task's entries: decided, queued and released, pending.

use std::sync::Arc;

use super::Task;
use super::cache::Decoded;
use super::step_context::StepContext;
use super::trace::Traced;
use crate::codec::entry::EntryTrace;
use crate::model::{Act, ActSlot, Key, Target, TraceContext};
use crate::runtime::decisions::{Decision, QueuedAct};
use crate::runtime::error::{Error, Result};
use crate::runtime::topology_plan::TopologyPlan;
use crate::runtime::transaction::Transaction;

/// A pending act.
pub(in crate::runtime) struct Pending {
    pub act: Act,
    /// True if no sink has been given it.
    pub is_queued: bool,
    /// The trace of its entry, if it is kept.
    pub trace: Option<Arc<EntryTrace>>,
}

impl Task {
    /// Adds an act to those that are handed to the sink after the commit.
    pub(super) fn decide(&self, key: &Key, (act, trace): (Act, Option<TraceContext>), txn: &mut Transaction) {
        let (task, epoch, key) = (self.id.clone(), self.epoch, key.clone());
        txn.acts.add(Decision { task, epoch, key, act, trace, decided_at: txn.uptime });
    }

    /// Releases the first queued acts of each target for which the sink has capacity, at most `limit` of each; returns the number.
    /// After the commit they are handed over like acts that were decided just now.
    pub(in crate::runtime) fn release(
        &mut self,
        plan: &TopologyPlan,
        limit: usize,
        txn: &mut Transaction,
    ) -> Result<usize> {
        let targets: Vec<Target> = self.queues.waiting().cloned().collect();
        let mut released = 0;
        for to in targets {
            for _ in 0..limit {
                if !txn.acts.has_capacity(&to) {
                    break;
                }
                let Some(queued) = self.queues.pop(&to) else { break };
                txn.acts.released(&self.id, &to, queued.clone());
                let QueuedAct { key, slot } = queued;
                // An aborted transaction may have queued it, or a later step may have settled it.
                let Some(Pending { act, is_queued: true, trace }) = self.pending(plan, &key, slot)? else { continue };
                if !self.rewrite_head(plan, &key, txn, |head| head.queued.retain(|queued| *queued != slot))? {
                    continue; // It stays queued in its entry, and is found again when the task is restored.
                }
                let (node, task, at) = (plan.node(self.node)?, &self.id, self.moment(txn));
                let has_spans = txn.spans.is_some();
                let context = StepContext { plan, node, task, key: &key, at, has_spans, waits: &|_| false };
                let trace = trace.map(|trace| Traced { context, trace: &trace }.sent());
                self.decide(&key, (act, trace), txn);
                txn.input();
                released += 1;
            }
        }
        Ok(released)
    }

    /// All committed pending acts.
    pub(in crate::runtime) fn pending_acts(&mut self) -> Result<Vec<(Key, ActSlot)>> {
        let Some(state) = self.running() else { return Ok(Vec::new()) };
        state.pending_acts().map_err(|source| Error::store(&self.id, source))
    }

    /// The pending act of a slot, if the entry has one.
    pub(in crate::runtime) fn pending(
        &mut self,
        plan: &TopologyPlan,
        key: &Key,
        slot: ActSlot,
    ) -> Result<Option<Pending>> {
        let (node, id) = (plan.node(self.node)?, self.id.clone());
        let Some(state) = self.running() else { return Ok(None) };
        let entry = state.entry(node, key).map_err(|error| error.of(&id, key))?;
        let Some(Decoded { head, .. }) = entry else { return Ok(None) };
        let act = head.acts.iter().find(|act| act.slot == slot);
        let is_queued = head.is_queued(slot);
        Ok(act.map(|act| Pending { act: act.clone(), is_queued, trace: head.trace.clone() }))
    }
}
