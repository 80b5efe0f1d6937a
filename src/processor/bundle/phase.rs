//! The phase of an incomplete bundle.

use super::{Gathering, State};
use crate::processor::{Effect, Transition};

/// The phase of an incomplete bundle.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    Breached,
}

impl Phase {
    /// The incomplete bundle in this phase; no state if it has no members.
    pub(super) fn with(self, gathering: Gathering, effects: Vec<Effect>) -> Transition<State> {
        if gathering.first_at().is_none() {
            return Transition { state: None, effects };
        }
        let state = match self {
            Self::Open => State::Open(gathering),
            Self::Breached => State::Breached(gathering),
        };
        Transition { state: Some(state), effects }
    }
}
