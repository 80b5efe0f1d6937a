//! The running tasks of an instance, as other threads reach them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::mailbox::Mailbox;
use crate::model::TaskId;
use crate::store::Reader;

/// A running task.
#[derive(Clone, Debug)]
pub struct RunningTask {
    /// Reads its store, without dirty entries.
    pub reader: Arc<dyn Reader>,
    /// The mailbox of its stream thread.
    pub mailbox: Mailbox,
}

/// All running tasks of an instance.
#[derive(Debug, Default)]
pub struct RunningTasks(Mutex<Tasks>);

#[derive(Debug, Default)]
struct Tasks {
    by_id: BTreeMap<TaskId, (u64, RunningTask)>,
    /// The number of registrations so far.
    registered: u64,
}

impl RunningTasks {
    /// A running task; `None` if it does not run here.
    pub fn get(&self, id: &TaskId) -> Option<RunningTask> {
        self.tasks().by_id.get(id).map(|(_, task)| task.clone())
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<(TaskId, RunningTask)> {
        self.tasks().by_id.iter().map(|(id, (_, task))| (id.clone(), task.clone())).collect()
    }

    /// Adds a task until the registration is dropped.
    pub(super) fn register(self: &Arc<Self>, id: TaskId, task: RunningTask) -> Registration {
        let mut tasks = self.tasks();
        tasks.registered += 1;
        let number = tasks.registered;
        tasks.by_id.insert(id.clone(), (number, task));
        Registration { tasks: Arc::clone(self), id, number }
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        // Each change is complete or not begun.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The registration of a running task. Dropping it removes the task.
#[derive(Debug)]
pub(super) struct Registration {
    tasks: Arc<RunningTasks>,
    id: TaskId,
    number: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut tasks = self.tasks.tasks();
        // Another thread may have registered the task before this one has dropped it.
        if tasks.by_id.get(&self.id).is_some_and(|(number, _)| *number == self.number) {
            tasks.by_id.remove(&self.id);
        }
    }
}
