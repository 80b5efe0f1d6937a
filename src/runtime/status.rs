//! What threads publish about an instance while it runs: states, tasks, committed offsets; and the mailboxes by which they are asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::mailbox::Mailbox;
use super::thread_state::{TaskCounts, ThreadState};
use crate::metric::TaskState;
use crate::model::{TaskId, TopicPartition};

/// The status of an instance, shared by its threads and those that ask.
#[derive(Debug, Default)]
pub struct Status(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    threads: BTreeMap<usize, ThreadState>,
    mailboxes: BTreeMap<usize, Mailbox>,
    turned_at: BTreeMap<usize, Duration>,
    tasks: BTreeMap<usize, TaskCounts>,
    committed: BTreeMap<TopicPartition, i64>,
    /// Owned partitions whose fetches keep failing, and what the client says of it.
    failing: BTreeMap<TopicPartition, String>,
    /// The tasks that each stream thread has, in whatever state.
    owned: BTreeMap<usize, BTreeSet<TaskId>>,
    /// The tasks that this instance is to follow for others.
    standbys: Arc<BTreeSet<TaskId>>,
    /// How many of these it follows, those that are catching up first.
    following: [u64; 2],
}

impl Status {
    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        // A poisoned lock means that a holder panicked between two plain assignments, which leave nothing half done.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Notes what a stream thread does after a turn that ended at `uptime`.
    /// Returns true when it was something else before.
    pub(super) fn turned(&self, thread: usize, state: ThreadState, tasks: TaskCounts, uptime: Duration) -> bool {
        let mut inner = self.inner();
        inner.turned_at.insert(thread, uptime);
        let before = inner.threads.insert(thread, state);
        let counted = inner.tasks.insert(thread, tasks);
        before != Some(state) || counted != Some(tasks)
    }

    /// How many tasks of all threads are in each state.
    pub fn tasks(&self) -> BTreeMap<TaskState, u64> {
        let mut sums = BTreeMap::new();
        for counts in self.inner().tasks.values() {
            for (state, count) in TaskState::ALL.into_iter().zip(counts) {
                *sums.entry(state).or_default() += count;
            }
        }
        sums
    }

    /// Notes which tasks a stream thread has.
    pub(super) fn has<'a>(&self, thread: usize, tasks: impl Iterator<Item = &'a TaskId> + Clone) {
        let mut inner = self.inner();
        let owned = inner.owned.entry(thread).or_default();
        if !owned.iter().eq(tasks.clone()) {
            *owned = tasks.cloned().collect();
        }
    }

    /// True while a stream thread of this instance has the task.
    pub(super) fn owns(&self, task: &TaskId) -> bool {
        self.inner().owned.values().any(|owned| owned.contains(task))
    }

    /// Every task of this instance.
    pub fn owned(&self) -> BTreeSet<TaskId> {
        self.inner().owned.values().flatten().cloned().collect()
    }

    /// Notes which tasks this instance is to follow for others.
    pub(super) fn follow(&self, tasks: BTreeSet<TaskId>) {
        self.inner().standbys = Arc::new(tasks);
    }

    /// The tasks that this instance is to follow for others.
    pub fn standbys(&self) -> Arc<BTreeSet<TaskId>> {
        self.inner().standbys.clone()
    }

    /// Notes how many standbys are catching up, and how many have.
    pub(super) fn following(&self, counts: [u64; 2]) {
        self.inner().following = counts;
    }

    /// How many standbys there are, by what they do.
    pub fn standby_tasks(&self) -> BTreeMap<TaskState, u64> {
        [TaskState::Restoring, TaskState::Running].into_iter().zip(self.inner().following).collect()
    }

    /// What each stream thread does.
    pub fn threads(&self) -> BTreeMap<usize, ThreadState> {
        self.inner().threads.clone()
    }

    /// The mailbox of each stream thread.
    pub fn mailboxes(&self) -> BTreeMap<usize, Mailbox> {
        self.inner().mailboxes.clone()
    }

    /// Notes where a stream thread takes questions.
    pub(super) fn set_mailbox(&self, thread: usize, mailbox: Mailbox) {
        self.inner().mailboxes.insert(thread, mailbox);
    }

    /// Notes what a stream thread does.
    pub(super) fn set(&self, thread: usize, state: ThreadState) {
        self.inner().threads.insert(thread, state);
    }

    /// What the instance as a whole does: what its least advanced thread does; `Running` counts more than `Waiting`.
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

    /// True when every thread has finished joining and restoring, and every partition can be read.
    pub fn is_ready(&self) -> bool {
        matches!(self.state(), ThreadState::Running | ThreadState::Waiting) && self.inner().failing.is_empty()
    }

    /// Notes that fetches of an owned partition keep failing, or that they do not any more.
    pub(super) fn fetch_failing(&self, partition: &TopicPartition, detail: Option<&str>) {
        let failing = &mut self.inner().failing;
        match detail {
            Some(detail) => drop(failing.insert(partition.clone(), detail.to_owned())),
            None => drop(failing.remove(partition)),
        }
    }

    /// The owned partitions whose fetches keep failing, and what the client says of it.
    pub fn failing(&self) -> BTreeMap<TopicPartition, String> {
        self.inner().failing.clone()
    }

    /// How long ago the thread that is silent for longest ended a turn.
    pub fn silence(&self, uptime: Duration) -> Duration {
        self.inner().turned_at.values().map(|at| uptime.saturating_sub(*at)).max().unwrap_or_default()
    }

    pub(super) fn committed(&self, offsets: impl Iterator<Item = (TopicPartition, i64)>) {
        self.inner().committed.extend(offsets);
    }

    pub(super) fn given_up(&self, partition: &TopicPartition) {
        let mut inner = self.inner();
        inner.committed.remove(partition);
        inner.failing.remove(partition);
    }

    /// The committed offsets of the partitions that the instance owns.
    pub fn offsets(&self) -> BTreeMap<TopicPartition, i64> {
        self.inner().committed.clone()
    }
}
