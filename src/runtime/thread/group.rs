//! Rebalances: assigned and revoked partitions with their tasks.

use super::acts::Inherit;
use super::started::Started;
use super::{StreamThread, broken};
use crate::broker::GroupEvent;
use crate::config::ProcessingGuarantee;
use crate::metric::Rebalance;
use crate::model::{Outcome, TaskId, TopicPartition, Verdict};
use crate::runtime::decisions::QueuedAct;
use crate::runtime::error::{Error, MissingOffset, Result};
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::instances::KnownAtStart;
use crate::runtime::mutation::Mutation;
use crate::runtime::task::Pending;
use crate::runtime::transaction::Returned;

impl StreamThread {
    /// Handles all pending events of the group.
    pub(super) fn serve_group(&mut self) -> Result<()> {
        while let Some(event) = self.membership.poll()? {
            match event {
                GroupEvent::Assigned(partitions) => self.on_assigned(partitions)?,
                GroupEvent::Revoked(partitions) => self.on_revoked(&partitions)?,
                GroupEvent::Lost(partitions) => self.on_lost(&partitions)?,
            }
        }
        Ok(())
    }

    /// Assigned partitions: their tasks are created; fetching starts when their committed offsets are known.
    fn on_assigned(&mut self, partitions: Vec<TopicPartition>) -> Result<()> {
        tracing::info!(partitions = ?partitions, "partitions assigned");
        if !partitions.is_empty() {
            self.context.metrics.consumer.rebalanced(Rebalance::Assign);
        }
        if let Some(lasted) = self.membership.rebalanced(self.context.clock.uptime()) {
            self.context.metrics.consumer.rebalance_took(lasted);
        }
        self.tasks.assign(&partitions, &self.context.plan)?;
        let tasks = &self.tasks;
        self.acts.retain(|owner| tasks.get(owner).is_some());
        self.membership.assigned(partitions);
        self.context.fault_observer.reached(FaultPoint::Assigned);
        Ok(())
    }

    /// Revoked partitions: their work is committed first.
    fn on_revoked(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        tracing::info!(partitions = ?partitions, "partitions revoked");
        self.context.metrics.consumer.rebalanced(Rebalance::Revoke);
        self.membership.rebalances(self.context.clock.uptime());
        let committed = if self.committer.can_commit() { self.commit() } else { Ok(()) };
        if let Err(error) = committed {
            self.on_error(error)?;
        }
        self.context.fault_observer.reached(FaultPoint::Revoked);
        for partition in partitions {
            self.give_up(partition, true);
        }
        self.membership.unassign(partitions)
    }

    /// Lost partitions, which other members own: nothing is committed.
    fn on_lost(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        tracing::warn!(partitions = ?partitions, "partitions lost: this member was silent for longer than session.timeout.ms");
        self.context.metrics.consumer.rebalanced(Rebalance::Lost);
        self.membership.rebalances(self.context.clock.uptime());
        self.abort()?;
        for partition in partitions {
            self.give_up(partition, false);
        }
        self.membership.lost();
        // The group may have been empty meanwhile, and a replay applied.
        self.inputs.known = KnownAtStart::default();
        self.membership.unassign(partitions)
    }

    pub(super) fn give_up(&mut self, partition: &TopicPartition, may_return: bool) {
        self.inputs.remove(partition);
        self.context.metrics.consumer.partition_revoked(partition);
        self.context.status.remove_partition(partition);
        self.membership.give_up(partition);
        let Some(id) = self.context.plan.task(partition) else { return };
        let Some(task) = self.tasks.get(&id) else { return };
        let metrics = &self.context.metrics.task;
        metrics.task_closed(&id);
        task.queues.targets().for_each(|target| metrics.forget_queued_acts(&id, target));
        self.tasks.give_up(&id, partition, may_return);
        let tasks = &self.tasks;
        self.acts.retain(|owner| *owner != id || tasks.get(&id).is_some());
    }

    /// Starts the tasks that the restorer has finished.
    pub(super) fn take_restored(&mut self) -> Result<()> {
        while let Some(id) = self.tasks.take_restored(&self.context)? {
            let pending = self.inherit(&id, Inherit::Restored)?;
            tracing::debug!(sheaf.task = %id, pending_acts = pending, "task running");
            self.tasks.started.add(pending);
        }
        let are_running = self.tasks.are_running();
        if let Some(Started { tasks, pending_acts }) = self.tasks.started.take(are_running) {
            tracing::info!(thread = self.number, tasks, pending_acts, "all tasks of the thread are running");
        }
        self.refuse_missing_offsets()
    }

    /// Fails if committed offsets of inboxes are missing, once all of them are known.
    fn refuse_missing_offsets(&mut self) -> Result<()> {
        let Some(missing) = self.tasks.offsets_missing() else { return Ok(()) };
        let mut offsets = Vec::new();
        for (partition, offset) in missing {
            let (low, high) = self.admin.watermarks(partition, self.context.settings.limits.broker_timeout)?;
            offsets.push(MissingOffset { partition: partition.clone(), offset: *offset, available: low..high });
        }
        Err(Error::OffsetMissing { group: self.context.settings.application.clone(), missing: offsets })
    }

    /// Adds the outcome `Inherited` for each pending act of a task that is not in flight here, and was not only queued. Returns the
    /// number of pending acts.
    pub(super) fn inherit(&mut self, id: &TaskId, cause: Inherit) -> Result<usize> {
        let Some(task) = self.tasks.get_mut(id) else { return Ok(0) };
        if cause == Inherit::Restored {
            task.queues.clear();
        }
        let epoch = task.epoch;
        let pending = task.pending_acts()?;
        for (key, slot) in &pending {
            let Some(Pending { act, is_queued, .. }) = task.pending(&self.context.plan, key, *slot)? else { continue };
            // Without transactions an earlier owner's late write may say so of an act that was released meanwhile.
            let is_certain = self.context.settings.processing.guarantee == ProcessingGuarantee::ExactlyOnce;
            if is_queued && is_certain {
                // Nobody has been given it, so there is no doubt about it.
                if cause == Inherit::Restored && !self.context.settings.breaks(Mutation::QueuedForgotten) {
                    task.queues.push(&act.to, QueuedAct { key: key.clone(), slot: *slot });
                }
                continue;
            }
            if self.acts.is_in_flight(id, key, *slot, act.attempt) {
                continue;
            }
            let outcome = Outcome { slot: *slot, attempt: act.attempt, verdict: Verdict::Inherited };
            let outcome = broken::inherited(&self.context.settings, outcome);
            self.acts.push(Returned { task: id.clone(), epoch, key: key.clone(), outcome });
        }
        Ok(pending.len())
    }
}
