//! The tasks of a stream thread: created with an assignment, restored, running, given up.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use super::started::Started;
use crate::broker::Waker;
use crate::config::ProcessingGuarantee;
use crate::metric::TaskState;
use crate::model::{TaskId, Timestamp, TopicPartition};
use crate::runtime::checkpoint::Checkpoint;
use crate::runtime::context::Context;
use crate::runtime::error::{Error, Result};
use crate::runtime::handoff::{Genesis, Job, Restored, RestoredStore};
use crate::runtime::mailbox::Mailbox;
use crate::runtime::open_entries::OpenEntries;
use crate::runtime::task::{Lifecycle, Queues, State, Task};
use crate::runtime::thread_state::TaskCounts;
use crate::runtime::topics;
use crate::runtime::topology_plan::{Role, TopologyPlan};

/// The interval of counting entries.
const COUNT_INTERVAL: Duration = Duration::from_secs(5);

/// The tasks of a stream thread.
pub(super) struct Tasks {
    by_id: BTreeMap<TaskId, Task>,
    /// The number of tasks that were opened so far.
    epochs: u64,
    /// The restorer's channel for jobs, and its waker.
    restorer: (Sender<Job>, Waker),
    /// The channel on which the restorer returns stores.
    channel: (Sender<Restored>, Receiver<Restored>),
    /// This thread's waker.
    waker: Waker,
    /// This thread's mailbox.
    mailbox: Mailbox,
    /// Entries that could not be decoded, and whose tasks were rebuilt therefore.
    rebuilt: BTreeSet<(TaskId, String)>,
    /// Inboxes without a committed offset although their tasks have state, with their last positions if known.
    offsets_missing: Vec<(TopicPartition, Option<i64>)>,
    /// The tasks that were started and are not logged.
    pub(super) started: Started,
    /// The next time of counting entries, on the monotonic clock.
    count_at: Duration,
}

impl Tasks {
    /// No tasks; the restorer's channel and waker, and this thread's own waker and mailbox.
    pub(super) fn new(restorer: (Sender<Job>, Waker), waker: Waker, mailbox: Mailbox) -> Self {
        Self {
            by_id: BTreeMap::new(),
            epochs: 0,
            restorer,
            channel: mpsc::channel(),
            waker,
            mailbox,
            rebuilt: BTreeSet::new(),
            offsets_missing: Vec::new(),
            started: Started::default(),
            count_at: Duration::ZERO,
        }
    }

    pub(super) fn get(&self, id: &TaskId) -> Option<&Task> {
        self.by_id.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &TaskId) -> Option<&mut Task> {
        self.by_id.get_mut(id)
    }

