//! The published status of a running instance: states, tasks, committed offsets, and the mailboxes of its threads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::mailbox::Mailbox;
use super::open_entries::OpenEntries;
use super::peer::Peer;
use super::running_tasks::RunningTasks;
use super::thread_state::{TaskCounts, ThreadState};
use super::watermark::{Hold, Watermarks};
use crate::metric::TaskState;
use crate::model::{InstanceId, TaskId, Topic, TopicPartition};

/// The status of an instance, shared by its threads and its readers.
#[derive(Debug, Default)]
pub struct Status {
    inner: Mutex<Inner>,
    watermarks: Watermarks,
    running: Arc<RunningTasks>,
}

#[derive(Debug, Default)]
struct Inner {
    threads: BTreeMap<usize, ThreadState>,
    mailboxes: BTreeMap<usize, Mailbox>,
    turned_at: BTreeMap<usize, Duration>,
    tasks: BTreeMap<usize, TaskCounts>,
    inputs: Inputs,
    /// What the instance waits for before it can join the group.
    obstacle: Option<String>,
    /// A source that was deleted and created anew.
    recreated: Option<Topic>,
    /// The tasks of each stream thread, with their states.
    owned: BTreeMap<usize, BTreeMap<TaskId, TaskState>>,
    standbys: Standbys,
    /// The other living instances.
    peers: Arc<BTreeMap<InstanceId, Peer>>,
    /// The entries of the running tasks of each stream thread.
    entries: BTreeMap<usize, BTreeMap<TaskId, OpenEntries>>,
    /// The free space of the file system of the stores, in bytes.
    disk_free: Option<u64>,
}

/// The owned input partitions.
#[derive(Debug, Default)]
struct Inputs {
    committed: BTreeMap<TopicPartition, i64>,
    /// Those whose fetches keep failing, with the client's message.
    failing: BTreeMap<TopicPartition, String>,
    /// Sources whose records cannot be read, with the reason.
    standing: BTreeMap<TopicPartition, String>,
    /// Topics of the application that do not exist, with what to do.
    missing: BTreeMap<Topic, String>,
}

/// The standbys of the instance.
#[derive(Debug, Default)]
struct Standbys {
    /// The tasks for which this instance should have a standby.
    wanted: Arc<BTreeSet<TaskId>>,
    /// The number of standbys that catch up, and of those that have caught up.
    counts: [u64; 2],
}

impl Status {
    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        // A poisoned lock is usable: a holder panicked between two assignments, which leave no invalid state.
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The watermarks of the nodes.
    pub(super) const fn watermarks(&self) -> &Watermarks {
        &self.watermarks
    }

    /// What deadlines that are due wait for, by the index of the node.
    pub fn holds(&self) -> BTreeMap<usize, Hold> {
        self.watermarks.holds()
    }

    /// Records the state of a stream thread after a turn that ended at `uptime`; true if it has changed.
    pub(super) fn record_turn(&self, thread: usize, state: ThreadState, tasks: TaskCounts, uptime: Duration) -> bool {
        let mut inner = self.inner();
        inner.turned_at.insert(thread, uptime);
        let before = inner.threads.insert(thread, state);
        let counted = inner.tasks.insert(thread, tasks);
        before != Some(state) || counted != Some(tasks)
    }

    /// The number of tasks of all threads by state.
    pub fn tasks(&self) -> BTreeMap<TaskState, u64> {
        let mut sums = BTreeMap::new();
        for counts in self.inner().tasks.values() {
            for (state, count) in TaskState::ALL.into_iter().zip(counts) {
                *sums.entry(state).or_default() += count;
            }
        }
        sums
    }

