//! Deadlines and the end of a bundle: completed, or expired.

use super::deadline::Deadlines;
use super::parts::parts_of;
use super::phase::Phase;
use super::submission::{self, Span};
use super::timeline::What;
use super::{
    Bundle, DEADLINE, Ending, EventOutcome, Gathering, KEEP_CLOSED, Marker, Report, Role, State, alert, count,
};
use crate::model::{Key, Timer, Timestamp};
use crate::processor::{Effect, Observation, Transition};

impl Bundle {
    /// Closes the bundle, which is complete since `at`, an event time; later members came too late for it.
    pub(super) fn complete(
        &self,
        key: &Key,
        (phase, gathering): (Phase, Gathering),
        (deadlines, at, now): (Deadlines, Timestamp, Timestamp),
        effects: Vec<Effect>,
    ) -> Transition<State> {
        let is_partial = self.rules.at_least.is_some() && !self.is_full_at(&gathering, at);
        let end = if is_partial { (What::Partial, Ending::Completed) } else { (What::Completed, Ending::Completed) };
        self.submit(key, (phase, gathering), (deadlines, at, now), (end, effects))
    }

    /// Submits an incomplete bundle with the members that are there.
    pub(super) fn force(&self, key: &Key, (phase, gathering): (Phase, Gathering), now: Timestamp) -> Transition<State> {
        let (Some(deadlines), Some(at)) = (self.rules.deadlines(&gathering), gathering.last_at()) else {
            return phase.with(gathering, Vec::new());
        };
        self.submit(key, (phase, gathering), (deadlines, at, now), ((What::Forced, Ending::Forced), Vec::new()))
    }

    /// Forwards the bundle as it was at `at`, an event time, and closes it.
    fn submit(
        &self,
        key: &Key,
        (phase, mut gathering): (Phase, Gathering),
        (deadlines, at, now): (Deadlines, Timestamp, Timestamp),
        ((what, ending), mut effects): ((What, Ending), Vec<Effect>),
    ) -> Transition<State> {
        if phase == Phase::Open {
            // The timer may not have fired yet for deadlines that have passed by the event times of the members.
            effects.extend(self.passed(key, &mut gathering, deadlines, |deadline| deadline < at));
        }
        effects.extend(self.drop_later(key, &mut gathering, at));
        effects.extend(self.late(key, &gathering, deadlines.due));
        effects.reserve_exact(7);
        let first = gathering.first_at().unwrap_or(at);
        let forwarded = (&gathering, &*self.rules.members);
        let span = Span { first, last: at, late: at > deadlines.due };
        effects.push(Effect::Forward(submission::forward(key, (&self.source, &self.output), forwarded, span)));
        effects.push(count::one(count::CLOSED, outcome(what)));
        effects.push(count::members(&gathering, "forwarded"));
        effects.push(Effect::Observe(Observation { histogram: count::ASSEMBLY, lasted: at.since(first) }));
        effects.push(Effect::Unschedule(DEADLINE));
        // What an operator has done, was done then.
        let ended_at = if ending == Ending::Forced { now } else { at };
        self.end_timeline(&mut gathering, deadlines.due, (ended_at, what));
        self.closed(gathering, (ending, Vec::new()), effects, now)
    }

    /// Ends an incomplete bundle without a submission, by an operator's command.
    pub(super) fn cancel(&self, key: &Key, mut gathering: Gathering, now: Timestamp) -> Transition<State> {
        let Some(deadlines) = self.rules.deadlines(&gathering) else { return Phase::Open.with(gathering, Vec::new()) };
        let missing = alert::names_and_more(&self.missing(&gathering, Timestamp::from_millis(i64::MAX)));
        let mut effects = self.late(key, &gathering, deadlines.due);
        effects.push(count::members(&gathering, "cancelled"));
        effects.push(count::one(count::CLOSED, outcome(What::Cancelled)));
        effects.push(Effect::Unschedule(DEADLINE));
        self.end_timeline(&mut gathering, deadlines.due, (now, What::Cancelled));
        self.closed(gathering, (Ending::Cancelled, missing), effects, now)
    }

    /// The alerts of the members after the deadline. They come with the end of the bundle, because until then an earlier member may
    /// move the deadline, so that they would depend on the order of arrival.
    fn late(&self, key: &Key, gathering: &Gathering, due: Timestamp) -> Vec<Effect> {
        let is_late = gathering.last_at().is_some_and(|last| last > due);
        if !is_late || self.rules.reports.of(EventOutcome::Late) != Report::Alert {
            return Vec::new();
        }
        let parent = gathering.parent().into_iter().map(|parent| (Role::Parent, parent));
        let members = parent.chain(gathering.children().into_iter().map(|child| (Role::Child, child)));
        let late = members.filter(|(_, member)| member.at > due);
        late.map(|(role, member)| alert::late(key, role, member, due)).collect()
    }

