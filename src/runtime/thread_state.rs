//! What a stream thread is doing.

use crate::metric::InstanceState;

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
pub type TaskCounts = [u64; 4];
