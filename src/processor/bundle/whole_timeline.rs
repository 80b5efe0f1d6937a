//! Adds the members of a bundle to its timeline, which has nothing of them while the bundle is incomplete.

use super::timeline::What;
use super::{Bundle, EventOutcome, Gathering, Report, Timeline};
use crate::model::Timestamp;

impl Bundle {
    /// The timeline of an incomplete bundle with its members; those after `due` are late.
    pub(super) fn whole_timeline(&self, gathering: &Gathering, due: Timestamp) -> Timeline {
        let mut timeline = gathering.story.timeline.as_deref().cloned().unwrap_or_default();
        timeline.items.reserve(gathering.members().size_hint().0 + 1);
        let is_reported = self.rules.reports.of(EventOutcome::Late) != Report::Ignore;
        for (role, member) in gathering.members() {
            // The timeline has what became of a content that has replaced another one.
            if member.updated_at.is_some() && timeline.has(&member.origin) {
                continue;
            }
            let is_late = is_reported && member.at > due;
            let outcome = if is_late { EventOutcome::Late } else { EventOutcome::Accepted };
            timeline.add(role, member, (member.at, outcome));
        }
        timeline
    }

    /// Completes the timeline of a bundle that ends.
    pub(super) fn end_timeline(&self, gathering: &mut Gathering, due: Timestamp, (at, what): (Timestamp, What)) {
        let mut timeline = self.whole_timeline(gathering, due);
        timeline.end(at, what);
        gathering.story.timeline = Some(Box::new(timeline));
    }
}
