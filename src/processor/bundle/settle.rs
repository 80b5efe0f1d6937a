//! What follows a change of the members: the bundle is complete, or it waits on.

use super::classify::{no_position, too_many};
use super::counting::Counting;
use super::deadline::Deadlines;
use super::phase::Phase;
use super::{Bundle, DEADLINE, EventOutcome, Gathering, Member, Role, State, Timing, alert, count, stored};
use crate::model::{Key, Reject, RejectReason, Timer, Timestamp};
use crate::processor::{Effect, Transition};

/// The limit of all payloads of one bundle, in bytes; a member beyond it is rejected.
pub const PAYLOADS_MAX: usize = 8 << 20;

/// A change of the members.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change<'m> {
    /// The event time of the earliest member before it, on which the deadlines depend, and the timing.
    pub(super) before: (Option<Timestamp>, Timing),
    /// The deadlines after it; `None` without members.
    pub(super) deadlines: Option<Deadlines>,
    /// The member that was added; `None` if others were removed or replaced.
    pub(super) added: Option<(Role, &'m Member)>,
    /// The wall clock.
    pub(super) now: Timestamp,
}

impl Bundle {
    /// The bundle after a change: closed if it is complete, otherwise stored and with its next deadline.
    pub(super) fn settle(
        &self,
        key: &Key,
        (phase, mut gathering): (Phase, Gathering),
        change: Change<'_>,
        mut effects: Vec<Effect>,
    ) -> Result<Transition<State>, Reject> {
        effects.extend(self.progress(key, &mut gathering, change.added));
        if self.is_flexible {
            let (completes_at, error) = self.completes_at(&gathering, change.added.map(|(_, member)| member.at));
            gathering.timing.completes_at = completes_at;
            if let Some(why) = error.filter(|_| !gathering.timing.condition_failed) {
                gathering.timing.condition_failed = true;
                let at = gathering.last_at().unwrap_or(change.now);
                effects.push(alert::condition_failed(key, at, &why));
            }
        } else if self.is_complete(&gathering)
            && let Some(deadlines) = change.deadlines
            && let Some(last) = gathering.last_at().filter(|last| *last <= deadlines.expiry)
        {
            if self.counting == Counting::Announced
                && let Some(expected) = gathering.expected
            {
                self.trim(key, &mut gathering, expected, &mut effects);
            }
            effects.extend(self.last_progress(key, &gathering));
            let at = gathering.last_at().unwrap_or(last);
            return Ok(self.complete(key, (phase, gathering), (deadlines, at, change.now), effects));
        }
        effects.extend(parts_of(&mut gathering, change.added)?);
        if let Some(deadlines) = change.deadlines
            && change.before != (gathering.first_at(), gathering.timing)
        {
            let due = deadlines.next(&gathering, phase == Phase::Breached);
            effects.push(Effect::Schedule(Timer { kind: DEADLINE, due }));
        }
        Ok(phase.with(gathering, effects))
    }

    /// Removes the children beyond their number. True if there are some.
    pub(super) fn trim(&self, key: &Key, gathering: &mut Gathering, expected: u32, effects: &mut Vec<Effect>) -> bool {
        let surplus = gathering.trim(expected);
        for child in &surplus {
            let content = (Role::Child, &**child, self.digest(Role::Child, child));
            effects.push(count::one(count::MEMBERS, "removed"));
            let position = child.position.filter(|position| *position > expected);
            let story = &mut gathering.story;
            effects.extend(match position.map(|position| no_position(position.into(), expected)) {
                Some(why) => self
                    .report_content(EventOutcome::OutOfRange, story, content, || alert::out_of_range(key, child, &why)),
                None => self.report_content(EventOutcome::Unexpected, story, content, || {
                    alert::unexpected(key, child, &too_many(expected, None))
                }),
            });
        }
        !surplus.is_empty()
    }
}

/// The effects that store members in parts: the new member's; those of all members if they move to parts now, or if some
/// were removed or replaced.
fn parts_of(gathering: &mut Gathering, added: Option<(Role, &Member)>) -> Result<Vec<Effect>, Reject> {
    let part = |role, member: &Member| match stored::part(role, member) {
        Ok(bytes) => Ok(Effect::AddPart(bytes)),
        Err(error) => Err(Reject::new(RejectReason::Unreadable, error.to_string())),
    };
    if let (true, Some((role, member))) = (gathering.is_in_parts(), added) {
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

/// Rejects a member with which the payloads would have this size.
pub(super) fn refuse_too_large(key: &Key, size: usize) -> Result<(), Reject> {
    if size <= PAYLOADS_MAX {
        return Ok(());
    }
    let detail = format!("the payloads of bundle {key} would have {size} bytes; the limit is {PAYLOADS_MAX}");
    Err(Reject::new(RejectReason::TooLarge, detail))
}
