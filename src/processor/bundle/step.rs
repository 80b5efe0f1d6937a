//! The step function: the table of transitions in the module's documentation, row by row.

use std::borrow::Cow;
use std::sync::Arc;

use super::classify::{Arrival, Class, too_many};
use super::count::{self, EventOutcome};
use super::phase::Phase;
use super::report::once;
use super::{
    Bundle, DEADLINE, Fingerprint, Gathering, KEEP_CLOSED, Marker, Member, Role, State, alert, plausible, status,
    stored,
};
use crate::model::{ActSlot, Key, Listing, Moment, Reject, RejectReason, Status, Timer, TimerKind, Timestamp};
use crate::processor::{Effect, Family, Input, Processor, Transition};

/// The limit of all payloads of one bundle, in bytes; a member beyond it is rejected.
pub const PAYLOADS_MAX: usize = 8 << 20;

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

    fn is_at_rest(state: &State) -> bool {
        matches!(state, State::Closed(_))
    }

    fn listing(&self, state: &State) -> Listing {
        status::listing(state, self.rules.sla, self.fixed_children)
    }

    fn open_since(&self, status: Status, at: Timestamp) -> Option<Timestamp> {
        // Incomplete bundles are sorted by deadline.
        status::is_open(status).then(|| at.saturating_sub(self.rules.sla))
    }

    fn status_name(&self, status: Status) -> Cow<'static, str> {
        Cow::Borrowed(status::name(status))
    }

    fn metrics(&self) -> Vec<Family> {
        count::families()
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
                let detail = format!("a bundle has no command `{}`", command.name);
                return Err(Reject::new(RejectReason::Unparsable, detail));
            }
        };
        let mut transition = self.on_input(key, state.map(|state| self.renamed(state)), input, now)?;
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
        now: Timestamp,
    ) -> Result<Transition<State>, Reject> {
        use BundleInput::{DeadlineDue, KeepClosedDue, Member, UnknownOutcome, UnknownTimer};
        match (state, input) {
            (None, Member(arrival)) => self.on_member(key, (Phase::Open, Gathering::default()), arrival, now),
            (Some(State::Open(gathering)), Member(arrival)) => {
                self.on_member(key, (Phase::Open, gathering), arrival, now)
            }
            (Some(State::Breached(gathering)), Member(arrival)) => {
                self.on_member(key, (Phase::Breached, gathering), arrival, now)
            }
            (Some(State::Closed(marker)), Member(arrival)) => Ok(on_member_of_closed(key, marker, &arrival)),
            (Some(State::Open(gathering)), DeadlineDue(due)) => {
                Ok(self.on_deadline(key, (Phase::Open, gathering), due, now))
            }
            (Some(State::Breached(gathering)), DeadlineDue(due)) => {
                Ok(self.on_deadline(key, (Phase::Breached, gathering), due, now))
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
        arrival: Arrival<'_>,
        now: Timestamp,
    ) -> Result<Transition<State>, Reject> {
        let (role, member) = (arrival.role, &arrival.member);
        let (outcome, alert) = match gathering.classify(&arrival, self.fixed_children) {
            Class::Expected => return self.on_expected(key, (phase, gathering), arrival, now),
            Class::Duplicate => return Ok(phase.with(gathering, vec![count::event(role, EventOutcome::Duplicate)])),
            Class::Conflict(kept) => (EventOutcome::Conflict, alert::conflict(key, role, member, Some(&kept))),
            Class::Unexpected(why) => (EventOutcome::Unexpected, alert::unexpected(key, member, &why)),
        };
        let mut effects = vec![count::event(role, outcome)];
        effects.extend(once(&mut gathering.reported, arrival.content(), alert));
        Ok(phase.with(gathering, effects))
    }

    /// An expected member.
    fn on_expected(
        &self,
        key: &Key,
        (phase, mut gathering): (Phase, Gathering),
        arrival: Arrival<'_>,
        now: Timestamp,
    ) -> Result<Transition<State>, Reject> {
        let size = gathering.size().saturating_add(arrival.member.content.len());
        if size > PAYLOADS_MAX {
            let detail = format!("the payloads of bundle {key} would have {size} bytes; the limit is {PAYLOADS_MAX}");
            return Err(Reject::new(RejectReason::TooLarge, detail));
        }
        let next = |gathering: &Gathering| {
            let deadlines = self.rules.deadlines(gathering)?;
            Some(deadlines.next(gathering, phase == Phase::Breached))
        };
        let next_before = next(&gathering);
        let mut effects = Vec::new();
        if next_before.is_none() {
            effects.push(count::one(count::OPENED, ""));
        }
        let (role, member) = (arrival.role, arrival.member);
        gathering.add(role, Arc::clone(&member));
        // The parent sets the number of children; children that arrived before it may be surplus.
        let mut has_surplus = false;
        if role == Role::Parent {
            let expected = arrival.expects.unwrap_or(self.rules.children());
            gathering.expected = Some(expected);
            let surplus = self.surplus(key, &mut gathering, expected);
            has_surplus = !surplus.is_empty();
            effects.extend(surplus);
        }
        let due = self.rules.deadlines(&gathering).map_or(member.at, |deadlines| deadlines.due);
        if member.at > due {
            effects.splice(0..0, [count::event(role, EventOutcome::Late), alert::late(key, role, &member, due)]);
        } else {
            effects.insert(0, count::event(role, EventOutcome::Accepted));
        }
        if gathering.is_complete(&self.rules.members)
            && let Some(deadlines) = self.rules.deadlines(&gathering)
            && gathering.last_at().is_some_and(|last| last <= deadlines.expiry)
        {
            return self.complete(key, (phase, gathering), (deadlines, now), effects);
        }
        effects.extend(parts_of(&mut gathering, role, &member, has_surplus)?);
        if let Some(due) = next(&gathering).filter(|due| next_before != Some(*due)) {
            effects.push(Effect::Schedule(Timer { kind: DEADLINE, due }));
        }
        Ok(phase.with(gathering, effects))
    }

    /// Removes the surplus children, with their counts and alerts.
    fn surplus(&self, key: &Key, gathering: &mut Gathering, expected: u32) -> Vec<Effect> {
        let mut effects = Vec::new();
        if !self.rules.members.is_empty() {
            // Children of a name beyond their number have not been added.
            return effects;
        }
        for child in gathering.trim(expected) {
            let alert = alert::unexpected(key, &child, &too_many(expected, None));
            let content = (Role::Child, &*child, self.digest(Role::Child, &child));
            effects.push(count::event(Role::Child, EventOutcome::Unexpected));
            effects.extend(once(&mut gathering.reported, content, alert));
        }
        effects
    }
}

/// A member event for a closed bundle.
fn on_member_of_closed(key: &Key, mut marker: Marker, arrival: &Arrival<'_>) -> Transition<State> {
    let (role, member) = (arrival.role, &arrival.member);
    let name = Fingerprint::of_member(role, member.name.as_deref(), &member.id);
    let (_, _, digest) = arrival.content();
    let known = marker.seen.binary_search_by_key(&name, |(name, _)| *name).ok().and_then(|at| marker.seen.get(at));
    let (outcome, alert) = match known {
        Some((_, seen)) if *seen == name.of_content(digest) || *seen == name.of_bytes(&member.content) => {
            (EventOutcome::Duplicate, None)
        }
        Some(_) => (EventOutcome::Conflict, Some(alert::conflict(key, role, member, None))),
        None => (EventOutcome::Late, Some(alert::late_for_closed(key, role, member))),
    };
    let mut effects = vec![count::event(role, outcome)];
    if let Some(alert) = alert {
        effects.extend(once(&mut marker.reported, (role, member, digest), alert));
    }
    Transition { state: Some(State::Closed(marker)), effects }
}

/// The effects that store members in parts: the new member's; those of all members if they move to parts now, or if surplus
/// ones were removed.
fn parts_of(gathering: &mut Gathering, role: Role, member: &Member, has_surplus: bool) -> Result<Vec<Effect>, Reject> {
    let part = |role, member: &Member| match stored::part(role, member) {
        Ok(bytes) => Ok(Effect::AddPart(bytes)),
        Err(error) => Err(Reject::new(RejectReason::Unreadable, error.to_string())),
    };
    if gathering.is_in_parts() && !has_surplus {
        return Ok(vec![part(role, member)?]);
    }
    if !gathering.is_in_parts() && !gathering.is_large() {
        return Ok(Vec::new());
    }
    let all = gathering.members().map(|(role, member)| part(role, member));
    let effects = gathering.is_in_parts().then_some(Ok(Effect::DropParts)).into_iter().chain(all).collect();
    gathering.set_in_parts();
    effects
}
