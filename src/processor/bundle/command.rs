//! The transitions by an operator's command.
//!
//! A command sets a state, so a repetition changes nothing.
//!
//! | state | `cancel` | `complete` | `extend until=T` | `reopen until=T` |
//! |---|---|---|---|---|
//! | none | rejected | rejected | rejected | rejected |
//! | Open, Breached | Closed as cancelled | Closed as forced: forwards the members that are there; rejected if its folder waits for all ([`Rules::progress`](super::Rules)) | Open, with the deadline T; rejected if T has passed | nothing |
//! | Closed as completed, forced | rejected: it is submitted | nothing | rejected | rejected |
//! | Closed as cancelled | nothing | rejected: reopen it first | rejected: reopen it | Open, with its members |
//! | Closed as expired | rejected: it has ended | rejected: reopen it first | rejected: reopen it | Open, with its members |
//!
//! `extend` moves the expiry by as much as the deadline, and asks for another warning if the time of that is still to come. A bundle that
//! was cancelled or has expired keeps its members with its marker, for [`Rules::keep_closed`](super::Rules), so that `reopen` can gather on.
//! Without `until` it has its SLA again, from the command. A bundle for which an operator has set the deadline takes members of any age.
//!
//! An operator decides at a time of the wall clock, so what a command does depends on what was processed before it.

use super::phase::Phase;
use super::settle::Change;
use super::timeline::What;
use super::{Bundle, Ending, Gathering, KEEP_CLOSED, State, Story, Timing, count};
use crate::model::{Key, Moment, Reject, Timestamp};
use crate::processor::{ArgumentKind, ArgumentSpec, Command, CommandSpec, Effect, Transition};

/// The command that ends an incomplete bundle without a submission.
pub const CANCEL: &str = "cancel";
/// The command that submits an incomplete bundle with the members that are there.
pub const COMPLETE: &str = "complete";
/// The command that sets the deadline of an incomplete bundle, in the argument [`UNTIL`].
pub const EXTEND: &str = "extend";
/// The command by which a cancelled or expired bundle gathers on, up to [`UNTIL`].
pub const REOPEN: &str = "reopen";
/// The argument of [`EXTEND`] and [`REOPEN`]: the deadline.
pub const UNTIL: &str = "until";

/// The commands of a bundle.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: CANCEL,
        help: "ends an incomplete bundle without a submission",
        arguments: &[],
        statuses: &["open", "breached"],
        is_dangerous: false,
    },
    CommandSpec {
        name: COMPLETE,
        help: "submits an incomplete bundle with the members that are there",
        arguments: &[],
        statuses: &["open", "breached"],
        is_dangerous: true,
    },
    CommandSpec {
        name: EXTEND,
        help: "moves the deadline of an incomplete bundle",
        arguments: &[ArgumentSpec { name: UNTIL, help: "the deadline", kind: ArgumentKind::Time, is_required: true }],
        statuses: &["open", "breached"],
        is_dangerous: false,
    },
    CommandSpec {
        name: REOPEN,
        help: "lets a cancelled or expired bundle gather on, with the members that it had",
        arguments: &[ArgumentSpec {
            name: UNTIL,
            help: "the deadline; without one the SLA from now",
            kind: ArgumentKind::Time,
            is_required: false,
        }],
        statuses: &["cancelled", "expired"],
        is_dangerous: false,
    },
];

/// What a command asks for.
#[derive(Clone, Copy)]
enum Request {
    Cancel,
    Complete,
    Extend(Timestamp),
    Reopen(Option<Timestamp>),
}

const NONE: &str = "there is no such bundle: check the id; one that has ended is forgotten after `keep_closed`";
const SUBMITTED: &str = "it is submitted";
const PASSED: &str = "the time `until` has passed";
const WAITS: &str = "its folder waits in Control-M for the events of the missing members, which sheaf does not make up: add them there, \
    without a date, and cancel the bundle";
const REOPEN_FIRST: &str = "it has ended without a submission: reopen it first";
const EXPIRED: &str = "it has expired, and is not submitted";
const NOT_KEPT: &str = "a former version ended it and kept no members: write its events again under another id";

