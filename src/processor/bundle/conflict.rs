//! Another content for a known member: which of both counts.

use std::sync::Arc;

use super::classify::Arrival;
use super::phase::Phase;
use super::settle::{Change, refuse_too_large};
use super::{Bundle, EventOutcome, Gathering, Member, Resolution, Role, State, Story, alert};
use crate::model::{Key, Reject, RejectReason, Timestamp};
use crate::processor::{Effect, Transition};

impl Bundle {
    /// Another content for a member of an incomplete bundle, or another child for its position.
    pub(super) fn on_conflict(
        &self,
        key: &Key,
        (phase, mut gathering): (Phase, Gathering),
        arrival: &Arrival<'_>,
        (kept, now): (&Arc<Member>, Timestamp),
    ) -> Result<Transition<State>, Reject> {
        let (role, member) = (arrival.role, &arrival.member);
        let mut effects = self.conflict(key, &mut gathering.story, arrival, Some(kept));
        let is_same = role == Role::Parent || kept.id == member.id;
        if self.rules.conflicts != Resolution::Latest || !is_same {
            return Ok(phase.with(gathering, effects));
        }
        let version =
            |member: &Member| (member.updated_at.unwrap_or(member.at), arrival.digester.digest(&member.content));
        let (latest, other) = if version(member) > version(kept) { (member, kept) } else { (kept, member) };
        let is_placed = Arc::ptr_eq(latest, kept) || gathering.is_place(arrival, self.counting);
        let merged = Member {
            position: if is_placed { latest.position } else { kept.position },
            at: kept.at.min(member.at),
            updated_at: Some(latest.updated_at.unwrap_or(latest.at)),
            ..Member::clone(latest)
        };
        // A retry of the content that is replaced was told of by this alert.
        gathering.report_also((role, other, version(other).1));
        let before = (gathering.first_at(), gathering.timing);
        if Arc::ptr_eq(latest, member) && !gathering.story.timeline().has(&kept.origin) {
            let at = kept.updated_at.unwrap_or(kept.at);
            gathering.story.timeline().event_at(role, kept, (at, EventOutcome::Accepted));
        }
        gathering.replace(role, kept, Arc::new(merged));
        refuse_too_large(key, gathering.size())?;
        if Arc::ptr_eq(latest, member) {
            self.expect(key, &mut gathering, arrival, &mut effects);
        }
        let deadlines = self.rules.deadlines(&gathering);
        let change = Change { before, deadlines, added: None, now };
        self.settle(key, (phase, gathering), change, effects)
    }

    /// The effects of a conflict; `kept` is the other member, unknown for a closed bundle.
    pub(super) fn conflict(
        &self,
        key: &Key,
        story: &mut Story,
        arrival: &Arrival<'_>,
        kept: Option<&Arc<Member>>,
    ) -> Vec<Effect> {
        let (role, member) = (arrival.role, &*arrival.member);
        let is_same = kept.is_some_and(|kept| role == Role::Parent || kept.id == member.id);
        let resolution = match self.rules.conflicts {
            // A closed bundle does not change, and a position belongs to the child that had it first.
            Resolution::Latest if !is_same => Resolution::First,
            other @ (Resolution::First | Resolution::Latest | Resolution::Reject) => other,
        };
        let alert = || alert::conflict(key, (role, member), kept.map(|kept| &**kept), resolution);
        let mut effects = self.report(EventOutcome::Conflict, story, arrival, &alert);
        if resolution == Resolution::Reject {
            let (what, id) = (member.kind(role), &member.id);
            let detail = format!("bundle {key} has another {what} {id}, and `bundle.conflicts` is `reject`");
            effects.push(Effect::DeadLetter(Reject::new(RejectReason::Conflict, detail)));
        }
        effects
    }
}
