//! The started tasks of a stream thread, for one log line about all of them.

/// Tasks that were started, and have not been logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Started {
    /// The number of tasks.
    pub(super) tasks: usize,
    /// The number of their pending acts.
    pub(super) pending_acts: usize,
}

impl Started {
    /// Adds a task with its pending acts.
    pub(super) fn add(&mut self, pending_acts: usize) {
        self.tasks += 1;
        self.pending_acts += pending_acts;
    }

    /// The tasks since the last call; `None` while there are none, or not all tasks of the thread are running.
    pub(super) fn take(&mut self, are_running: bool) -> Option<Self> {
        (self.tasks > 0 && are_running).then(|| std::mem::take(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn started_tasks_are_reported_together_once_all_are_running() {
        let mut started = Started::default();
        assert_eq!(started.take(true), None, "there are none");
        started.add(2);
        assert_eq!(started.take(false), None, "another one is not running");
        started.add(3);
        assert_eq!(started.take(true), Some(Started { tasks: 2, pending_acts: 5 }));
        assert_eq!(started.take(true), None, "they are reported once");
    }
}
