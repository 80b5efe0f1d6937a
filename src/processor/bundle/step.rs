//! The step function: the table of transitions in the module's documentation, row by row.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::classify::{Arrival, Class};
use super::counting::Counting;
use super::phase::Phase;
use super::settle::{Change, refuse_too_large};
use super::{
    Bundle, DEADLINE, EventOutcome, Fingerprint, Gathering, KEEP_CLOSED, Marker, Report, Role, State, alert, command,
    count, plausible, show, status,
};
use crate::model::{ActSlot, Key, Listing, Moment, Reject, Status, Timer, TimerKind, Timestamp};
use crate::processor::{CommandSpec, Effect, Family, Histogram, Input, Processor, Transition};

/// An input of a bundle, by the columns of the table.
enum BundleInput<'r> {
    Member(Arrival<'r>),
    /// The due time of the timer.
    DeadlineDue(Timestamp),
    KeepClosedDue,
    /// A timer that no version of this processor schedules.
    UnknownTimer,
    /// The outcome of an act; a bundle decides none.
    UnknownOutcome(ActSlot),
}

impl Processor for Bundle {
    type State = State;

    const ORDER_FREE: bool = true;
    const KEEPS_TRACE: bool = true;

    fn is_at_rest(state: &State) -> bool {
        matches!(state, State::Closed(_))
    }

    fn listing(&self, state: &State) -> Listing {
        status::listing(self, state)
    }

    fn open_since(&self, status: Status, at: Timestamp) -> Option<Timestamp> {
        status::is_open(status).then(|| at.saturating_sub(self.listed_after))
    }

    fn status_name(&self, status: Status) -> Cow<'static, str> {
        Cow::Borrowed(status::name(status))
    }

    fn may_lack_timer(&self, status: Option<Status>) -> bool {
        status.is_none_or(status::is_breached)
    }

    /// The expiry of a bundle that has breached in a version without expiries.
    fn missing_timer(&self, state: &State) -> Option<Timer> {
        let State::Breached(gathering) = state else { return None };
        let due = self.rules.deadlines(gathering)?.next(gathering, true);
        Some(Timer { kind: DEADLINE, due })
    }

    fn show(&self, key: &Key, state: &State) -> Value {
        show::show(self, key, state)
    }

    fn metrics(&self) -> Vec<Family> {
        count::families()
    }

    fn histograms(&self) -> &'static [Histogram] {
        count::HISTOGRAMS
    }

    fn commands(&self) -> &'static [CommandSpec] {
        command::COMMANDS
    }

    fn alerts(&self) -> &'static [&'static str] {
        &alert::KINDS
    }

    fn step(&self, key: &Key, state: Option<State>, input: Input, at: Moment) -> Result<Transition<State>, Reject> {
        let now = at.wall;
        let mut doubted = None;
        let input = match input {
            Input::Record(mut event) => {
                let (topic, source, fields) = self.fields(&event)?;
                doubted = plausible::replace(source, &mut event, now)?;
                BundleInput::Member(self.arrival(topic, source, fields, &event))
            }
            Input::Timer(Timer { kind, due }) => match kind {
                DEADLINE => BundleInput::DeadlineDue(due),
                KEEP_CLOSED => BundleInput::KeepClosedDue,
                TimerKind::Deadline(_) | TimerKind::Delay(_) => BundleInput::UnknownTimer,
            },
            Input::Outcome(outcome) => BundleInput::UnknownOutcome(outcome.slot),
            Input::Command(command) => {
                return self.on_command(key, state.map(|state| self.renamed(state)), &command, at);
            }
        };
        let mut transition = self.on_input(key, state.map(|state| self.renamed(state)), input, at)?;
        if let Some(doubted) = doubted {
            transition.effects.insert(0, doubted);
        }
        Ok(transition)
    }
}

impl Bundle {
    fn on_input(
        &self,
        key: &Key,
        state: Option<State>,
        input: BundleInput<'_>,
        at: Moment,
    ) -> Result<Transition<State>, Reject> {
        use BundleInput::{DeadlineDue, KeepClosedDue, Member, UnknownOutcome, UnknownTimer};
        match (state, input) {
            (None, Member(arrival)) => self.on_member(key, (Phase::Open, Gathering::default()), &arrival, at),
            (Some(State::Open(gathering)), Member(arrival)) => {
                self.on_member(key, (Phase::Open, gathering), &arrival, at)
            }
            (Some(State::Breached(gathering)), Member(arrival)) => {
                self.on_member(key, (Phase::Breached, gathering), &arrival, at)
            }
            (Some(State::Closed(marker)), Member(arrival)) => Ok(self.on_member_of_closed(key, marker, &arrival)),
            (Some(State::Open(gathering)), DeadlineDue(due)) => {
                Ok(self.on_deadline(key, (Phase::Open, gathering), due, at.wall))
            }
            (Some(State::Breached(gathering)), DeadlineDue(due)) => {
                Ok(self.on_deadline(key, (Phase::Breached, gathering), due, at.wall))
            }
            (Some(State::Closed(_)), KeepClosedDue) => Ok(Transition { state: None, effects: Vec::new() }),
            (state @ (None | Some(State::Closed(_))), DeadlineDue(_))
            | (state @ (None | Some(State::Open(_) | State::Breached(_))), KeepClosedDue)
            | (state @ (None | Some(State::Open(_) | State::Breached(_) | State::Closed(_))), UnknownTimer) => {
                Ok(Transition { state, effects: Vec::new() })
            }
            (state @ (None | Some(State::Open(_) | State::Breached(_) | State::Closed(_))), UnknownOutcome(slot)) => {
                Ok(Transition { state, effects: vec![Effect::Settle(slot)] })
            }
        }
    }

