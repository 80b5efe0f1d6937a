//! The contract between a processor and the runtime.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::archive::{Archive, Texts};
use super::{CommandSpec, Effect, Family, Histogram, Input};
use crate::codec::Versioned;
use crate::model::{ActSlot, Key, Listing, Moment, Reject, Status, Target, Timer, TimerKind, Timestamp};

/// What a task deletes of an entry when a step is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// The act whose outcome was rejected.
    Act(ActSlot),
    /// The timer whose step was rejected.
    Timer(TimerKind),
}

/// A step function over the entries of one state type.
///
/// Only [`step`](Self::step) is required. The other items have defaults and describe the processor to lists, counts and
/// metrics.
pub trait Processor: Send + Sync + 'static {
    /// The state of one key.
    type State: Versioned;

    /// True if the records of one key may be processed in any order, with the same final result. Then a record whose task is
    /// assigned to the consuming thread bypasses the inbox and overtakes records in it.
    const ORDER_FREE: bool = false;

    /// True if all that an entry sends belongs to the trace of its first record that has one (W3C's header `traceparent`), because an
    /// entry is one piece of work that ends: the trace is stored with the entry. By default what a record causes belongs to the
    /// trace of that record, and what a timer or a command causes to none, nor does an act that has to wait for capacity.
    ///
    /// With spans, the entry is one from that record until it is open no more ([`open_since`](Self::open_since)); an entry without
    /// statuses is open until it is deleted.
    const KEEPS_TRACE: bool = false;

    /// Consumes the state of `key` and one input; returns the next state and the effects.
    ///
    /// An `Err` sends the input to the dead letters and leaves the entry unchanged.
    fn step(
        &self,
        key: &Key,
        state: Option<Self::State>,
        input: Input,
        at: Moment,
    ) -> Result<Transition<Self::State>, Reject>;

    /// True for a state that expects no further input: it is not kept in the cache, which leaves more memory to other states.
    /// A hint that affects performance only.
    fn is_at_rest(_: &Self::State) -> bool {
        false
    }

    /// The statuses of an entry with this state in lists, counts and gauges; by default none. It is stored with the entry, so it
    /// must be a function of the state.
    fn listing(&self, _: &Self::State) -> Listing {
        Listing::default()
    }

    /// The name of a status of [`listing`](Self::listing) (`open/waiting-parent`).
    fn status_name(&self, status: Status) -> Cow<'static, str> {
        Cow::Owned(format!("status-{}", status.0))
    }

    /// An entry as JSON, for a person: an object with `key`, `status`, and what else is worth to know; without payloads.
    fn show(&self, key: &Key, state: &Self::State) -> Value {
        let listing = self.listing(state);
        let names = listing.statuses.as_slice().iter().map(|status| self.status_name(*status));
        json!({ "key": key.text(), "status": names.collect::<Vec<_>>().join(" ") })
    }

    /// What [`show`](Self::show) leaves out, for the page of one entry: payloads, the request of a call, its answer. No secrets. By
    /// default nothing.
    fn content(&self, _: &Key, _: &Self::State) -> Option<Value> {
        None
    }

    /// The time since which an entry with this status and sort key ([`listing`](Self::listing)) is open; `None`: it has ended, or
    /// open entries are not counted. For the gauges of open entries and of the oldest one.
    fn open_since(&self, _: Status, _: Timestamp) -> Option<Timestamp> {
        None
    }

    /// True if an entry with this status (`None`: stored without one) may lack a timer that a former version did not schedule.
    /// Then a task looks through its entries when it starts, and those without timers are given
    /// [`missing_timer`](Self::missing_timer).
    fn may_lack_timer(&self, _: Option<Status>) -> bool {
        false
    }

    /// The timer that an entry without timers should have; `None` if it needs none.
    fn missing_timer(&self, _: &Self::State) -> Option<Timer> {
        None
    }

    /// The timer of an entry after a rejected step, which has deleted a part of it: without one, nothing may take it up again. By
    /// default none.
    fn timer_after_rejection(&self, _: Deleted, _: Moment) -> Option<Timer> {
        None
    }

    /// The metric families of [`Effect::Count`], each with all its series, so that they start at 0.
    fn metrics(&self) -> Vec<Family> {
        Vec::new()
    }

    /// Why its sources must not be processed again with a new state (`sheaf replay`); `None`: they may be. By default they may, if it
    /// calls nobody: what it sends is sent again, with a mark.
    fn refuses_replay(&self) -> Option<&'static str> {
        (!self.targets().is_empty()).then_some("it calls others, and would call them again")
    }

    /// The histograms of [`Effect::Observe`].
    fn histograms(&self) -> &'static [Histogram] {
        &[]
    }

    /// The targets of [`Effect::Act`], if there are several: then acts of a full one wait, and those of the others go on. A
    /// processor with one target need not name it.
    fn targets(&self) -> Vec<Target> {
        Vec::new()
    }

    /// True if acts queue also for an only target that is full, because most inputs make none; by default such a target stops the
    /// input, so that the backlog stays in the inbox.
    fn queues_acts(&self) -> bool {
        false
    }

    /// The number of partitions of its inbox and changelog, for a processor with few entries; by default that of the configuration.
    fn partitions(&self) -> Option<i32> {
        None
    }

    /// The texts that new states refer to, by their digests. They are kept in the topic `<application>-definitions`, which is made if
    /// there are any; by default none.
    fn definitions(&self) -> Texts {
        Texts::new()
    }

    /// Takes the texts of that topic before the first step, and where later ones are found.
    fn learn(&self, _: &Texts, _: Arc<dyn Archive>) -> Learned {
        Learned::default()
    }

    /// The commands ([`Input::Command`]). A command that is not among them is not written to the inbox; a command that is repeated
    /// changes nothing.
    fn commands(&self) -> &'static [CommandSpec] {
        &[]
    }

    /// The kinds of [`Effect::Alert`]; each is a series of `sheaf_alert_events_total`, which starts at 0.
    fn alerts(&self) -> &'static [&'static str] {
        &[]
    }
}

/// What a processor has learned from the texts that its states refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// The topics to which it writes, also by former texts: outputs that have the names of their topics.
    pub outputs: Vec<String>,
    /// The texts that it cannot read, each with the reason.
    pub unreadable: Vec<String>,
}

/// The result of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition<S> {
    /// The next state; `None` deletes the entry with its timers and acts.
    pub state: Option<S>,
    /// The effects, in order.
    pub effects: Vec<Effect>,
}

impl<S> Transition<S> {
    /// A transition that deletes the entry, with its timers and acts.
    pub const fn forget() -> Self {
        Self { state: None, effects: Vec::new() }
    }

    /// A transition to `state` without effects.
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
