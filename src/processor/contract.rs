//! What a processor is, and what the runtime asks of it.

use std::borrow::Cow;

use super::{Effect, Family, Input};
use crate::codec::Versioned;
use crate::model::{Key, Listing, Moment, Reject, Status};

/// A step function over entries of one kind.
///
/// Only [`step`](Self::step) has to be written. Everything else has a default, and is how lists, counts and metrics know of
/// a processor without knowing what it does.
pub trait Processor: Send + Sync + 'static {
    /// What is remembered of one key between steps.
    type State: Versioned;

    /// True when the records of one key may be taken in any order, with the same result in the end. Then a record whose
    /// task is on the thread that reads it is stepped on at once, and overtakes those that wait in the inbox.
    const ORDER_FREE: bool = false;

    /// Takes the state of `key` and one input, and gives the next state and what is to happen.
    ///
    /// An `Err` sends the input to the dead letters and leaves the entry as it was.
    fn step(
        &self,
        key: &Key,
        state: Option<Self::State>,
        input: Input,
        at: Moment,
    ) -> Result<Transition<Self::State>, Reject>;

    /// True for a state for which hardly an input comes any more: it is not kept in memory, which is for the others. A wrong
    /// answer costs time, and nothing else.
    fn is_at_rest(_: &Self::State) -> bool {
        false
    }

    /// Where an entry with this state stands in lists, counts and gauges; by default in none. It is stored with the entry,
    /// so it has to follow from the state.
    fn listing(&self, _: &Self::State) -> Listing {
        Listing::default()
    }

    /// A status of [`listing`](Self::listing) in words (`open/waiting-parent`).
    fn status_name(&self, status: Status) -> Cow<'static, str> {
        Cow::Owned(format!("status-{}", status.0))
    }

    /// The metrics that it counts in ([`Effect::Count`]), each with all its series, so that they exist at 0 from the start.
    fn metrics(&self) -> Vec<Family> {
        Vec::new()
    }

    /// The kinds of alerts that it raises ([`Effect::Alert`]): each is a series of `sheaf_alert_events_total` that exists
    /// at 0 from the start.
    fn alerts(&self) -> &'static [&'static str] {
        &[]
    }
}

/// What a step gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition<S> {
    /// The next state; `None` deletes the entry with its timers and acts.
    pub state: Option<S>,
    /// What is to happen, in order.
    pub effects: Vec<Effect>,
}

impl<S> Transition<S> {
    /// A transition that forgets the key, with its timers and acts.
    pub const fn forget() -> Self {
        Self { state: None, effects: Vec::new() }
    }

    /// A transition to `state` that asks for nothing.
    pub const fn to(state: S) -> Self {
        Self { state: Some(state), effects: Vec::new() }
    }

    /// The same transition with one more effect.
    #[must_use]
    pub fn with(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }
}
