//! The sink of a driven topology: it keeps every act until the test answers it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::{Act, Completion, Key, Outcome, Sink, Target, TaskId, Verdict};

/// The most acts without an answer; a task with more takes no input.
const CAPACITY: usize = 1_000;

/// An act without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingAct {
    /// The key of its entry.
    pub key: Key,
    /// The act.
    pub act: Act,
}

/// Acts in the order in which they were handed over.
#[derive(Clone, Default)]
pub(super) struct Acts(Arc<Mutex<Vec<(PendingAct, Completion)>>>);

impl fmt::Debug for Acts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Acts").field(&self.pending()).finish()
    }
}

impl Acts {
    pub(super) fn pending(&self) -> Vec<PendingAct> {
        self.held().iter().map(|(act, _)| act.clone()).collect()
    }

    /// False when no act of this key waits.
    pub(super) fn answer(&self, key: &Key, verdict: Verdict) -> bool {
        let mut held = self.held();
        let Some(at) = held.iter().position(|(act, _)| act.key == *key) else { return false };
        let (PendingAct { act, .. }, done) = held.remove(at);
        drop(held);
        done(Outcome { slot: act.slot, attempt: act.attempt, verdict });
        true
    }

    pub(super) fn forget(&self) {
        self.held().clear();
    }

    fn held(&self) -> MutexGuard<'_, Vec<(PendingAct, Completion)>> {
        // Acts are whole even when a holder has panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Acts {
    fn execute(&self, _task: &TaskId, key: &Key, act: Act, _expires_at: Duration, done: Completion) {
        self.held().push((PendingAct { key: key.clone(), act }, done));
    }

    fn capacity(&self, _to: &Target) -> usize {
        CAPACITY.saturating_sub(self.held().len())
    }
}
