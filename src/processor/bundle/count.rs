//! What the bundle processor counts: the families' names and every set of labels that exists.

use super::Role;
use crate::processor::{Count, Effect};

/// Member events by role and by what became of them; labels `role`, `outcome`.
pub const EVENTS: &str = "bundle_events_total";

/// Bundles that were begun; no labels.
pub const OPENED: &str = "bundles_opened_total";

/// Bundles that ended; label `outcome`.
pub const CLOSED: &str = "bundles_closed_total";

/// Deadlines that passed; label `missing`.
pub const BREACHES: &str = "bundle_sla_breaches_total";

/// Event times too far in the future that were set back; no labels.
pub const CLAMPED: &str = "clamped_timestamps_total";

/// Every series that exists, so that each can start at 0.
pub const ALL: [Count; 15] = [
    count(EVENTS, ["parent", "accepted"]),
    count(EVENTS, ["parent", "duplicate"]),
    count(EVENTS, ["parent", "conflict"]),
    count(EVENTS, ["parent", "late"]),
    count(EVENTS, ["child", "accepted"]),
    count(EVENTS, ["child", "duplicate"]),
    count(EVENTS, ["child", "conflict"]),
    count(EVENTS, ["child", "late"]),
    count(EVENTS, ["child", "unexpected"]),
    count(OPENED, ["", ""]),
    count(CLOSED, ["completed", ""]),
    count(BREACHES, ["parent", ""]),
    count(BREACHES, ["child", ""]),
    count(BREACHES, ["both", ""]),
    count(CLAMPED, ["", ""]),
];

/// What became of a member event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Accepted,
    Duplicate,
    Conflict,
    Late,
    Unexpected,
}

impl Fate {
    /// The stable word in labels; but for the first two it is also the alert's kind.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::Late => "late",
            Self::Unexpected => "unexpected",
        }
    }
}

/// Counts one member event.
pub(super) const fn event(role: Role, fate: Fate) -> Effect {
    Effect::Count(count(EVENTS, [role.as_str(), fate.as_str()]))
}

/// Counts one of a family with at most one label.
pub(super) const fn one(family: &'static str, label: &'static str) -> Effect {
    Effect::Count(count(family, [label, ""]))
}

const fn count(family: &'static str, labels: [&'static str; 2]) -> Count {
    Count { family, labels }
}
