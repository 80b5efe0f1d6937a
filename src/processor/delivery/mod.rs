//! The delivery processor: a journal of the submits of each bundle, so that no bundle is submitted twice.
//!
//! The journal is independent of its target; a [`Protocol`] encodes the requests and decodes the answers.
//!
//! | file | content |
//! |---|---|
//! | `settings` | durations and limits |
//! | `submission` | decodes a submission record; [`SubmissionKeying`] |
//! | `protocol` | [`Protocol`], the interface to the target |
//! | `journal`, `stored` | the state and its encoding |
//! | `call` | the calls of an entry, by slot and number |
//! | `submit`, `lookup` | the transitions of a submit, and of a submit in doubt |
//! | [`commands`], [`command`] | an operator's commands, and the transitions by them |
//! | `end` | the transitions to a final state: outcome record, alert, dead letter |
//! | `count`, `status`, `show` | metrics and alerts; statuses for lists; a delivery as JSON |
//! | `content` | its request and its latest answer |
//! | `sample` | sample bundles, with which templates are checked |
//! | [`control_m`] | the protocol of Control-M |
//! | [`webhook`] | the protocol of any service over HTTP |
//!
//! # The states
//!
//! The journal starts with the first intent; before it there is only the submission record. A submission whose content cannot
//! be prepared is Failed at once.
//!
//! ```text
//!                    Busy, NotSent              retry timer
//!                 ┌───────────────▶ Waiting ───────────────┐
//!   record        │                                        ▼
//!  ─────────▶ Submitting ◀──────────────────────────── (attempt + 1) ◀──┐ Absent
//!     │        │  │  │ Unclear, Inherited      look-up timer            │
//!     │        │  │  └──────────────▶ Unsure ───────────────▶ LookingUp ─┤
//!     │        │  │                      ▲   look-up failed     │   │    │ Absent, but too late to tell
//!     │ not    │  │ Accepted             └──────────────────────┘   │    ▼
//!     │ made   │  └─────────▶ Submitted ◀───────────────────────────┘  Unknown
//!     ▼        │ Refused                          Found
//!   Failed ◀───┘
//! ```
//!
//! What becomes of a submit in doubt (Unclear, Inherited) depends on its [`Certainty`](super::call::Certainty): with a look-up it is
//! Unsure, as in the picture; an idempotent one is Waiting and repeated with the same key; one that can be neither looked up nor
//! repeated is Unknown at once.
//!
//! # The table
//!
//! `match` in [`Delivery::step`] has one arm for each cell; nothing is matched by a wildcard.
//!
//! | state | submission | timer | outcome of its submit | outcome of its look-up |
//! |---|---|---|---|---|
//! | none | Submitting, or Failed | nothing | nothing | nothing |
//! | Submitting | duplicate | nothing | see below | nothing |
//! | Waiting | duplicate | Submitting | nothing | nothing |
//! | Unsure | duplicate | `LookingUp` | see below | nothing |
//! | `LookingUp` | duplicate | nothing | see below | see below |
//! | Submitted, Failed, Unknown | duplicate | deleted | nothing | nothing |
//!
//! | outcome of the submit: [`SubmitAnswer`] or [`Verdict`] | becomes |
//! |---|---|
//! | Accepted | Submitted |
//! | Refused | Failed; Unknown if an earlier submit of the series, repeated by its key, is in doubt |
//! | Busy, `NotSent` | Waiting; after `give_up_after` Failed, or Unknown in the same case |
//! | [`Verdict::Suspended`] | Waiting; the attempt and its time do not count |
//! | Unclear, Unknown | look-up: Unsure, for request time-out + visibility lag; idempotent: Waiting; once: Unknown |
//! | Inherited | look-up: Unsure, for the intent's validity + request time-out + visibility lag; idempotent: Waiting; once: Unknown |
//!
//! | outcome of the look-up: [`LookUpAnswer`] or [`Verdict`] | becomes |
//! |---|---|
//! | Found | Submitted |
//! | Absent | Submitting; Failed after `give_up_after`; Unknown past `lookup_horizon` |
//! | Unclear, `NotSent`, Unknown, Inherited | Unsure, with back-off; Unknown past both `lookup_horizon` and `give_up_after` |
//! | [`Verdict::Suspended`] | Unsure |
//!
//! A deliverable without a look-up, such as an order of a deployed folder or an HTTP request, is never Unsure or `LookingUp`.
//!
//! Outcomes of another attempt are ignored. The commands of an operator have a table in [`command`].
//!
//! # Why no bundle is submitted twice
//!
//! A submit is intended only if no earlier one was executed: there was none, it was not sent, it was answered with *busy* or
//! *suspended*, a look-up by the deliverable's unique name found nothing, or an operator has stated it. Three points need care:
//!
//! - **The look-up must not be too early.** The request may still be executing after its connection was lost, so the wait covers
//!   the request's time-out and the visibility lag, whatever the cause of the loss.
//! - **A zombie may still send.** An intent that is restored after a crash or a rebalance was given to a process that may only
//!   be suspended. The intent is valid for `intent_valid_for` on that process's clock. The clocks of two machines may differ, so
//!   the time of the intent cannot be compared; but it is in the past. So the new owner waits for the whole validity from its
//!   own *now*, on its own clock.
//! - **A rebalance must not shorten a wait.** While the journal is in doubt, the submit stays pending (no
//!   [`Settle`](super::Effect::Settle)), so a new owner gets [`Verdict::Inherited`] and restarts the wait. The runtime delivers
//!   it before it fires the timers of a restored task.
//!
//! What is recognized by its receiver (*idempotent*) is submitted again, but always with the key and the bytes of the first
//! submit, which are part of the deliverable. So it is executed once by a receiver that honours the key, in whatever order the requests
//! of old and new owners arrive. A new key needs a certain end without an execution: Failed, which is never reached while a submit
//! of the series is in doubt, or the statement of an operator.
//!
//! What can be neither looked up nor repeated is not submitted again: a lost answer or a new owner makes it Unknown at once. The alert says until
//! when it may still be executed, which is the end of the wait that a look-up would have. Only after the statement of an operator
//! that it was not executed is there another submit.
//!
//! The remaining risk is a look-up that finds nothing although the submit was executed, because it is visible later than
//! `visibility_lag`, was deleted by hand, or was removed by the target at the end of its day. (Control-M's New Day may come minutes
//! after a submit; the rule `folder_keep` of [`control_m::jobs_as_code`] warns of folders that it removes.) After `lookup_horizon`, when the target may have removed it, an empty look-up proves
//! nothing: the bundle is Unknown, and an operator decides. The command to retry it looks it up once more; if that finds nothing,
//! it is the operator's word that no submit was executed.
//!
//! [`Verdict`]: crate::model::Verdict
//! [`Verdict::Inherited`]: crate::model::Verdict::Inherited

