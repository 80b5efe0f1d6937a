//! The questions that wait for the next request.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::Verdict;

/// A question about one folder.
pub(super) struct Question {
    pub(super) folder: String,
    pub(super) server: String,
    /// Called with the answer.
    pub(super) done: Box<dyn FnOnce(Verdict) + Send>,
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The waiting questions, and the number of all calls without an answer.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    state: Mutex<State>,
    in_flight: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Question>,
    /// True while somebody will take them.
    is_attended: bool,
}

/// A call in flight, until it is dropped.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Gathering>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Gathering {
    /// Adds a question; true if somebody has to be sent to take it.
    pub(super) fn add(&self, question: Question) -> bool {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        let mut state = self.lock();
        state.waiting.push(question);
        !std::mem::replace(&mut state.is_attended, true)
    }

    /// Takes all questions, by server. If there are none, nobody attends them any more.
    pub(super) fn take(&self) -> Option<BTreeMap<String, Vec<Question>>> {
        let mut state = self.lock();
        if state.waiting.is_empty() {
            state.is_attended = false;
            return None;
        }
        let mut by_server: BTreeMap<String, Vec<Question>> = BTreeMap::new();
        for question in std::mem::take(&mut state.waiting) {
            by_server.entry(question.server.clone()).or_default().push(question);
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
