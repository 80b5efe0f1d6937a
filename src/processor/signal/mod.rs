//! The signal processor: gives each member of an open bundle as an event to the folder that waits for it.
//!
//! A signal is the name of an event without a date at Control-M. To add one that is there already changes nothing, so a call whose
//! answer is lost is repeated ([`call`](super::call)), and nothing has to be looked up. An entry is one signal; the signals of a
//! bundle may be added in any order, and before the folder is there, because Control-M keeps them.
//!
//! | file | content |
//! |---|---|
//! | `settings` | target, server, limits |
//! | `record` | decodes the records of signals; their keying step |
//! | `state` | the state and its encoding |
//! | `answer` | what a sink tells, as an outcome of a call |
//! | `end` | the transitions to the end of a signal |
//! | `count`, `status` | metrics and alerts; statuses for lists |
//!
//! # The table
//!
//! | state | record | timer | outcome of the pending attempt |
//! |---|---|---|---|
//! | none | Adding: the first attempt | nothing | nothing |
//! | Adding | duplicate | the next attempt, if it is due | executed: Added; refused, or time ran out: Failed, with an alert and a dead letter; else a back-off |
//! | Added, Failed | duplicate | deleted | nothing |
//!
//! The one thing that a repetition may leave behind: if the jobs have deleted the event before its addition is repeated, it stays in
//! Control-M. Nothing waits for it, because its name has the id of the bundle.

mod answer;
mod count;
mod end;
mod record;
mod settings;
mod state;
mod status;

pub use record::SignalKeying;
pub use settings::Settings;
pub use state::{Adding, Ended, Signal};

use std::borrow::Cow;

use super::call::{Call, End, Next};
use super::delivery::control_m::Request;
use super::{Effect, Family, Input, Processor, Transition};
use crate::model::{
    Act, ActSlot, Key, Listing, Moment, Reject, RejectReason, Status, Timer, TimerKind, Timestamp, Verdict,
};

/// The only timer of an entry: the next attempt while it is open, the deletion after its end.
const TIMER: TimerKind = TimerKind::Delay(0);
/// The slot of attempts.
const ADD: ActSlot = ActSlot(0);

/// Adds signals. See the [module](self) for the states.
#[derive(Clone, Debug)]
pub struct Signals {
    settings: Settings,
}

impl Signals {
    /// A processor with these settings.
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

impl Processor for Signals {
    type State = Signal;

    const KEEPS_TRACE: bool = true;

    fn is_at_rest(signal: &Signal) -> bool {
        matches!(signal, Signal::Added(_) | Signal::Failed(_))
    }

    fn listing(&self, signal: &Signal) -> Listing {
        status::listing(signal)
    }

    fn status_name(&self, status: Status) -> Cow<'static, str> {
        Cow::Borrowed(status::name(status))
    }

    fn open_since(&self, status: Status, at: Timestamp) -> Option<Timestamp> {
        status::is_open(status).then_some(at)
    }

    fn metrics(&self) -> Vec<Family> {
        count::families()
    }

    fn refuses_replay(&self) -> Option<&'static str> {
        Some("it calls another system, and would call it again")
    }

    fn alerts(&self) -> &'static [&'static str] {
        &count::ALERTS
    }

    fn step(&self, key: &Key, state: Option<Signal>, input: Input, at: Moment) -> Result<Transition<Signal>, Reject> {
        let now = at.wall;
        match (state, input) {
            // What a replay has completed was signalled before, or its signal was forgotten.
            (None, Input::Record(event)) if event.replay.is_some() => {
                Ok(Transition { state: None, effects: vec![Effect::Count(count::DUPLICATE)] })
            }
            (None, Input::Record(event)) => {
                let bundle_id = record::read(key, event.record.value.as_deref())?.bundle_id;
                let origin = format!("{}@{}", event.record.source, event.record.offset);
                Ok(self.attempt(key, Adding { bundle_id, origin, call: Call::begin(0, now) }, now))
            }
            (Some(signal), Input::Record(_)) => Ok(Transition::to(signal).with(Effect::Count(count::DUPLICATE))),
            (Some(Signal::Adding(adding)), Input::Timer(Timer { kind: TIMER, .. })) => {
                Ok(self.attempt(key, adding, now))
            }
            (Some(Signal::Added(_) | Signal::Failed(_)), Input::Timer(Timer { kind: TIMER, .. })) => {
                Ok(Transition::forget())
            }
            (Some(Signal::Adding(adding)), Input::Outcome(outcome)) if adding.call.is_pending(outcome.attempt) => {
                Ok(self.on_outcome(key, adding, outcome.verdict, now))
            }
            (state, Input::Timer(_) | Input::Outcome(_)) => Ok(Transition { state, effects: Vec::new() }),
            (_, Input::Command(command)) => {
                let detail = format!("a signal has no command `{}`", command.name);
                Err(Reject::new(RejectReason::BadCommand, detail))
            }
        }
    }
}

impl Signals {
    /// Makes the next attempt if it is due.
    fn attempt(&self, key: &Key, adding: Adding, now: Timestamp) -> Transition<Signal> {
        let Some(call) = adding.call.due(now) else { return Transition::to(Signal::Adding(adding)) };
        let Settings { target, server, valid_for, .. } = &self.settings;
        let request = Request::AddEvent { event: key.text().into_owned(), server: server.clone() }.encode();
        let act = Act { slot: ADD, attempt: call.number, to: target.clone(), valid_for: *valid_for, request };
        Transition::to(Signal::Adding(Adding { call, ..adding })).with(Effect::Act(act))
    }

    /// The outcome of the pending attempt.
    fn on_outcome(&self, key: &Key, adding: Adding, verdict: Verdict, now: Timestamp) -> Transition<Signal> {
        let mut next = match adding.call.ended(key, answer::of_call(verdict), &self.settings.call, now) {
            Next::Wait(call, reason) => {
                let due = call.retry_at.unwrap_or(now);
                Transition::to(Signal::Adding(Adding { call, ..adding }))
                    .with(Effect::Schedule(Timer { kind: TIMER, due }))
                    .with(Effect::Count(count::retry(reason)))
            }
            Next::End(End::Executed) => self.added(now),
            Next::End(End::Refused(detail)) => {
                self.failed(key, adding, &Reject::new(RejectReason::Refused, detail), now)
            }
            Next::End(End::GaveUp(detail) | End::InDoubt(detail)) => {
                self.failed(key, adding, &Reject::new(RejectReason::GaveUp, detail), now)
            }
        };
        next.effects.insert(0, Effect::Settle(ADD));
        next
    }
}