impl Bundle {
    /// A command of an operator.
    pub(super) fn on_command(
        &self,
        key: &Key,
        state: Option<State>,
        command: &Command,
        at: Moment,
    ) -> Result<Transition<State>, Reject> {
        use Request::{Cancel, Complete, Extend, Reopen};
        let now = at.wall;
        let refused = |why: &str| Err(command.refusal(("bundle", key), why));
        let Some(request) = request(command) else {
            return refused("a bundle knows the commands cancel, complete, extend until=TIME, and reopen");
        };
        match (state, request) {
            (None, Cancel | Complete | Extend(_) | Reopen(_)) => refused(NONE),
            (Some(State::Open(gathering) | State::Breached(gathering)), Cancel) => Ok(self.cancel(key, gathering, now)),
            (Some(State::Open(_) | State::Breached(_)), Complete) if self.rules.progress => refused(WAITS),
            (Some(State::Open(gathering)), Complete) => Ok(self.force(key, (Phase::Open, gathering), now)),
            (Some(State::Breached(gathering)), Complete) => Ok(self.force(key, (Phase::Breached, gathering), now)),
            (Some(state @ (State::Open(_) | State::Breached(_))), Reopen(_)) => Ok(Transition::to(state)),
            (Some(state), Extend(until)) if state.extended() == Some(until) => Ok(Transition::to(state)),
            (Some(State::Open(_) | State::Breached(_)), Extend(until)) if until <= now => refused(PASSED),
            (Some(State::Open(gathering) | State::Breached(gathering)), Extend(until)) => {
                let before = (gathering.first_at(), gathering.timing);
                self.gather_until(key, gathering, (until, before, now), (What::Extended, Vec::new()))
            }
            (Some(State::Closed(marker)), request) => match (marker.ending, request) {
                (Ending::Cancelled, Cancel) | (Ending::Completed | Ending::Forced, Complete) => {
                    Ok(Transition::to(State::Closed(marker)))
                }
                (Ending::Completed | Ending::Forced, Cancel | Extend(_) | Reopen(_)) => refused(SUBMITTED),
                (Ending::Expired, Cancel) => refused(EXPIRED),
                (Ending::Cancelled | Ending::Expired, Complete | Extend(_)) => refused(REOPEN_FIRST),
                (Ending::Cancelled | Ending::Expired, Reopen(until)) => {
                    let until = until.unwrap_or_else(|| command.at.saturating_add(self.rules.sla));
                    match marker.kept {
                        None => refused(NOT_KEPT),
                        Some(_) if until <= now => refused(PASSED),
                        Some(kept) => self.reopen(key, (*kept, marker.story, marker.ending), (until, now)),
                    }
                }
            },
        }
    }

    /// Gathers on with the members of a bundle that has ended so.
    fn reopen(
        &self,
        key: &Key,
        (mut gathering, mut story, ending): (Gathering, Story, Ending),
        (until, now): (Timestamp, Timestamp),
    ) -> Result<Transition<State>, Reject> {
        let members = if ending == Ending::Cancelled { "reopened_cancelled" } else { "reopened_expired" };
        let effects =
            vec![count::one(count::OPENED, ""), count::members(&gathering, members), Effect::Unschedule(KEEP_CLOSED)];
        if let Some(timeline) = &mut story.timeline {
            timeline.without(gathering.members().map(|(_, member)| &member.origin));
        }
        gathering.story = story;
        let before = (None, Timing::default());
        self.gather_until(key, self.renamed_members(gathering), (until, before, now), (What::Reopened, effects))
    }

    /// The bundle with another deadline, which is to come.
    fn gather_until(
        &self,
        key: &Key,
        mut gathering: Gathering,
        (until, before, now): (Timestamp, (Option<Timestamp>, Timing), Timestamp),
        (what, effects): (What, Vec<Effect>),
    ) -> Result<Transition<State>, Reject> {
        gathering.timing.extended = Some(until);
        gathering.timing.condition_failed = false;
        let deadlines = self.rules.deadlines(&gathering);
        // A warning whose time has passed would come too late to be one.
        gathering.timing.warned = deadlines.and_then(|it| it.warning).is_none_or(|warning| warning <= now);
        gathering.story.timeline().moved(now, what);
        let change = Change { before, deadlines, added: None, now };
        self.settle(key, (Phase::Open, gathering), change, effects)
    }
}

impl State {
    /// The deadline that an operator has set for an incomplete bundle.
    const fn extended(&self) -> Option<Timestamp> {
        match self {
            Self::Open(gathering) | Self::Breached(gathering) => gathering.timing.extended,
            Self::Closed(_) => None,
        }
    }
}

/// What a command asks for; `None` if it is no command of a bundle.
fn request(command: &Command) -> Option<Request> {
    let until = command.arguments.get(UNTIL).map(|text| text.parse().ok());
    match (command.name.as_str(), until) {
        (CANCEL, None) => Some(Request::Cancel),
        (COMPLETE, None) => Some(Request::Complete),
        (EXTEND, Some(Some(until))) => Some(Request::Extend(until)),
        (REOPEN, None) => Some(Request::Reopen(None)),
        (REOPEN, Some(Some(until))) => Some(Request::Reopen(Some(until))),
        _ => None,
    }
}
