//! What others may know about an instance while it runs: health, readiness, committed offsets.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::metric::{InstanceState, TaskState};
use crate::model::TopicPartition;

/// What a stream thread is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ThreadState {
    /// It has not spoken to the broker yet.
    #[default]
    Created,
    /// It joins the group, or waits for its offsets.
    Joining,
    /// Some of its tasks are being restored.
    Restoring,
    /// It is a member of the group and owns nothing.
    Waiting,
    /// All of its tasks take input.
    Running,
    /// It ends.
    Draining,
    /// It has failed.
    Failed,
}

impl ThreadState {
    /// The state that metrics and `/readyz` show.
    pub const fn shown(self) -> InstanceState {
        match self {
            Self::Created => InstanceState::Created,
            Self::Joining => InstanceState::Joining,
            Self::Restoring => InstanceState::Restoring,
            Self::Waiting | Self::Running => InstanceState::Running,
            Self::Draining => InstanceState::Draining,
            Self::Failed => InstanceState::Error,
        }
    }
}

/// How many tasks are in each of [`TaskState::ALL`].
pub(super) type TaskCounts = [u64; 4];

/// The status of an instance, shared by all that run it and all that ask.
#[derive(Debug, Default)]
pub struct Status(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    threads: BTreeMap<usize, ThreadState>,
    turned_at: BTreeMap<usize, Duration>,
    tasks: BTreeMap<usize, TaskCounts>,
    committed: BTreeMap<TopicPartition, i64>,
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

    /// What each stream thread does.
    pub fn threads(&self) -> BTreeMap<usize, ThreadState> {
        self.inner().threads.clone()
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

    /// True when every thread has finished joining and restoring.
    pub fn is_ready(&self) -> bool {
        matches!(self.state(), ThreadState::Running | ThreadState::Waiting)
    }

    /// How long ago the thread that is silent for longest ended a turn.
    pub fn silence(&self, uptime: Duration) -> Duration {
        self.inner().turned_at.values().map(|at| uptime.saturating_sub(*at)).max().unwrap_or_default()
    }

    pub(super) fn committed(&self, offsets: impl Iterator<Item = (TopicPartition, i64)>) {
        self.inner().committed.extend(offsets);
    }

    pub(super) fn given_up(&self, partition: &TopicPartition) {
        self.inner().committed.remove(partition);
    }

    /// The committed offsets of the partitions that the instance owns.
    pub fn offsets(&self) -> BTreeMap<TopicPartition, i64> {
        self.inner().committed.clone()
    }
}