    /// Removes the members after the end of their bundle.
    fn drop_later(&self, key: &Key, gathering: &mut Gathering, end: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (role, member) in gathering.split_after(end) {
            let content = (role, &*member, self.digest(role, &member));
            effects.push(count::one(count::MEMBERS, "removed"));
            let alert = || alert::after_closing(key, role, &member);
            effects.extend(self.report_content(EventOutcome::AfterClosing, &mut gathering.story, content, alert));
        }
        effects
    }

    /// The closed bundle, whose marker is kept.
    fn closed(
        &self,
        gathering: Gathering,
        (ending, missing): (Ending, Vec<String>),
        mut effects: Vec<Effect>,
        now: Timestamp,
    ) -> Transition<State> {
        effects.push(Effect::Schedule(Timer { kind: KEEP_CLOSED, due: now.saturating_add(self.rules.keep_closed) }));
        if gathering.is_in_parts() && !ending.is_without_submission() {
            effects.push(Effect::DropParts);
        }
        let marker = Marker::of(gathering, ending, |role, member| self.digest(role, member));
        Transition { state: Some(State::Closed(Marker { missing, ..marker })), effects }
    }

    /// All events up to `fired`, the due time of the timer, have been processed, and the bundle is incomplete.
    pub(super) fn on_deadline(
        &self,
        key: &Key,
        (phase, mut gathering): (Phase, Gathering),
        fired: Timestamp,
        now: Timestamp,
    ) -> Transition<State> {
        let Some(deadlines) = self.rules.deadlines(&gathering) else { return phase.with(gathering, Vec::new()) };
        let is_over = |at: &Timestamp| *at <= fired && *at <= deadlines.expiry;
        if let Some(at) = gathering.timing.completes_at.filter(is_over) {
            return self.complete(key, (phase, gathering), (deadlines, at, now), Vec::new());
        }
        let mut effects = match phase {
            Phase::Open => self.passed(key, &mut gathering, deadlines, |deadline| deadline <= fired),
            Phase::Breached => Vec::new(),
        };
        if deadlines.expiry <= fired {
            return self.expire(key, gathering, (deadlines, now), effects);
        }
        let is_breached = phase == Phase::Breached || deadlines.due <= fired;
        let due = deadlines.next(&gathering, is_breached);
        effects.push(Effect::Schedule(Timer { kind: DEADLINE, due }));
        if is_breached { Phase::Breached } else { Phase::Open }.with(gathering, effects)
    }

    /// The warning and the breach of an open bundle, if they have passed and it has not expired before.
    fn passed(
        &self,
        key: &Key,
        gathering: &mut Gathering,
        deadlines: Deadlines,
        has_passed: impl Fn(Timestamp) -> bool,
    ) -> Vec<Effect> {
        let Deadlines { due, expiry, .. } = deadlines;
        let has_passed = |deadline: &Timestamp| has_passed(*deadline) && *deadline < expiry;
        let mut effects = Vec::new();
        if let Some(at) = deadlines.unwarned(gathering).filter(has_passed) {
            gathering.timing.warned = true;
            gathering.story.timeline().passed(at, What::Warned);
            let missing = self.missing(gathering, at);
            effects.push(count::one(count::WARNINGS, missing.label()));
            effects.push(alert::sla_warning(key, &missing, (at, due)));
        }
        if has_passed(&due) {
            gathering.story.timeline().passed(due, What::Breached);
            let missing = self.missing(gathering, due);
            effects.push(count::one(count::BREACHES, missing.label()));
            effects.push(alert::sla_breach(key, &missing, due));
        }
        effects
    }

    /// Closes an incomplete bundle. Members after its expiry came too late for it.
    fn expire(
        &self,
        key: &Key,
        mut gathering: Gathering,
        (deadlines, now): (Deadlines, Timestamp),
        mut effects: Vec<Effect>,
    ) -> Transition<State> {
        let Deadlines { due, expiry, .. } = deadlines;
        let later = self.drop_later(key, &mut gathering, expiry);
        if !later.is_empty() && gathering.is_in_parts() {
            // The parts are those of all members. Members that were stored can be stored again.
            effects.extend(parts_of(&mut gathering, None).unwrap_or_default());
        }
        effects.extend(later);
        effects.extend(self.late(key, &gathering, due));
        let missing = self.missing(&gathering, expiry);
        effects.push(alert::expired(key, &missing, (expiry, due)));
        effects.push(count::members(&gathering, "expired"));
        effects.push(count::one(count::CLOSED, outcome(What::Expired)));
        self.end_timeline(&mut gathering, due, (expiry, What::Expired));
        self.closed(gathering, (Ending::Expired, alert::names_and_more(&missing)), effects, now)
    }
}

/// The value of the metric's label.
const fn outcome(end: What) -> &'static str {
    match end {
        What::Partial => "partial",
        What::Expired => "expired",
        What::Forced => "forced",
        What::Cancelled => "cancelled",
        What::Completed | What::Event { .. } | What::Warned | What::Breached | What::Extended | What::Reopened => {
            "completed"
        }
    }
}
