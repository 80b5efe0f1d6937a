//! The state of one bundle.

use std::sync::Arc;

use super::{Fingerprint, Gathering, Member, Role, Story};

/// The most alerted deviations of one bundle; further ones are counted only.
pub const REPORTED_MAX: usize = 64;

/// The state of a bundle. There is none before the first member and after the marker's retention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Members are missing, and the deadline has not passed.
    Open(Gathering),
    /// Members are missing, and the SLA breach has been alerted.
    Breached(Gathering),
    /// Closed; the marker recognizes duplicate and late members.
    Closed(Marker),
}

/// The marker of a closed bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// How the bundle ended.
    pub ending: Ending,
    /// The fingerprints of name and content of each member, sorted by name. Those of sheaf 0.1.0 are of the bytes.
    pub seen: Vec<(Fingerprint, Fingerprint)>,
    /// What was missing when it expired, by name; of more than an alert lists the number.
    pub missing: Vec<String>,
    /// The alerted deviations, and the timeline, as [`Gathering::story`].
    pub story: Story,
}

/// How a bundle ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All members were received, and the bundle was forwarded.
    Completed,
    /// Members were missing until the expiry.
    Expired,
}

impl Marker {
    /// The marker of a bundle that is closed now, with its whole timeline; `digest` hashes the content of a member.
    pub(super) fn of(gathering: Gathering, ending: Ending, digest: impl Fn(Role, &Member) -> u128) -> Self {
        let fingerprints = |(role, member): (Role, &Arc<Member>)| {
            let name = Fingerprint::of_member(role, member.name.as_deref(), &member.id);
            (name, name.of_content(digest(role, member)))
        };
        let mut seen: Vec<_> = gathering.members().map(fingerprints).collect();
        seen.sort_unstable();
        // Sorted, so that it does not depend on the order of arrival.
        let mut story = gathering.story;
        story.reported.sort_unstable();
        story.is_opened = false;
        Self { ending, seen, missing: Vec::new(), story }
    }
}
