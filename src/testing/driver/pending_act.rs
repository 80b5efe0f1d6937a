//! The sink of a topology under test: holds every act until the test answers it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{Act, Completion, Execution, Key, Outcome, Sink, Target, Verdict};

/// The most acts in flight; with more a task takes no input.
const CAPACITY: usize = 1_000;

/// An act in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingAct {
    /// The key of its entry.
    pub key: Key,
    /// The act.
    pub act: Act,
}

/// The acts in flight, in the order in which they were started.
#[derive(Clone, Default)]
pub(super) struct Acts(Arc<Mutex<Vec<(PendingAct, Completion)>>>);

impl fmt::Debug for Acts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Acts").field(&self.pending()).finish()
    }
}

impl Acts {
    pub(super) fn pending(&self) -> Vec<PendingAct> {
        self.lock().iter().map(|(act, _)| act.clone()).collect()
    }

    /// Answers the oldest act of a key; false if there is none.
    pub(super) fn answer(&self, key: &Key, verdict: Verdict) -> bool {
        let mut pending = self.lock();
        let Some(at) = pending.iter().position(|(act, _)| act.key == *key) else { return false };
        let (PendingAct { act, .. }, done) = pending.remove(at);
        drop(pending);
        done(Outcome { slot: act.slot, attempt: act.attempt, verdict });
        true
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(PendingAct, Completion)>> {
        // The list is valid even after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Acts {
    fn execute(&self, execution: Execution, done: Completion) {
        let Execution { key, act, .. } = execution;
        self.lock().push((PendingAct { key, act }, done));
    }

    fn capacity(&self, _to: &Target) -> usize {
        CAPACITY.saturating_sub(self.lock().len())
    }
}
