//! What the delivery processor counts: every family, and every label set that can occur.

use super::super::Count;
use crate::template;

/// Submissions by how they ended, and duplicates; label `outcome`.
pub const SUBMISSIONS: &str = "sink_submissions_total";
/// Calls that are made again, by why; label `reason`.
pub const RETRIES: &str = "sink_retries_total";
/// Renderings of the template; label `result`.
pub const RENDERS: &str = "template_renders_total";

pub(super) const ACCEPTED: Count = one(SUBMISSIONS, "accepted");
pub(super) const FOUND: Count = one(SUBMISSIONS, "found");
pub(super) const DUPLICATE: Count = one(SUBMISSIONS, "suppressed_duplicate");
pub(super) const FAILED: Count = one(SUBMISSIONS, "failed");
pub(super) const UNKNOWN: Count = one(SUBMISSIONS, "unknown");
pub(super) const RETRY_BUSY: Count = one(RETRIES, "busy");
pub(super) const RETRY_NOT_SENT: Count = one(RETRIES, "not_sent");
pub(super) const RETRY_ABSENT: Count = one(RETRIES, "absent");
pub(super) const RETRY_LOOK_UP: Count = one(RETRIES, "look_up");
pub(super) const LOST_ANSWER: Count = one(RETRIES, "lost_answer");
pub(super) const INHERITED: Count = one(RETRIES, "inherited");
pub(super) const RENDERED: Count = one(RENDERS, "ok");

const FIXED: [Count; 13] = [
    ACCEPTED,
    FOUND,
    DUPLICATE,
    FAILED,
    UNKNOWN,
    RETRY_BUSY,
    RETRY_NOT_SENT,
    RETRY_ABSENT,
    RETRY_LOOK_UP,
    LOST_ANSWER,
    INHERITED,
    RENDERED,
    one(RENDERS, "no_folder"),
];

/// Every label set, so that each series can start at 0.
pub fn all() -> impl Iterator<Item = Count> {
    FIXED.into_iter().chain(template::Error::KINDS.into_iter().map(render))
}

/// A rendering with this result.
pub(super) const fn render(result: &'static str) -> Count {
    one(RENDERS, result)
}

const fn one(family: &'static str, label: &'static str) -> Count {
    Count { family, labels: [label, ""] }
}
