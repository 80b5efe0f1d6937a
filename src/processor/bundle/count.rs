//! The metric families of the bundle processor, with all their series.

use super::{EventOutcome, Gathering, Role};
use crate::processor::{Count, Effect, Family, Histogram};

/// Member events; labels `role`, `outcome`.
pub const EVENTS: &str = "bundle_events_total";

/// Opened bundles; no labels.
pub const OPENED: &str = "bundles_opened_total";

/// Closed bundles; label `outcome`.
pub const CLOSED: &str = "bundles_closed_total";

/// Members that have left their open bundle; label `end`.
pub const MEMBERS: &str = "bundle_members_total";

/// Warnings before the deadline; label `missing`.
pub const WARNINGS: &str = "bundle_sla_warnings_total";

/// Passed deadlines; label `missing`.
pub const BREACHES: &str = "bundle_sla_breaches_total";

/// Event times that cannot be and were replaced; labels `role`, `reason`.
pub const IMPLAUSIBLE: &str = "bundle_implausible_times_total";

/// From the first to the last event of a forwarded bundle, in event time.
pub const ASSEMBLY: &str = "bundle_assembly_duration_seconds";

/// All histograms. Bundles take from seconds to two days.
pub(super) const HISTOGRAMS: &[Histogram] = &[Histogram {
    name: ASSEMBLY,
    help: "The time from the first to the last event of a forwarded bundle, by the times of the events.",
    buckets: &[1.0, 10.0, 60.0, 300.0, 900.0, 3600.0, 7200.0, 14400.0, 28800.0, 43200.0, 64800.0, 86400.0, 172_800.0],
}];

/// All families, with all their series.
pub(super) fn families() -> Vec<Family> {
    let family =
        |name, help, labels, series: &[[&'static str; 2]]| Family { name, help, labels, series: series.to_vec() };
    vec![
        family(
            EVENTS,
            "Member events, by role and outcome.",
            &["role", "outcome"],
            &[
                ["parent", "accepted"],
                ["parent", "duplicate"],
                ["parent", "conflict"],
                ["parent", "late"],
                ["parent", "too_old"],
                ["parent", "after_closing"],
                ["parent", "ignored"],
                ["child", "accepted"],
                ["child", "duplicate"],
                ["child", "conflict"],
                ["child", "late"],
                ["child", "unexpected"],
                ["child", "out_of_range"],
                ["child", "too_old"],
                ["child", "after_closing"],
                ["child", "ignored"],
            ],
        ),
        family(
            MEMBERS,
            "Members that have left their open bundle: forwarded, expired or cancelled with it, or removed, because they deviate, \
             which sheaf_bundle_events_total counts then too. Those of reopened bundles are open again.",
            &["end"],
            &[
                ["forwarded", ""],
                ["expired", ""],
                ["cancelled", ""],
                ["removed", ""],
                ["reopened_expired", ""],
                ["reopened_cancelled", ""],
            ],
        ),
        family(OPENED, "Bundles opened or reopened.", &[], &[["", ""]]),
        family(
            CLOSED,
            "Bundles closed.",
            &["outcome"],
            &[["completed", ""], ["partial", ""], ["expired", ""], ["forced", ""], ["cancelled", ""]],
        ),
        family(
            WARNINGS,
            "Warnings before a deadline, by the missing members.",
            &["missing"],
            &[["parent", ""], ["child", ""], ["both", ""], ["condition", ""]],
        ),
        family(
            BREACHES,
            "Deadlines that passed, by the missing members.",
            &["missing"],
            &[["parent", ""], ["child", ""], ["both", ""], ["condition", ""]],
        ),
        family(
            IMPLAUSIBLE,
            "Event times before 2000 or more than five minutes ahead, replaced by the append time.",
            &["role", "reason"],
            &[["parent", "past"], ["parent", "future"], ["child", "past"], ["child", "future"]],
        ),
    ]
}

/// Counts one member event.
pub(super) const fn event(role: Role, outcome: EventOutcome) -> Effect {
    Effect::Count(count(EVENTS, [role.as_str(), outcome.as_str()]))
}

/// Counts one event time that was replaced.
pub(super) const fn implausible(role: Role, reason: &'static str) -> Effect {
    Effect::Count(count(IMPLAUSIBLE, [role.as_str(), reason]))
}

/// Increments a counter with at most one label.
pub(super) const fn one(family: &'static str, label: &'static str) -> Effect {
    Effect::Count(Count::with(family, label))
}

/// Counts all members of a bundle that ends or is reopened.
pub(super) fn members(gathering: &Gathering, end: &'static str) -> Effect {
    let members = u64::from(gathering.count()) + u64::from(gathering.parent().is_some());
    Effect::CountMany(Count::with(MEMBERS, end), members)
}

const fn count(family: &'static str, labels: [&'static str; 2]) -> Count {
    Count { family, labels }
}