    /// The task of an inbox's partition.
    pub(super) fn of_mut(&mut self, inbox: &TopicPartition, plan: &TopologyPlan) -> Option<&mut Task> {
        self.by_id.get_mut(&plan.task(inbox)?)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Task> {
        self.by_id.values()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Task> {
        self.by_id.values_mut()
    }

    /// All tasks, with their states.
    pub(super) fn states(&self) -> impl Iterator<Item = (&TaskId, TaskState)> + Clone {
        self.by_id.iter().map(|(id, task)| (id, task.state.task_state()))
    }

    /// True if all tasks are processing.
    pub(super) fn are_running(&self) -> bool {
        self.by_id.values().all(Task::is_running)
    }

    /// False while it is unknown whether this is the first start or the group's offsets have expired. Until the
    /// changelogs are checked no records are taken: a commit would hide expired offsets from the next start.
    pub(super) fn offsets_are_known(&self) -> bool {
        self.by_id.values().all(|task| task.offset_known)
    }

    /// The number of tasks by state.
    pub(super) fn counts(&self) -> TaskCounts {
        let mut counts = TaskCounts::default();
        for (_, state) in self.states() {
            let [created, restoring, running, suspended] = &mut counts;
            *match state {
                TaskState::Created => created,
                TaskState::Restoring => restoring,
                TaskState::Running => running,
                TaskState::Suspended => suspended,
            } += 1;
        }
        counts
    }

    /// Creates the tasks of newly assigned partitions. Suspended tasks that were not assigned again are closed.
    pub(super) fn assign(&mut self, partitions: &[TopicPartition], plan: &TopologyPlan) -> Result<()> {
        let kept: Vec<TaskId> = partitions.iter().filter_map(|partition| plan.task(partition)).collect();
        self.by_id.retain(|id, task| !matches!(task.state, Lifecycle::Suspended(_)) || kept.contains(id));
        partitions.iter().try_for_each(|partition| self.create(partition, plan))
    }

    fn create(&mut self, inbox: &TopicPartition, plan: &TopologyPlan) -> Result<()> {
        let (Some(Role::Inbox(node)), Some(id)) = (plan.role(&inbox.topic), plan.task(inbox)) else { return Ok(()) };
        let expected = plan.nodes.get(node).map_or(0, |topics| topics.partitions);
        if inbox.partition >= expected {
            return Err(topics::inbox_changed(&inbox.topic, expected, inbox.partition + 1));
        }
        let Some(changelog) = plan.changelog(&id) else { return Ok(()) };
        self.epochs += 1;
        let (state, epoch) = match self.by_id.remove(&id) {
            // No other member owned it meanwhile: the outcomes of its acts in flight are valid.
            Some(Task { state: state @ Lifecycle::Suspended(_), epoch, .. }) => (state, epoch),
            Some(_) | None => (Lifecycle::Created, self.epochs),
        };
        let task = Task {
            id: id.clone(),
            node,
            inbox: inbox.clone(),
            changelog,
            epoch,
            state,
            offset_known: true,
            queues: Queues::of(&*plan.node(node)?.processor),
            fresh: false,
            watermark: Timestamp::MIN,
            replay: None,
            has_asked_for_replay: false,
        };
        self.by_id.insert(id, task);
        Ok(())
    }

    /// Gives up the task of an inbox. A running one that may return is suspended; any other is closed.
    pub(super) fn give_up(&mut self, id: &TaskId, inbox: &TopicPartition, may_return: bool) {
        self.offsets_missing.retain(|(other, _)| other != inbox);
        self.count_at = Duration::ZERO;
        let Some(mut task) = self.by_id.remove(id) else { return };
        self.rebuilt.retain(|(owner, _)| owner != id);
        if may_return && task.is_running() {
            task.suspend();
            self.by_id.insert(id.clone(), task);
        } else {
            task.close();
        }
    }

    /// Drops all tasks with their uncommitted state.
    pub(super) fn drop_all(&mut self) {
        self.by_id.clear();
    }

    /// The entries of the running tasks, every [`COUNT_INTERVAL`] and after a change of the tasks.
    pub(super) fn entries_if_due(
        &mut self,
        plan: &TopologyPlan,
        uptime: Duration,
    ) -> Option<BTreeMap<TaskId, OpenEntries>> {
        if uptime < self.count_at {
            return None;
        }
        self.count_at = uptime.saturating_add(COUNT_INTERVAL);
        let entries = |task: &Task| Some((task.id.clone(), task.open_entries(plan)?));
        Some(self.by_id.values().filter_map(entries).collect())
    }

    /// Closes the stores with all committed changes.
    pub(super) fn close(&mut self) {
        std::mem::take(&mut self.by_id).into_values().for_each(Task::close);
    }

    /// Flushes dirty entries that are due to the stores.
    pub(super) fn flush_due(&mut self, uptime: Duration) -> Result<()> {
        self.by_id.values_mut().try_for_each(|task| task.flush_due(uptime))
    }

    /// Flushes all dirty entries to the stores; errors are logged.
    pub(super) fn flush(&mut self) {
        self.by_id.values_mut().for_each(Task::flush);
    }

    /// Sends a task to the restorer, with its store if it is open.
    pub(super) fn restore(&mut self, id: &TaskId) -> Result<()> {
        let reply = (self.channel.0.clone(), self.waker.clone());
        let Some(task) = self.by_id.get_mut(id) else { return Ok(()) };
        if matches!(task.state, Lifecycle::Restoring(_)) {
            return Ok(());
        }
        let token = Arc::new(());
        let wanted = Arc::downgrade(&token);
        let store = match std::mem::replace(&mut task.state, Lifecycle::Restoring(token)) {
            Lifecycle::Running(state) => Some(state.into_store()),
            Lifecycle::Suspended(store) => Some(store),
            Lifecycle::Created | Lifecycle::Restoring(_) => None,
        };
        let (changelog, epoch, fresh) = (task.changelog.clone(), task.epoch, std::mem::take(&mut task.fresh));
        let (jobs, waker) = &self.restorer;
        let job = Job { task: id.clone(), epoch, changelog, store, fresh, wanted, reply };
        jobs.send(job)
            .map_err(|_gone| Error::Thread { thread: "restorer".to_owned(), detail: "it has stopped".to_owned() })?;
        waker.wake();
        Ok(())
    }

    /// Starts the next restored task. The store of a task that was revoked meanwhile is closed.
    pub(super) fn take_restored(&mut self, context: &Context) -> Result<Option<TaskId>> {
        while let Ok(Restored { task: id, epoch, result }) = self.channel.1.try_recv() {
            let is_wanted = |task: &Task| task.epoch == epoch && matches!(task.state, Lifecycle::Restoring(_));
            if self.by_id.get(&id).is_some_and(is_wanted) && self.run(&id, result?, context)? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Starts a restored task; false if its inbox has no committed offset although it has state.
    fn run(&mut self, id: &TaskId, restored: RestoredStore, context: &Context) -> Result<bool> {
        let count = context.plan.tasks().count();
        let Some(task) = self.by_id.get_mut(id) else { return Ok(false) };
        let Context { settings, memory_budget, .. } = context;
        match (restored.genesis, task.offset_known) {
            (Genesis::Written, true) | (Genesis::Due(_), false) => {}
            (Genesis::Written, false) if settings.processing.guarantee == ProcessingGuarantee::AtLeastOnce => {
                // The process ended after the first batch, before its offsets were committed.
                tracing::warn!(sheaf.task = %id, "no committed offset: the inbox is read again from its beginning");
            }
            (Genesis::Written, false) => {
                let checkpoint = Checkpoint::of(&*restored.store).map_err(|source| Error::store(id, source))?;
                self.offsets_missing.push((task.inbox.clone(), checkpoint.inbox));
                return Ok(false);
            }
            (Genesis::Due(_), true) => {
                let (changelog, group) = (task.changelog.clone(), settings.application.clone());
                return Err(Error::StateLost { task: id.clone(), changelog, group });
            }
        }
        // From now on the task commits its offset itself.
        task.offset_known = true;
        self.count_at = Duration::ZERO;
        let processor = &*context.plan.node(task.node)?.processor;
        let state = State::new(restored, count, processor, (settings, memory_budget));
        let mut state = state.map_err(|source| Error::store(id, source))?;
        state.register(context.status.running(), id, &self.mailbox);
        task.state = Lifecycle::Running(Box::new(state));
        Ok(true)
    }

    /// The inboxes without a committed offset although their tasks have state, once all tasks are restored.
    pub(super) fn offsets_missing(&self) -> Option<&[(TopicPartition, Option<i64>)]> {
        let unknown = self.by_id.values().filter(|task| !task.offset_known).count();
        let are_all = !self.offsets_missing.is_empty() && self.offsets_missing.len() >= unknown;
        are_all.then_some(&self.offsets_missing)
    }

    /// Returns an entry's decoding error if its task should be rebuilt: only once per entry, because an entry that
    /// cannot be decoded after that is invalid in the changelog, and rebuilding would never end.
    pub(super) fn first_time(&mut self, error: Error) -> Result<Error> {
        let Error::Entry { task, key, error } = error else { return Ok(error) };
        if self.rebuilt.insert((task.clone(), key.clone())) {
            return Ok(Error::Entry { task, key, error });
        }
        let changelog = self.by_id.get(&task).map_or_else(String::new, |task| task.changelog.to_string());
        Err(Error::Unreadable { task, changelog, key, error })
    }

    /// Marks a task to be restored into an empty store.
    pub(super) fn restore_from_empty(&mut self, id: &TaskId) {
        let Some(task) = self.by_id.get_mut(id) else { return };
        if let Lifecycle::Running(state) = &task.state {
            task.offset_known = state.is_begun();
        }
        (task.state, task.fresh) = (Lifecycle::Created, true);
    }
}
