//! The metrics of the delivery processor, with all their series, and the kinds of its alerts.

use super::super::{Count, Family, Histogram};
use crate::template;

/// The kinds of alerts.
pub(super) const ALERTS: [&str; 2] = ["delivery_failed", "delivery_unknown"];

/// Submissions by outcome, and duplicates; label `outcome`.
pub const SUBMISSIONS: &str = "sink_submissions_total";
/// Renderings of the template; label `result`.
const RENDERS: &str = "template_renders_total";
pub(super) const RENDERED: Count = render("ok");
/// Retried calls by reason; label `reason`.
pub const RETRIES: &str = "sink_retries_total";

pub(super) const ACCEPTED: Count = one(SUBMISSIONS, "accepted");
pub(super) const FOUND: Count = one(SUBMISSIONS, "found");
pub(super) const DUPLICATE: Count = one(SUBMISSIONS, "suppressed_duplicate");
pub(super) const FAILED: Count = one(SUBMISSIONS, "failed");
pub(super) const RESOLVED: Count = one(SUBMISSIONS, "resolved");
pub(super) const UNKNOWN: Count = one(SUBMISSIONS, "unknown");
pub(super) const HELD: Count = one(SUBMISSIONS, "held");
pub(super) const RETRY_BUSY: Count = one(RETRIES, "busy");
pub(super) const RETRY_NOT_SENT: Count = one(RETRIES, "not_sent");
pub(super) const RETRY_SUSPENDED: Count = one(RETRIES, "suspended");
pub(super) const RETRY_COMMAND: Count = one(RETRIES, "command");
pub(super) const RETRY_ABSENT: Count = one(RETRIES, "absent");
pub(super) const RETRY_LOOK_UP: Count = one(RETRIES, "look_up");
pub(super) const LOST_ANSWER: Count = one(RETRIES, "lost_answer");
pub(super) const INHERITED: Count = one(RETRIES, "inherited");

/// From the first intent to submit to the proof of it.
pub(super) const DURATION: &str = "delivery_duration_seconds";

/// All histograms. A submission takes a second, and hours while its target is down.
pub(super) const HISTOGRAMS: &[Histogram] = &[Histogram {
    name: DURATION,
    help: "The time from the first intent to submit a bundle to the answer or the look-up that proves it, without the time in \
           which the target was suspended.",
    buckets: &[0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0],
}];

/// All families, with all their series.
pub(super) fn families() -> Vec<Family> {
    let family = |name, help, labels, series: &[Count]| Family {
        name,
        help,
        labels,
        series: series.iter().map(|count| count.labels).collect(),
    };
    vec![
        family(
            SUBMISSIONS,
            "Submissions, by how they ended.",
            &["outcome"],
            &[ACCEPTED, FOUND, DUPLICATE, FAILED, UNKNOWN, RESOLVED, HELD],
        ),
        family(
            RETRIES,
            "Retries of calls, by reason.",
            &["reason"],
            &[
                RETRY_BUSY,
                RETRY_NOT_SENT,
                RETRY_SUSPENDED,
                RETRY_ABSENT,
                RETRY_LOOK_UP,
                RETRY_COMMAND,
                LOST_ANSWER,
                INHERITED,
            ],
        ),
    ]
}

/// The family of renderings, with these series beside the ones of each template.
pub(super) fn renders(more: &[Count]) -> Family {
    let counts = more.iter().copied().chain([RENDERED]).chain(template::Error::KINDS.into_iter().map(render));
    Family {
        name: RENDERS,
        help: "Templates rendered, by result.",
        labels: &["result"],
        series: counts.map(|count| count.labels).collect(),
    }
}

/// A rendering with this result.
pub(super) const fn render(result: &'static str) -> Count {
    Count::with(RENDERS, result)
}

const fn one(family: &'static str, label: &'static str) -> Count {
    Count::with(family, label)
}
