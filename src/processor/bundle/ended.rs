//! Members after the end of a bundle that is still open, because its deadline has not fired.
//!
//! While events are read as they are written, the deadline fires first, and such a member meets a closed bundle. In a backlog it comes
//! first. It must make no difference.

use super::classify::{Arrival, Class};
use super::counting::Counting;
use super::phase::Phase;
use super::{Bundle, EventOutcome, Gathering, State, alert};
use crate::model::{Key, Timestamp};
use crate::processor::Transition;

impl Bundle {
    /// True if the bundle has ended before this event time, whatever else may still come. Its end is known if other members can
    /// only move it back.
    pub(super) fn has_ended_by(&self, gathering: &Gathering, at: Timestamp) -> bool {
        let Some(expiry) = self.rules.expiry(gathering) else { return false };
        let has_ended = gathering.timing.completes_at.is_some_and(|end| end < at) || expiry < at;
        has_ended
            && match self.counting {
                // Another child may announce a larger number.
                Counting::Announced => false,
                // Until the number is known, surplus children may count as the first.
                Counting::Stated | Counting::Fixed(_) if !self.is_flexible => gathering.expected.is_some(),
                // A further member may undo a condition.
                Counting::Stated | Counting::Fixed(_) | Counting::AtLeast(_) => self.rules.complete_when.is_none(),
            }
    }

    /// A member event after the end: what a closed bundle makes of it.
    pub(super) fn on_member_after_end(
        &self,
        key: &Key,
        (phase, mut gathering): (Phase, Gathering),
        arrival: &Arrival<'_>,
        class: &Class,
    ) -> Transition<State> {
        let (role, member) = (arrival.role, &*arrival.member);
        let mut story = std::mem::take(&mut gathering.story);
        let effects = match class {
            Class::Duplicate => {
                self.report(EventOutcome::Duplicate, &mut story, arrival, &|| alert::duplicate(key, role, member))
            }
            Class::Conflict(kept) if kept.id == member.id => self.conflict(key, &mut story, arrival, None),
            Class::Conflict(_) | Class::Expected | Class::Unexpected(_) | Class::OutOfRange(_) => {
                let alert = || alert::after_closing(key, role, member);
                self.report(EventOutcome::AfterClosing, &mut story, arrival, &alert)
            }
        };
        gathering.story = story;
        phase.with(gathering, effects)
    }
}
