//! Rebalances: partitions come and go, tasks are restored and given up.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{StreamThread, broken};
use crate::broker::GroupEvent;
use crate::metric::Rebalance;
use crate::model::{Outcome, TaskId, TopicPartition, Verdict};
use crate::runtime::changelog::{Job, Restored};
use crate::runtime::context::Context;
use crate::runtime::error::{Error, Result, Unread};
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::settings::Guarantee;
use crate::runtime::task::{Genesis, Lifecycle, State, Task, checkpoint};
use crate::runtime::topology_plan::Role;
use crate::runtime::transaction::Returned;

impl StreamThread {
    /// Serves the group until nothing has happened.
    pub(super) fn serve_group(&mut self) -> Result<()> {
        while let Some(consumer) = &mut self.consumer {
            match consumer.poll()? {
                None => break,
                Some(GroupEvent::Assigned(partitions)) => self.on_assigned(partitions)?,
                Some(GroupEvent::Revoked(partitions)) => self.on_revoked(&partitions)?,
                Some(GroupEvent::Lost(partitions)) => self.on_lost(&partitions)?,
            }
        }
        Ok(())
    }

    /// New partitions: their tasks are created; they are read from when their committed offsets are known.
    fn on_assigned(&mut self, partitions: Vec<TopicPartition>) -> Result<()> {
        tracing::info!(partitions = ?partitions, "partitions assigned");
        self.joined = true;
        if !partitions.is_empty() {
            self.context.metrics.rebalanced(Rebalance::Assign);
        }
        let kept: Vec<TaskId> = partitions.iter().filter_map(|partition| self.context.plan.task(partition)).collect();
        // A suspended task that did not come back belongs to somebody else now.
        self.tasks.retain(|id, task| !matches!(task.state, Lifecycle::Suspended(_)) || kept.contains(id));
        self.in_flight.retain(|(owner, ..)| self.tasks.contains_key(owner));
        for partition in &partitions {
            self.create_task(partition)?;
        }
        self.arriving.get_or_insert_default().extend(partitions);
        self.context.fault_observer.reached(FaultPoint::Assigned);
        Ok(())
    }

    fn create_task(&mut self, partition: &TopicPartition) -> Result<()> {
        let (Some(Role::Inbox(node)), Some(id)) =
            (self.context.plan.role(&partition.topic), self.context.plan.task(partition))
        else {
            return Ok(());
        };
        let expected = self.context.plan.nodes.get(node).map_or(0, |topics| topics.partitions);
        if partition.partition >= expected {
            return Err(crate::runtime::topics::inbox_changed(&partition.topic, expected, partition.partition + 1));
        }
        self.epochs += 1;
        let (state, epoch) = match self.tasks.remove(&id) {
            // Nobody had it in between: the outcomes of its acts that are under way are still its own.
            Some(Task { state: state @ Lifecycle::Suspended(_), epoch, .. }) => (state, epoch),
            Some(_) | None => (Lifecycle::Created, self.epochs),
        };
        let changelog = crate::runtime::task::changelog(&self.context.plan, node, partition.partition)?;
        let inbox = partition.clone();
        self.tasks.insert(
            id.clone(),
            Task {
                id,
                node,
                inbox,
                changelog,
                epoch,
                state,
                offset_known: true,
                targets: BTreeSet::new(),
                fresh: false,
            },
        );
        Ok(())
    }

    /// Partitions to be given up: what was done with them is committed first.
    fn on_revoked(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        tracing::info!(partitions = ?partitions, "partitions revoked");
        self.context.metrics.rebalanced(Rebalance::Revoke);
        let committed = if self.knows() { self.commit() } else { Ok(()) };
        if let Err(error) = committed {
            self.on_error(error)?;
        }
        self.context.fault_observer.reached(FaultPoint::Revoked);
        for partition in partitions {
            self.give_up(partition, true);
        }
        if let Some(consumer) = &mut self.consumer {
            consumer.unassign(partitions)?;
        }
        Ok(())
    }

    /// Partitions that somebody else has: nothing is committed any more.
    fn on_lost(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        tracing::warn!(partitions = ?partitions, "partitions lost: this member was away longer than the session lasts");
        self.joined = false;
        self.context.metrics.rebalanced(Rebalance::Lost);
        self.abandon()?;
        for partition in partitions {
            self.give_up(partition, false);
        }
        if let Some(consumer) = &mut self.consumer {
            consumer.unassign(partitions)?;
        }
        Ok(())
    }

    pub(super) fn give_up(&mut self, partition: &TopicPartition, may_return: bool) {
        self.inputs.remove(partition);
        self.offsets_missing.retain(|(other, _)| other != partition);
        self.context.metrics.partition_revoked(partition);
        self.context.status.given_up(partition);
        if let Some(arriving) = &mut self.arriving {
            arriving.retain(|other| other != partition);
            if arriving.is_empty() {
                self.arriving = None;
            }
        }
        let Some(id) = self.context.plan.task(partition) else { return };
        let Some(mut task) = self.tasks.remove(&id) else { return };
        self.rebuilt.retain(|(owner, _)| *owner != id);
        self.context.metrics.task_closed(&id);
        if may_return && task.is_running() {
            task.suspend();
            self.tasks.insert(id, task);
        } else {
            task.close();
            self.in_flight.retain(|(owner, ..)| *owner != id);
        }
    }

