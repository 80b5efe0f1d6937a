//! What the bundle processor counts: its families, and every series of them.

use super::Role;
use crate::processor::{Count, Effect, Family};

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

/// Every family, with every series that exists.
pub(super) fn families() -> Vec<Family> {
    let family =
        |name, help, labels, series: &[[&'static str; 2]]| Family { name, help, labels, series: series.to_vec() };
    vec![
        family(
            EVENTS,
            "Member events, by what became of them.",
            &["role", "outcome"],
            &[
                ["parent", "accepted"],
                ["parent", "duplicate"],
                ["parent", "conflict"],
                ["parent", "late"],
                ["child", "accepted"],
                ["child", "duplicate"],
                ["child", "conflict"],
                ["child", "late"],
                ["child", "unexpected"],
            ],
        ),
        family(OPENED, "Bundles opened.", &[], &[["", ""]]),
        family(CLOSED, "Bundles closed.", &["outcome"], &[["completed", ""]]),
        family(
            BREACHES,
            "Deadlines that passed, by what was missing.",
            &["missing"],
            &[["parent", ""], ["child", ""], ["both", ""]],
        ),
        family(CLAMPED, "Record timestamps that lay too far in the future and were taken as now.", &[], &[["", ""]]),
    ]
}

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
    Effect::Count(Count::with(family, label))
}

const fn count(family: &'static str, labels: [&'static str; 2]) -> Count {
    Count { family, labels }
}
