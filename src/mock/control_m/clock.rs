//! The virtual clock: another clock, faster or slower, set forward by hand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::{Clock, Timestamp};

/// A clock that follows another one at a speed, and can be set forward. It never goes back.
#[derive(Debug)]
pub(super) struct VirtualClock {
    source: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// The instant from which on the speed holds, of the source and of this clock.
    source: Timestamp,
    virtual_: Timestamp,
    speed: f64,
    latest: Timestamp,
}

impl VirtualClock {
    /// A clock that shows what the source shows.
    pub(super) fn new(source: Arc<dyn Clock>, speed: f64) -> Self {
        let now = source.now();
        Self { source, state: Mutex::new(State { source: now, virtual_: now, speed, latest: now }) }
    }

    pub(super) fn now(&self) -> Timestamp {
        let mut state = self.state();
        let now = state.at(self.source.now());
        state.latest = state.latest.max(now);
        state.latest
    }

    /// How much faster than the source it is.
    pub(super) fn speed(&self) -> f64 {
        self.state().speed
    }

    /// Sets it forward.
    pub(super) fn advance(&self, by: Duration) {
        let now = self.now();
        self.anchor(now.saturating_add(by), self.speed());
    }

    /// Sets the speed; 0 stops it.
    pub(super) fn set_speed(&self, speed: f64) {
        let now = self.now();
        self.anchor(now, speed);
    }

    fn anchor(&self, virtual_: Timestamp, speed: f64) {
        let mut state = self.state();
        *state = State { source: self.source.now(), virtual_, speed, latest: state.latest };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn at(&self, source: Timestamp) -> Timestamp {
        let passed = source.since(self.source);
        let passed = Duration::try_from_secs_f64(passed.as_secs_f64() * self.speed).unwrap_or(passed);
        self.virtual_.saturating_add(passed)
    }
}