    /// Sends a task to the restorer, with its store if it has one open.
    pub(super) fn restore(&mut self, id: &TaskId) -> Result<()> {
        let reply = (self.restored.0.clone(), self.waker.clone());
        let Some(task) = self.tasks.get_mut(id) else { return Ok(()) };
        if matches!(task.state, Lifecycle::Restoring(_)) {
            return Ok(());
        }
        let token = Arc::new(());
        let wanted = Arc::downgrade(&token);
        let store = match std::mem::replace(&mut task.state, Lifecycle::Restoring(token)) {
            Lifecycle::Running(live) => Some(live.into_store()),
            Lifecycle::Suspended(store) => Some(store),
            Lifecycle::Created | Lifecycle::Restoring(_) => None,
        };
        let (changelog, epoch, fresh) = (task.changelog.clone(), task.epoch, std::mem::take(&mut task.fresh));
        let job = Job { task: id.clone(), epoch, changelog, store, fresh, wanted, reply };
        let (jobs, waker) = &self.restorer;
        jobs.send(job)
            .map_err(|_gone| Error::Thread { thread: "restorer".to_owned(), detail: "it has stopped".to_owned() })?;
        waker.wake();
        Ok(())
    }

    /// Takes back the tasks that the restorer has finished.
    pub(super) fn take_restored(&mut self) -> Result<()> {
        while let Ok(Restored { task: id, epoch, result }) = self.restored.1.try_recv() {
            let wanted = |task: &&mut Task| task.epoch == epoch && matches!(task.state, Lifecycle::Restoring(_));
            // A task that was revoked meanwhile: its store is closed by being dropped here.
            let Some(task) = self.tasks.get_mut(&id).filter(wanted) else { continue };
            let done = result?;
            let group = || self.context.settings.application.clone();
            match (done.genesis, task.offset_known) {
                (Genesis::Written, true) | (Genesis::Due(_), false) => {}
                (Genesis::Written, false) if self.context.settings.guarantee == Guarantee::AtLeastOnce => {
                    // The first batch was written, and the process ended before it had noted its offsets.
                    tracing::warn!(sheaf.task = %id, "no committed offset: what there is in the inbox is read again");
                }
                (Genesis::Written, false) => {
                    let offset = checkpoint::inbox(&*done.store).map_err(|source| Error::store(&id, source))?;
                    self.offsets_missing.push((task.inbox.clone(), offset));
                    continue;
                }
                (Genesis::Due(_), true) => {
                    return Err(Error::StateLost { task: id, changelog: task.changelog.clone(), group: group() });
                }
            }
            // From here on this task commits its offset itself.
            task.offset_known = true;
            let tasks = self.context.plan.tasks().count();
            self.context.metrics.store_entries(&id, done.store.len_estimate());
            let Context { settings, memory_budget, .. } = &self.context;
            let live = State::new(done, tasks, settings, memory_budget).map_err(|source| Error::store(&id, source))?;
            task.state = Lifecycle::Running(Box::new(live));
            let pending = self.inherit(&id)?;
            tracing::info!(sheaf.task = %id, pending_acts = pending, "task running");
        }
        self.refuse_missing_offsets()
    }

    /// Stops when the group has lost the offsets of inboxes, once it is known of which.
    fn refuse_missing_offsets(&mut self) -> Result<()> {
        let unknown = self.tasks.values().filter(|task| !task.offset_known).count();
        if self.offsets_missing.is_empty() || self.offsets_missing.len() < unknown {
            return Ok(());
        }
        let mut unread = Vec::new();
        for (partition, offset) in &self.offsets_missing {
            let (low, high) = self.admin.watermarks(partition, self.context.settings.broker_timeout)?;
            unread.push(Unread { partition: partition.clone(), offset: *offset, available: low..high });
        }
        Err(Error::OffsetMissing { group: self.context.settings.application.clone(), unread })
    }

    /// Tells a task of each of its pending acts that is not under way here; returns how many acts are pending.
    pub(super) fn inherit(&mut self, id: &TaskId) -> Result<usize> {
        let Some(task) = self.tasks.get_mut(id) else { return Ok(0) };
        let epoch = task.epoch;
        let pending = task.pending_acts()?;
        for (key, slot) in &pending {
            let Some(act) = task.pending(&self.context.plan, key, *slot)? else { continue };
            if self.in_flight.contains(&(id.clone(), key.clone(), *slot, act.attempt)) {
                continue;
            }
            let outcome = Outcome { slot: *slot, attempt: act.attempt, verdict: Verdict::Inherited };
            let outcome = broken::inherited(&self.context.settings, outcome);
            self.outcomes.push_back(Returned { task: id.clone(), epoch, key: key.clone(), outcome });
        }
        Ok(pending.len())
    }
}
