//! Changes of the heads of entries without a step of their processor.

use super::Task;
use super::state::State;
use super::step;
use super::step_context::StepContext;
use crate::codec::Head;
use crate::model::Key;
use crate::processor::{AnyProcessor, Body, Deleted};
use crate::runtime::error::Result;
use crate::runtime::topology_plan::TopologyPlan;
use crate::runtime::transaction::Transaction;

impl Task {
    /// Schedules the timers of up to `limit` entries that lack one; returns their number.
    pub(super) fn schedule_missing(
        &mut self,
        plan: &TopologyPlan,
        limit: usize,
        txn: &mut Transaction,
    ) -> Result<usize> {
        let mut scheduled = 0;
        while scheduled < limit
            && let Some(key) = self.running().and_then(State::next_missing_timer)
        {
            let is_changed = self.change_head(plan, &key, txn, |head, processor, body| {
                let missing = processor.missing_timer(body).filter(|_| head.timers.is_empty());
                head.timers.extend(missing);
                missing.is_some()
            })?;
            if is_changed {
                txn.input();
                scheduled += 1;
            }
        }
        Ok(scheduled)
    }

    /// Deletes the act or the timer whose step was rejected, and schedules what takes the entry up again.
    pub(super) fn delete_rejected(
        &mut self,
        plan: &TopologyPlan,
        key: &Key,
        deleted: Deleted,
        txn: &mut Transaction,
    ) -> Result<()> {
        let at = self.moment(txn);
        let change = |head: &mut Head, processor: &dyn AnyProcessor, _: &Body| {
            match deleted {
                Deleted::Act(slot) => head.remove_act(slot),
                Deleted::Timer(kind) => head.timers.retain(|timer| timer.kind != kind),
            }
            if let Some(timer) = processor.timer_after_rejection(deleted, at) {
                step::schedule(head, timer);
            }
            true
        };
        self.change_head(plan, key, txn, change).map(drop)
    }

    /// Changes the head of an entry without a step: releases an act. False if there is no entry, or if it does not fit its topic.
    pub(super) fn rewrite_head(
        &mut self,
        plan: &TopologyPlan,
        key: &Key,
        txn: &mut Transaction,
        change: impl FnOnce(&mut Head),
    ) -> Result<bool> {
        let always = |head: &mut Head, _: &dyn AnyProcessor, _: &Body| {
            change(head);
            true
        };
        self.change_head(plan, key, txn, always)
    }

    /// Changes the head of an entry without a step. False if there is no entry, or if `change` leaves it as it is.
    fn change_head(
        &mut self,
        plan: &TopologyPlan,
        key: &Key,
        txn: &mut Transaction,
        change: impl FnOnce(&mut Head, &dyn AnyProcessor, &Body) -> bool,
    ) -> Result<bool> {
        let node = plan.node(self.node)?;
        let id = self.id.clone();
        let at = self.moment(txn);
        let Some(state) = self.running() else { return Ok(false) };
        let Some(current) = state.entry(node, key).map_err(|error| error.of(&id, key))? else { return Ok(false) };
        let (old, mut head) = (current.head.clone(), Head::clone(&current.head));
        if !change(&mut head, &*node.processor, &current.body) {
            return Ok(false);
        }
        step::list(&mut head, node.processor.listing(&current.body));
        let context = StepContext { plan, node, task: &id, key, at, has_spans: false, waits: &|_| false };
        // The entry was stored before, so it fits its topic, unless the topic's limit was lowered.
        let Ok(bytes) = step::encode(context, &head, &current.body, &mut txn.scratch) else { return Ok(false) };
        txn.wrote(bytes.len());
        if let Some(state) = self.running() {
            state.replace(key, old, head, bytes);
        }
        Ok(true)
    }
}