    /// Records the tasks of a stream thread, with their states.
    pub(super) fn set_owned<'a>(&self, thread: usize, tasks: impl Iterator<Item = (&'a TaskId, TaskState)> + Clone) {
        let mut inner = self.inner();
        let owned = inner.owned.entry(thread).or_default();
        let mut both = tasks.clone().zip(&*owned);
        let is_same = tasks.clone().count() == owned.len() && both.all(|(now, (task, state))| now == (task, *state));
        if !is_same {
            *owned = tasks.map(|(task, state)| (task.clone(), state)).collect();
        }
    }

    /// True while a stream thread of this instance owns the task.
    pub(super) fn owns(&self, task: &TaskId) -> bool {
        self.inner().owned.values().any(|owned| owned.contains_key(task))
    }

    /// All tasks that this instance owns.
    pub fn owned(&self) -> BTreeSet<TaskId> {
        self.inner().owned.values().flat_map(BTreeMap::keys).cloned().collect()
    }

    /// All tasks that this instance owns, with their states.
    pub fn owned_states(&self) -> BTreeMap<TaskId, TaskState> {
        self.inner().owned.values().flatten().map(|(task, state)| (task.clone(), *state)).collect()
    }

    /// The entries of each running task, some seconds old.
    pub fn task_entries(&self) -> BTreeMap<TaskId, OpenEntries> {
        self.inner().entries.values().flatten().map(|(task, entries)| (task.clone(), entries.clone())).collect()
    }

    /// The running tasks of this instance.
    pub fn running(&self) -> &Arc<RunningTasks> {
        &self.running
    }

    /// Sets the other living instances.
    pub(super) fn set_peers(&self, peers: BTreeMap<InstanceId, Peer>) {
        self.inner().peers = Arc::new(peers);
    }

    /// The other living instances, by what they have written to the instances topic; empty without an HTTP server.
    pub fn peers(&self) -> Arc<BTreeMap<InstanceId, Peer>> {
        self.inner().peers.clone()
    }

    /// Sets the tasks for which this instance should have a standby.
    pub(super) fn set_standbys(&self, tasks: BTreeSet<TaskId>) {
        self.inner().standbys.wanted = Arc::new(tasks);
    }

    /// The tasks for which this instance should have a standby.
    pub fn standbys(&self) -> Arc<BTreeSet<TaskId>> {
        self.inner().standbys.wanted.clone()
    }

    /// Sets the number of standbys that catch up, and of those that have caught up.
    pub(super) fn set_standby_counts(&self, counts: [u64; 2]) {
        self.inner().standbys.counts = counts;
    }

    /// The number of standbys by state.
    pub fn standby_tasks(&self) -> BTreeMap<TaskState, u64> {
        [TaskState::Restoring, TaskState::Running].into_iter().zip(self.inner().standbys.counts).collect()
    }

    /// Sets the entries of the running tasks of a stream thread.
    pub(super) fn set_entries(&self, thread: usize, entries: BTreeMap<TaskId, OpenEntries>) {
        self.inner().entries.insert(thread, entries);
    }

    /// The entries of all running tasks by processor, some seconds old.
    pub fn entries(&self) -> BTreeMap<Arc<str>, OpenEntries> {
        let mut sums: BTreeMap<Arc<str>, OpenEntries> = BTreeMap::new();
        for (task, entries) in self.inner().entries.values().flatten() {
            let sum = sums.entry(task.processor.clone()).or_default();
            *sum = std::mem::take(sum).and(entries);
        }
        sums
    }

    /// Sets the free space of the file system of the stores, in bytes.
    pub(super) fn set_disk_free(&self, bytes: u64) {
        self.inner().disk_free = Some(bytes);
    }

    /// The free space of the file system of the stores, in bytes; `None` before the first measurement.
    pub fn disk_free(&self) -> Option<u64> {
        self.inner().disk_free
    }

    /// The state of each stream thread.
    pub fn threads(&self) -> BTreeMap<usize, ThreadState> {
        self.inner().threads.clone()
    }

    /// The mailbox of each stream thread.
    pub fn mailboxes(&self) -> BTreeMap<usize, Mailbox> {
        self.inner().mailboxes.clone()
    }

    /// Sets the mailbox of a stream thread.
    pub(super) fn set_mailbox(&self, thread: usize, mailbox: Mailbox) {
        self.inner().mailboxes.insert(thread, mailbox);
    }

    /// Sets the state of a stream thread.
    pub(super) fn set_state(&self, thread: usize, state: ThreadState) {
        self.inner().threads.insert(thread, state);
    }

    /// The state of the instance: that of its least advanced thread; `Running` takes precedence over `Waiting`.
    pub fn state(&self) -> ThreadState {
        let inner = self.inner();
        let least = inner.threads.values().min().copied().unwrap_or_default();
        let failed = inner.threads.values().any(|state| *state == ThreadState::Failed);
        let draining = inner.threads.values().any(|state| *state == ThreadState::Draining);
        match (failed, draining) {
            (true, _) => ThreadState::Failed,
            (false, true) => ThreadState::Draining,
            (false, false) => {
                let most = inner.threads.values().max().copied().unwrap_or_default();
                if least == ThreadState::Waiting { most } else { least }
            }
        }
    }

    /// True if every thread has joined and restored, and no fetches fail. A missing topic is told, and does not count: the others are read,
    /// and an instance that is not ready cannot be asked.
    pub fn is_ready(&self) -> bool {
        matches!(self.state(), ThreadState::Running | ThreadState::Waiting) && self.inner().inputs.failing.is_empty()
    }

    /// Sets or clears the failure of an owned partition's fetches.
    pub(super) fn set_failing(&self, partition: &TopicPartition, detail: Option<&str>) {
        let failing = &mut self.inner().inputs.failing;
        match detail {
            Some(detail) => drop(failing.insert(partition.clone(), detail.to_owned())),
            None => drop(failing.remove(partition)),
        }
    }

    /// Sets the sources that stand still, with the reason.
    pub(super) fn set_standing(&self, standing: BTreeMap<TopicPartition, String>) {
        self.inner().inputs.standing = standing;
    }

    /// The sources that stand still, with the reason.
    pub fn standing(&self) -> BTreeMap<TopicPartition, String> {
        self.inner().inputs.standing.clone()
    }

    /// Sets the topics of the application that do not exist, with what to do.
    pub(super) fn set_missing(&self, missing: BTreeMap<Topic, String>) {
        self.inner().inputs.missing = missing;
    }

    /// The topics of the application that do not exist, with what to do.
    pub fn missing(&self) -> BTreeMap<Topic, String> {
        self.inner().inputs.missing.clone()
    }

    /// Sets or clears what the instance waits for before it can join the group.
    pub fn set_obstacle(&self, obstacle: Option<String>) {
        self.inner().obstacle = obstacle;
    }

    /// What the instance waits for before it can join the group.
    pub fn obstacle(&self) -> Option<String> {
        self.inner().obstacle.clone()
    }

    /// Notes a source that was deleted and created anew.
    pub(super) fn set_recreated(&self, topic: &Topic) {
        self.inner().recreated = Some(topic.clone());
    }

    /// A source that was deleted and created anew.
    pub(super) fn recreated(&self) -> Option<Topic> {
        self.inner().recreated.clone()
    }

    /// The owned partitions whose fetches keep failing, with the client's message.
    pub fn failing(&self) -> BTreeMap<TopicPartition, String> {
        self.inner().inputs.failing.clone()
    }

    /// The age of the last turn of the thread that has not turned for longest.
    pub fn oldest_turn_age(&self, uptime: Duration) -> Duration {
        self.inner().turned_at.values().map(|at| uptime.saturating_sub(*at)).max().unwrap_or_default()
    }

    /// Adds committed offsets.
    pub(super) fn add_committed(&self, offsets: impl Iterator<Item = (TopicPartition, i64)>) {
        self.inner().inputs.committed.extend(offsets);
    }

    /// Removes a partition that is not owned any more.
    pub(super) fn remove_partition(&self, partition: &TopicPartition) {
        let mut inner = self.inner();
        inner.inputs.committed.remove(partition);
        inner.inputs.failing.remove(partition);
    }

    /// The committed offsets of the partitions that the instance owns.
    pub fn offsets(&self) -> BTreeMap<TopicPartition, i64> {
        self.inner().inputs.committed.clone()
    }
}