mod call;
pub mod command;
pub mod commands;
mod content;
pub mod control_m;
pub mod count;
mod end;
mod journal;
mod lookup;
mod protocol;
mod sample;
mod settings;
mod show;
mod status;
mod stored;
mod submission;
mod submit;
#[cfg(test)]
mod tests;
pub mod webhook;

pub use super::call::Backoff;
pub use end::OUTCOMES;
pub use journal::{Content, Deliverable, End, Journal, LastAnswer, Open, Proof};
pub use protocol::{LookUpAnswer, Prepared, Protocol, SubmitAnswer, Words};
pub use sample::Children;
pub use settings::Settings;
pub use submission::{Submission, SubmissionKeying};

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::{CommandSpec, Effect, Family, Histogram, Input, Processor, Transition};
use crate::model::{ActSlot, Key, Listing, Moment, Outcome, Reject, Status, Timer, TimerKind, Timestamp};
use call::{Call, LOOK_UP, SUBMIT};

/// The only timer of an entry: the next retry or look-up while it is open, the deletion after its end.
pub const TIMER: TimerKind = TimerKind::Delay(0);

/// Submits each bundle once. See the [module](self) for the states.
#[derive(Debug, Clone)]
pub struct Delivery {
    protocol: Arc<dyn Protocol>,
    settings: Settings,
}

impl Delivery {
    /// A delivery to the target of this protocol.
    pub fn new(protocol: impl Protocol, settings: Settings) -> Self {
        Self { protocol: Arc::new(protocol), settings }
    }
}

impl Processor for Delivery {
    type State = Journal;

    const KEEPS_TRACE: bool = true;

    fn is_at_rest(journal: &Journal) -> bool {
        matches!(journal, Journal::Submitted(_) | Journal::Failed(_) | Journal::Unknown(_))
    }

    fn listing(&self, journal: &Journal) -> Listing {
        status::listing(journal)
    }

