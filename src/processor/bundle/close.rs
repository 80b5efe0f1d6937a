//! Deadlines and the end of a bundle: completed, or expired.

use super::deadline::Deadlines;
use super::phase::Phase;
use super::submission::{self, Span};
use super::{Bundle, DEADLINE, Ending, EventOutcome, Gathering, KEEP_CLOSED, Marker, Missing, State, alert, count};
use crate::model::{Key, Reject, Timer, Timestamp};
use crate::processor::{Effect, Transition};

impl Bundle {
    /// Closes the bundle with its last member.
    pub(super) fn complete(
        &self,
        key: &Key,
        (phase, mut gathering): (Phase, Gathering),
        (deadlines, now): (Deadlines, Timestamp),
        mut effects: Vec<Effect>,
    ) -> Result<Transition<State>, Reject> {
        let first = gathering.first_at().unwrap_or(now);
        let last = gathering.last_at().unwrap_or(now);
        let late = last > deadlines.due;
        if phase == Phase::Open {
            // The timer may not have fired yet for deadlines that have passed by the event times of the members.
            effects.extend(self.passed(key, &mut gathering, deadlines, |deadline| deadline < last));
        }
        effects.reserve_exact(5);
        effects.push(Effect::Forward(submission::forward(
            key,
            (&self.source, &self.output),
            (&gathering, &self.rules.members),
            Span { first, last, late },
        )?));
        effects.push(count::one(count::CLOSED, "completed"));
        effects.push(Effect::Unschedule(DEADLINE));
        Ok(self.closed(gathering, Ending::Completed, effects, now))
    }

    /// The closed bundle, whose marker is kept.
    fn closed(
        &self,
        gathering: Gathering,
        ending: Ending,
        mut effects: Vec<Effect>,
        now: Timestamp,
    ) -> Transition<State> {
        effects.push(Effect::Schedule(Timer { kind: KEEP_CLOSED, due: now.saturating_add(self.rules.keep_closed) }));
        if gathering.is_in_parts() {
            effects.push(Effect::DropParts);
        }
        let marker = Marker::of(gathering, ending, |role, member| self.digest(role, member));
        Transition { state: Some(State::Closed(marker)), effects }
    }

    /// The members that are missing at a time.
    fn missing(&self, gathering: &Gathering, at: Timestamp) -> Missing {
        gathering.missing(&self.rules.members, self.rules.children(), Some(at))
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
            let missing = self.missing(gathering, at);
            effects.push(count::one(count::WARNINGS, missing.label()));
            effects.push(alert::sla_warning(key, &missing, (at, due)));
        }
        if has_passed(&due) {
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
        for (role, member) in gathering.split_after(expiry) {
            let content = (role, &*member, self.digest(role, &member));
            let alert = || alert::after_closing(key, role, &member);
            effects.extend(self.report_content(EventOutcome::AfterClosing, &mut gathering.reported, content, alert));
        }
        effects.push(alert::expired(key, &self.missing(&gathering, expiry), (expiry, due)));
        effects.push(count::one(count::CLOSED, "expired"));
        self.closed(gathering, Ending::Expired, effects, now)
    }
}
