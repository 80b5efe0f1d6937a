//! The questions that wait for the next request.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::Verdict;
use crate::processor::tracking::Failure;

/// A question about one folder.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) folder: String,
    pub(super) server: String,
    /// The failures that were told already.
    pub(super) told: Vec<Failure>,
}

/// Is called with the answer.
pub(super) type Done = Box<dyn FnOnce(Verdict) + Send>;

/// Questions with what is called with their answers.
pub(super) type Questions = Vec<(Question, Done)>;

/// The waiting questions, and the number of all calls without an answer.
#[derive(Default)]
pub(super) struct Gathering {
    state: Mutex<State>,
    in_flight: AtomicUsize,
}

#[derive(Default)]
struct State {
    waiting: Questions,
    /// True while somebody will take them.
    is_attended: bool,
}

/// A call in flight, until it is dropped.
pub(super) struct InFlight(Arc<Gathering>);

impl fmt::Debug for Gathering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gathering").field("in_flight", &self.in_flight).finish_non_exhaustive()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Gathering {
    /// Adds a question; true if somebody has to be sent to take it.
    pub(super) fn add(&self, question: Question, done: Done) -> bool {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        let mut state = self.lock();
        state.waiting.push((question, done));
        !std::mem::replace(&mut state.is_attended, true)
    }

    /// Takes all questions, by server. If there are none, nobody attends them any more.
    pub(super) fn take(&self) -> Option<BTreeMap<String, Questions>> {
        let mut state = self.lock();
        if state.waiting.is_empty() {
            state.is_attended = false;
            return None;
        }
        let mut by_server: BTreeMap<String, Questions> = BTreeMap::new();
        for (question, done) in std::mem::take(&mut state.waiting) {
            by_server.entry(question.server.clone()).or_default().push((question, done));
        }
        Some(by_server)
    }

    /// Counts a call that is no question.
    pub(super) fn enter(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        InFlight(Arc::clone(self))
    }

    /// Notes that a question is answered.
    pub(super) fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::AcqRel);
    }

    /// The number of calls without an answer.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A poisoned lock is usable: each field is replaced as a whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
