//! Stores the members of a large bundle in parts of its entry.

use super::{Gathering, Member, Role, stored};
use crate::model::{Reject, RejectReason};
use crate::processor::Effect;

/// The effects that store members in parts: the new member's; those of all members if they move to parts now, or if some
/// were removed or replaced.
pub(super) fn parts_of(gathering: &mut Gathering, added: Option<(Role, &Member)>) -> Result<Vec<Effect>, Reject> {
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