    fn status_name(&self, status: Status) -> Cow<'static, str> {
        Cow::Borrowed(status::name(status))
    }

    fn open_since(&self, status: Status, at: Timestamp) -> Option<Timestamp> {
        status::is_open(status).then_some(at)
    }

    fn show(&self, key: &Key, journal: &Journal) -> Value {
        show::show(key, journal)
    }

    fn content(&self, _: &Key, journal: &Journal) -> Option<Value> {
        Some(content::content(&*self.protocol, journal))
    }

    fn metrics(&self) -> Vec<Family> {
        [count::families(), self.protocol.metrics()].concat()
    }

    fn refuses_replay(&self) -> Option<&'static str> {
        Some(
            "it submits to another system, and would again; its journal is what keeps a replay of bundles from submitting twice",
        )
    }

    fn histograms(&self) -> &'static [Histogram] {
        count::HISTOGRAMS
    }

    fn commands(&self) -> &'static [CommandSpec] {
        commands::COMMANDS
    }

    fn alerts(&self) -> &'static [&'static str] {
        &count::ALERTS
    }

    fn step(&self, key: &Key, state: Option<Journal>, input: Input, at: Moment) -> Result<Transition<Journal>, Reject> {
        let now = at.wall;
        match input {
            Input::Record(event) => match state {
                None if event.replay.is_some() => Ok(Self::hold(key, &event, now)),
                None => self.on_submission(key, &event, now),
                Some(journal) => Ok(Transition::to(journal).with(Effect::Count(count::DUPLICATE))),
            },
            Input::Timer(Timer { kind: TIMER, due }) => Ok(self.on_timer(key, state, due, now)),
            Input::Timer(Timer { kind: TimerKind::Delay(_) | TimerKind::Deadline(_), .. }) => Ok(unchanged(state)),
            Input::Outcome(outcome) => Ok(self.on_outcome(key, state, outcome, now)),
            Input::Command(command) => self.on_command(key, state, &command, now),
        }
    }
}

impl Delivery {
    fn on_timer(&self, key: &Key, state: Option<Journal>, due: Timestamp, now: Timestamp) -> Transition<Journal> {
        // A timer is late if the sink was suspended or the task had no owner: that time does not count.
        let late = now.since(due);
        match state {
            None | Some(Journal::Submitted(_) | Journal::Failed(_) | Journal::Unknown(_)) => unchanged(None),
            Some(journal @ (Journal::Submitting(_) | Journal::LookingUp(_) | Journal::Held(_))) => {
                Transition::to(journal)
            }
            Some(Journal::Waiting(open)) => self.submit_again(key, open.paused(late, now), now),
            Some(Journal::Unsure(open)) => self.look_up(key, open.paused(late, now), now),
        }
    }

    fn on_outcome(&self, key: &Key, state: Option<Journal>, outcome: Outcome, now: Timestamp) -> Transition<Journal> {
        let call = Call::of(&outcome);
        match state {
            None => unchanged(None),
            Some(
                journal @ (Journal::Waiting(_)
                | Journal::Submitted(_)
                | Journal::Failed(_)
                | Journal::Unknown(_)
                | Journal::Held(_)),
            ) => Transition::to(journal),
            Some(Journal::Submitting(open) | Journal::Unsure(open)) if call == Some(Call::Submit(open.submit)) => {
                let submit = open.submit;
                settle_submit(submit, self.on_submitted(key, open, outcome.verdict, now))
            }
            Some(Journal::LookingUp(open)) if call == Some(Call::Submit(open.submit)) => {
                let submit = open.submit;
                let next = self.on_submitted(key, open, outcome.verdict, now);
                settle(LOOK_UP, settle_submit(submit, next))
            }
            Some(Journal::LookingUp(open)) if call == Some(Call::LookUp(open.call)) => {
                let submit = open.submit;
                let next = self.on_looked_up(key, open, outcome.verdict, now);
                settle(LOOK_UP, settle_submit(submit, next))
            }
            Some(journal @ (Journal::Submitting(_) | Journal::Unsure(_) | Journal::LookingUp(_))) => {
                Transition::to(journal)
            }
        }
    }
}

/// Settles the act of a submit, unless the next state is still in doubt about this submit.
fn settle_submit(submit: u32, next: Transition<Journal>) -> Transition<Journal> {
    match &next.state {
        Some(Journal::Unsure(open)) if open.submit == submit => next,
        None
        | Some(
            Journal::Submitting(_)
            | Journal::Waiting(_)
            | Journal::Unsure(_)
            | Journal::LookingUp(_)
            | Journal::Submitted(_)
            | Journal::Failed(_)
            | Journal::Unknown(_)
            | Journal::Held(_),
        ) => settle(SUBMIT, next),
    }
}

/// Settles an act before all other effects, so that a new act may use its slot.
fn settle(slot: ActSlot, mut next: Transition<Journal>) -> Transition<Journal> {
    next.effects.insert(0, Effect::Settle(slot));
    next
}

const fn unchanged(state: Option<Journal>) -> Transition<Journal> {
    Transition { state, effects: Vec::new() }
}
