//! The metrics of flows, with all their series.

use super::engine::Ignored;
use crate::processor::{Count, Family};

/// Flows, by what happened to them; label `event`.
const FLOWS: &str = "flows_total";
/// Steps, by what happened to them; label `event`.
const STEPS: &str = "flow_steps_total";
/// Messages that changed nothing; label `why`.
const IGNORED: &str = "flow_messages_ignored_total";

pub(super) const STARTED: Count = Count::with(FLOWS, "started");
pub(super) const COMPLETED: Count = Count::with(FLOWS, "completed");
pub(super) const FAILED: Count = Count::with(FLOWS, "failed");
pub(super) const CANCELLED: Count = Count::with(FLOWS, "cancelled");
pub(super) const REOPENED: Count = Count::with(FLOWS, "reopened");

pub(super) const BEGUN: Count = Count::with(STEPS, "begun");
pub(super) const HELD: Count = Count::with(STEPS, "held");
pub(super) const REMINDED: Count = Count::with(STEPS, "reminded");

pub(super) const ALREADY_STARTED: Count = Count::with(IGNORED, "already_started");
pub(super) const UNKNOWN: Count = Count::with(IGNORED, "no_such_step");
const REPEATED: Count = Count::with(IGNORED, "repeated");
const STALE: Count = Count::with(IGNORED, "former_attempt");
const TOO_LATE: Count = Count::with(IGNORED, "too_late");
const ENDED: Count = Count::with(IGNORED, "flow_ended");
const NOT_ASKED: Count = Count::with(IGNORED, "not_asked");
const NOT_BEGUN: Count = Count::with(IGNORED, "not_begun");

/// The counter of a message that changed nothing.
pub(super) const fn of(ignored: Ignored) -> Count {
    match ignored {
        Ignored::Repeated => REPEATED,
        Ignored::Stale => STALE,
        Ignored::TooLate => TOO_LATE,
        Ignored::Ended => ENDED,
        Ignored::NotAsked => NOT_ASKED,
        Ignored::NotBegun => NOT_BEGUN,
    }
}

/// All families, with all their series.
pub(super) fn families() -> Vec<Family> {
    let family = |name, help, label, counts: &[Count]| Family {
        name,
        help,
        labels: label,
        series: counts.iter().map(|count| count.labels).collect(),
    };
    vec![
        family(
            FLOWS,
            "Flows, by what happened: started, completed, failed by a `fail` step, cancelled or reopened by a command.",
            &["event"],
            &[STARTED, COMPLETED, FAILED, CANCELLED, REOPENED],
        ),
        family(
            STEPS,
            "Steps of flows, by what happened: begun (each try counts), held for want of a handler, reminded of.",
            &["event"],
            &[BEGUN, HELD, REMINDED],
        ),
        family(
            IGNORED,
            "Messages to flows that changed nothing: the flow has started, the step has its answer, the answer is of a former \
             attempt or came too late, the flow has ended, the step asks for nothing or has not begun, no step waits for it.",
            &["why"],
            &[ALREADY_STARTED, REPEATED, STALE, TOO_LATE, ENDED, NOT_ASKED, NOT_BEGUN, UNKNOWN],
        ),
    ]
}
