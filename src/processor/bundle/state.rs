//! What is remembered of one bundle between steps.

use std::sync::Arc;

use super::{Fingerprint, Gathering, Member, Role};

/// How many deviations of one bundle are alerted; further ones are counted only.
pub const REPORTED_MAX: usize = 64;

/// A bundle. No state at all: nothing has been seen of it, or its closed marker has been dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for members, and its deadline is ahead.
    Open(Gathering),
    /// It waits for members, and the breach of its deadline has been alerted.
    Breached(Gathering),
    /// It has ended; a marker recognises what comes too late.
    Closed(Marker),
}

/// What is left of a bundle that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// How it ended.
    pub ending: Ending,
    /// Its members: fingerprints of name and content, in the order of the names'.
    pub seen: Vec<(Fingerprint, Fingerprint)>,
    /// As [`Gathering::reported`].
    pub reported: Vec<Fingerprint>,
}

/// How a bundle ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every member came, and it was handed on.
    Completed,
}

impl Marker {
    /// What is left of a bundle that ends now.
    pub(super) fn of(gathering: Gathering, ending: Ending) -> Self {
        let fingerprints = |(role, member): (Role, &Arc<Member>)| {
            let name = Fingerprint::of_member(role, &member.id);
            (name, name.of_content(&member.content))
        };
        let mut seen: Vec<_> = gathering.members().map(fingerprints).collect();
        seen.sort_unstable();
        Self { ending, seen, reported: gathering.reported }
    }
}