    /// A member event for a new or incomplete bundle.
    fn on_member(
        &self,
        key: &Key,
        (phase, mut gathering): (Phase, Gathering),
        arrival: &Arrival<'_>,
        at: Moment,
    ) -> Result<Transition<State>, Reject> {
        let (role, member) = (arrival.role, &*arrival.member);
        let class = gathering.classify(arrival, self.counting);
        if self.has_ended_by(&gathering, member.at) {
            return Ok(self.on_member_after_end(key, (phase, gathering), arrival, &class));
        }
        let (deviation, alert): (_, &dyn Fn() -> Effect) = match &class {
            Class::Expected
                if gathering.timing.extended.is_some()
                    || member.at.saturating_add(self.rules.expire) > at.watermark =>
            {
                return self.on_expected(key, (phase, gathering), arrival, at.wall);
            }
            Class::Conflict(kept) => return self.on_conflict(key, (phase, gathering), arrival, (kept, at.wall)),
            Class::Expected => (EventOutcome::TooOld, &|| alert::too_old(key, role, member)),
            Class::Duplicate => (EventOutcome::Duplicate, &|| alert::duplicate(key, role, member)),
            Class::Unexpected(why) => (EventOutcome::Unexpected, &|| alert::unexpected(key, member, why)),
            Class::OutOfRange(why) => (EventOutcome::OutOfRange, &|| alert::out_of_range(key, member, why)),
        };
        let effects = self.report(deviation, &mut gathering.story, arrival, alert);
        Ok(phase.with(gathering, effects))
    }

    /// An expected member.
    fn on_expected(
        &self,
        key: &Key,
        (phase, mut gathering): (Phase, Gathering),
        arrival: &Arrival<'_>,
        now: Timestamp,
    ) -> Result<Transition<State>, Reject> {
        refuse_too_large(key, gathering.size().saturating_add(arrival.member.content.len()))?;
        let before = (gathering.first_at(), gathering.timing);
        let mut effects = Vec::new();
        if before.0.is_none() {
            effects.push(count::one(count::OPENED, ""));
        }
        let (role, member) = (arrival.role, Arc::clone(&arrival.member));
        gathering.add(role, Arc::clone(&member));
        if let Some(stated) = arrival.deadline.map(|deadline| (member.at, deadline)) {
            gathering.timing.stated = Some(gathering.timing.stated.map_or(stated, |other| other.min(stated)));
        }
        let has_surplus = self.expect(key, &mut gathering, arrival, &mut effects);
        let deadlines = self.rules.deadlines(&gathering);
        let due = deadlines.map_or(member.at, |deadlines| deadlines.due);
        let report = if member.at > due { self.rules.reports.of(EventOutcome::Late) } else { Report::Ignore };
        let outcome = if report == Report::Ignore { EventOutcome::Accepted } else { EventOutcome::Late };
        effects.insert(0, count::event(role, outcome));
        let added = if has_surplus { None } else { Some((role, &*member)) };
        self.settle(key, (phase, gathering), Change { before, deadlines, added, now }, effects)
    }

    /// Sets the number of children by an event of the parent or of a child. True if children that arrived before their parent
    /// were surplus and are removed.
    pub(super) fn expect(
        &self,
        key: &Key,
        gathering: &mut Gathering,
        arrival: &Arrival<'_>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        match (arrival.role, self.counting) {
            (Role::Child, Counting::Announced) => {
                gathering.expected = gathering.expected.max(arrival.expects);
                false
            }
            (Role::Parent, Counting::Stated | Counting::Fixed(_)) => {
                let expected = arrival.expects.unwrap_or(self.rules.children());
                gathering.expected = Some(expected);
                // Children of a name beyond their number have not been added.
                self.rules.members.is_empty() && self.trim(key, gathering, expected, effects)
            }
            (Role::Child, Counting::Stated | Counting::Fixed(_))
            | (Role::Parent, Counting::Announced)
            | (Role::Parent | Role::Child, Counting::AtLeast(_)) => false,
        }
    }

    /// A member event for a closed bundle.
    fn on_member_of_closed(&self, key: &Key, mut marker: Marker, arrival: &Arrival<'_>) -> Transition<State> {
        let (role, member) = (arrival.role, &*arrival.member);
        let name = Fingerprint::of_member(role, member.name.as_deref(), &member.id);
        let known = marker.seen.binary_search_by_key(&name, |(name, _)| *name).ok().and_then(|at| marker.seen.get(at));
        let is_equal = |seen: &Fingerprint| {
            *seen == name.of_content(arrival.digester.digest(&member.content))
                || *seen == name.of_bytes(&member.content)
        };
        let story = &mut marker.story;
        let effects = match known {
            Some((_, seen)) if is_equal(seen) => {
                self.report(EventOutcome::Duplicate, story, arrival, &|| alert::duplicate(key, role, member))
            }
            Some(_) => self.conflict(key, story, arrival, None),
            None => {
                self.report(EventOutcome::AfterClosing, story, arrival, &|| alert::after_closing(key, role, member))
            }
        };
        Transition { state: Some(State::Closed(marker)), effects }
    }
}
