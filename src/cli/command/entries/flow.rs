//! The story of a flow on one screen: its steps, what it waits for and since when, and what can be done.

use serde_json::Value;

use super::story::{Action, Facts, facts, what_can_be_done};
use super::words::{distance, list, text, time};
use crate::model::Timestamp;

/// The story of a flow.
pub(super) fn flow(item: &Value, now: Timestamp) -> String {
    let key = text(item, "/key");
    let mut lines = vec![format!("flow {} {key}: {}", text(item, "/entry/flow"), state(item)), String::new()];
    lines.extend(facts(&flow_facts(item, now)));
    let steps = list(item, "/entry/steps");
    let width = steps.iter().map(|step| text(step, "/step").chars().count()).max().unwrap_or_default();
    lines.extend((!steps.is_empty()).then(|| "\nsteps".to_owned()));
    lines.extend(steps.iter().map(|step| line(step, width, now)));
    let waits = list(item, "/entry/waits_for");
    let step = waits.first().map(|wait| text(wait, "/step")).unwrap_or_default();
    let actions = actions(item, waits.first());
    lines.extend(what_can_be_done(&key, &actions).into_iter().map(|line| line.replace("STEP", &step)));
    lines.join("\n")
}

fn state(item: &Value) -> String {
    let status = text(item, "/entry/status");
    match status.as_str() {
        "open/running" => "goes on",
        "open/held" => "is held: a step is in trouble that nothing handles",
        "closed/completed" => "completed",
        "closed/failed" => "failed",
        "closed/cancelled" => "cancelled by an operator",
        other => return other.to_owned(),
    }
    .to_owned()
}

fn flow_facts(item: &Value, now: Timestamp) -> Facts {
    let with_distance = |pointer: &str| {
        let at = text(item, pointer);
        if at.is_empty() { at } else { format!("{} ({})", time(&at), distance(&at, now)) }
    };
    let waits: Vec<String> = list(item, "/entry/waits_for").iter().map(|wait| waits(wait, now)).collect();
    vec![
        ("cannot be read", text(item, "/entry/error")),
        ("waits for", waits.join("; ")),
        ("reason", text(item, "/entry/ending/reason")),
        ("started", with_distance("/entry/started_at")),
        ("last change", with_distance("/entry/updated_at")),
        ("definition", text(item, "/entry/definition").chars().take(8).collect()),
        ("trace id", text(item, "/entry/trace_id")),
        ("processed by", format!("{}, partition {}", text(item, "/instance"), text(item, "/partition"))),
    ]
}

/// What a flow waits for, in words.
fn waits(wait: &Value, now: Timestamp) -> String {
    let (step, role, person) = (text(wait, "/step"), text(wait, "/role"), text(wait, "/person"));
    let since = distance(&text(wait, "/since"), now);
    let who = match (person.is_empty(), role.is_empty()) {
        (false, _) => format!(", by {person}"),
        (true, false) => format!(", by a {role}"),
        (true, true) => String::new(),
    };
    format!("{step}{who}, since {since}")
}

/// A step in one line: a mark, its name, its status, what went wrong.
fn line(step: &Value, width: usize, now: Timestamp) -> String {
    let status = text(step, "/status");
    let mark = match status.as_str() {
        "done" => '✓',
        "active" | "resting" | "undoing" => '▶',
        "held" | "failing" => '✗',
        "skipped" | "undone" | "failed" => '-',
        _ => ' ',
    };
    let attempt = step.pointer("/attempt").and_then(Value::as_u64).unwrap_or_default();
    let attempt = if attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
    let time = |what: &str, pointer: &str| {
        let at = text(step, pointer);
        if at.is_empty() { at } else { format!(", {what} {}", distance(&at, now)) }
    };
    let reason = text(step, "/reason");
    let reason = if reason.is_empty() { reason } else { format!(": {reason}") };
    let (again, late, name) = (time("again", "/due"), time("late", "/late_at"), text(step, "/step"));
    format!("  {mark} {name:width$}  {status}{attempt}{again}{late}{reason}")
}

fn actions(item: &Value, wait: Option<&Value>) -> Vec<Action> {
    if text(item, "/entry/status").starts_with("closed/") {
        return vec![("sheaf flows rerun KEY --step NAME --why '..'", "have a step begin again")];
    }
    let Some(wait) = wait else { return Vec::new() };
    let is_human = wait.pointer("/human").and_then(Value::as_bool).unwrap_or_default();
    let complete = ("sheaf flows complete KEY --step STEP --why '..'", "say that it is done");
    let cancel = ("sheaf flows cancel KEY --why '..'", "end the flow as it is");
    if is_human {
        return vec![("sheaf flows claim KEY --step STEP", "take the task"), complete, cancel];
    }
    vec![
        ("sheaf flows rerun KEY --step STEP --why '..'", "ask for it again"),
        complete,
        ("sheaf flows skip KEY --step STEP --why '..'", "go on without it"),
        cancel,
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flow_tells_its_steps_what_it_waits_for_and_what_can_be_done() {
        let item = json!({
            "key": "o-1", "status": ["open/running"], "instance": "a", "partition": 3,
            "entry": {
                "flow": "NOODLES", "status": "open/running", "definition": "5840ee6f00", "ending": null,
                "started_at": "2026-11-21T14:00:00.000Z", "updated_at": "2026-11-21T14:30:00.000Z",
                "waits_for": [{
                    "step": "STREET/deliver", "since": "2026-11-21T14:30:00.000Z", "human": true, "role": "courier", "person": null,
                }],
                "steps": [
                    { "step": "KITCHEN/cook", "status": "done", "attempt": 2, "reason": null },
                    { "step": "STREET/deliver", "status": "active", "attempt": 1, "late_at": "2026-11-21T16:00:00.000Z" },
                ],
            },
        });
        assert_eq!(
            flow(&item, Timestamp::from_millis(1_795_273_200_000)),
            "flow NOODLES o-1: goes on

waits for     STREET/deliver, by a courier, since 30 min ago
started       2026-11-21 14:00:00Z (1 h 0 min ago)
last change   2026-11-21 14:30:00Z (30 min ago)
definition    5840ee6f
processed by  a, partition 3

steps
  ✓ KITCHEN/cook    done, attempt 2
  ▶ STREET/deliver  active, late in 1 h 0 min

what can be done
  sheaf flows claim o-1 --step STREET/deliver
      take the task
  sheaf flows complete o-1 --step STREET/deliver --why '..'
      say that it is done
  sheaf flows cancel o-1 --why '..'
      end the flow as it is"
        );
    }
}
