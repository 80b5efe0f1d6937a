//! Plans and states, as people read them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::output::Column;
use crate::model::Timestamp;
use crate::runtime::replay::{Partition, Plan, State, Status};

/// The columns of `sheaf replay status`.
pub(super) const COLUMNS: &[Column] = &[
    ("processor", "/processor"),
    ("state", "/state"),
    ("generation", "/generation"),
    ("records left", "/remaining"),
    ("by", "/by"),
    ("why", "/why"),
];

/// A plan.
pub(super) fn plan(plan: &Plan) -> String {
    let Plan { id, application, processor, from, to, last_run_at, partitions, warnings, .. } = plan;
    let mut text = format!("replay {id} of {processor} of {application}: generation {from} to {to}\n");
    let (Ok(()) | Err(_)) = writeln!(text, "  {:<40} {:>12} {:>12} {:>12}", "partition", "from", "up to", "records");
    for Partition { partition, saved, target, .. } in partitions {
        let (Ok(()) | Err(_)) = writeln!(text, "  {partition:<40} {target:>12} {saved:>12} {:>12}", saved - target);
    }
    let (Ok(()) | Err(_)) = writeln!(text, "  {:<40} {:>12} {:>12} {:>12}", "all", "", "", plan.records());
    if *last_run_at != Timestamp::MIN {
        let (Ok(()) | Err(_)) = writeln!(
            text,
            "  the application has run until {last_run_at}: people are not told of earlier deadlines again"
        );
    }
    for warning in warnings {
        let (Ok(()) | Err(_)) = writeln!(text, "  note: {warning}");
    }
    text
}

/// The states of all processors.
pub(super) fn statuses(statuses: &[Status]) -> Vec<Value> {
    let shown = |status: &Status| {
        let state = match status.state {
            State::None => "no replay",
            State::Applying => "interrupted while it was applied: run apply or abort again",
            State::Aborting => "interrupted while it was undone: run abort again",
            State::Catching => "processing again",
            State::Done => "done",
        };
        let replay = status.replay.as_ref();
        json!({
            "processor": status.processor,
            "state": state,
            "generation": status.generation,
            "remaining": status.remaining,
            "replay": replay.map(|it| &it.id),
            "by": replay.map(|it| &it.by),
            "why": replay.map(|it| &it.why),
        })
    };
    statuses.iter().map(shown).collect()
}
