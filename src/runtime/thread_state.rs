//! The state of a stream thread.

use crate::metric::InstanceState;

/// The state of a stream thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ThreadState {
    /// Not connected yet.
    #[default]
    Created,
    /// Joining the group, or reading its committed offsets.
    Joining,
    /// Some tasks are being restored.
    Restoring,
    /// A member of the group without partitions.
    Waiting,
    /// All tasks are processing.
    Running,
    /// Stopping.
    Draining,
    /// Failed.
    Failed,
}

impl ThreadState {
    /// The state in metrics and `/readyz`.
    pub const fn instance_state(self) -> InstanceState {
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

/// The number of tasks in each state of [`TaskState`](crate::metric::TaskState).
pub type TaskCounts = [u64; 4];
