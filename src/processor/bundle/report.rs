//! Alerts of deviations, once each.

use super::state::REPORTED_MAX;
use super::{Fingerprint, Member, Role};
use crate::processor::Effect;

/// The alert, unless this event was alerted before or the bundle has reached its limit of alerts. The event is its role, the
/// member and the hash of its content.
pub(super) fn once(
    reported: &mut Vec<Fingerprint>,
    (role, member, digest): (Role, &Member, u128),
    alert: Effect,
) -> Option<Effect> {
    let name = Fingerprint::of_member(role, member.name.as_deref(), &member.id);
    let fingerprint = name.of_content(digest);
    let is_reported = || reported.contains(&fingerprint) || reported.contains(&name.of_bytes(&member.content));
    if reported.len() >= REPORTED_MAX || is_reported() {
        return None;
    }
    reported.push(fingerprint);
    Some(alert)
}
