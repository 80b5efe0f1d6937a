//! Whether a task is restored, processing or suspended.

use std::sync::Arc;

use super::state::State;
use crate::metric::TaskState;
use crate::store::Store;

/// The life cycle of a task.
pub(in crate::runtime) enum Lifecycle {
    /// Assigned; its offsets are not known yet.
    Created,
    /// Its store is with the restorer, which cancels when the token is dropped.
    Restoring(#[expect(dead_code, reason = "held, not read: the restorer watches whether it is still there")] Arc<()>),
    /// It is processing.
    Running(Box<State>),
    /// It was revoked and may be assigned again.
    Suspended(Box<dyn Store>),
}

impl Lifecycle {
    /// The state, in Kafka Streams' words.
    pub(in crate::runtime) const fn task_state(&self) -> TaskState {
        match self {
            Self::Created => TaskState::Created,
            Self::Restoring(_) => TaskState::Restoring,
            Self::Running(_) => TaskState::Running,
            Self::Suspended(_) => TaskState::Suspended,
        }
    }
}

impl std::fmt::Debug for Lifecycle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Created => "Created",
            Self::Restoring(_) => "Restoring",
            Self::Running(_) => "Running",
            Self::Suspended(_) => "Suspended",
        })
    }
}
