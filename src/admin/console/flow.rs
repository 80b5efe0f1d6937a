//! A flow for its page: what it waits for, its steps, what it was begun with; and the steps that a command may name.

use minijinja::{Value as View, context};
use serde_json::{Map, Value};

use super::api::{Place, field};
use super::form::Form;
use super::link;
use crate::processor::flow::commands::{CLAIM, COMPLETE, REASSIGN, RERUN, SKIP};

/// The first sentence of a flow: how it ended, or what it waits for; `None` of another entry, or one without its definition.
pub(super) fn lead(shown: &Map<String, Value>) -> Option<String> {
    let waits = shown.get("waits_for")?.as_array()?;
    let ending = shown.get("ending").filter(|ending| ending.is_object());
    if let Some(ending) = ending {
        let [word, reason] = ["ending", "reason"].map(|name| text(ending, name));
        return Some(if reason.is_empty() { word.to_owned() } else { format!("{word}: {reason}") });
    }
    Some(waits.iter().map(wait_in_words).collect::<Vec<_>>().join("; "))
}

fn wait_in_words(wait: &Value) -> String {
    let [step, status, role, person, reason] =
        ["step", "status", "role", "person", "reason"].map(|name| text(wait, name));
    if status == HELD {
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        return format!("is held at {step}{reason}");
    }
    match (person.is_empty(), role.is_empty()) {
        (false, _) => format!("waits for {step}, by {person}"),
        (true, false) => format!("waits for {step}, by a {role}"),
        (true, true) => format!("waits for {step}"),
    }
}

/// The status of a step that is held.
const HELD: &str = "held";
/// The status of a step that has not begun.
const WAITING: &str = "waiting";

/// What its page has a place for.
pub(super) fn of(place: &Place<'_>, entry: &Value, content: &Value) -> View {
    let told = field(entry, "entry");
    let (name, version) = (text(told, "flow"), field(told, "version").as_u64());
    let waits: Vec<View> = waits(told).map(|wait| task(place, wait)).collect();
    let pretty = |name: &str| {
        let part = field(content, name);
        let is_there = part.as_object().is_some_and(|part| !part.is_empty());
        is_there.then(|| serde_json::to_string_pretty(part).unwrap_or_default())
    };
    context! {
        waits,
        steps => steps(told).map(step).collect::<Vec<_>>(),
        name => name,
        path => link::flow(place.application, name),
        // Another address when it has changed, so that a browser asks for it again.
        picture => version.map(|version| link::entry_picture(place.application, place.key, &version.to_string())),
        start => pretty("start"),
        results => pretty("results"),
    }
}

/// The tasks of people that an entry waits for.
pub(super) fn tasks<'a>(place: &Place<'_>, entry: &'a Value) -> Vec<(&'a Value, View)> {
    let is_human = |wait: &&Value| field(wait, "human").as_bool().unwrap_or_default();
    waits(field(entry, "entry")).filter(is_human).map(|wait| (wait, task(place, wait))).collect()
}

/// What an entry waits for, with the commands that go on from there.
fn task(place: &Place<'_>, wait: &Value) -> View {
    let Place { application, processor, key } = *place;
    let is_human = field(wait, "human").as_bool().unwrap_or_default();
    let names: &[&str] = match (is_human, text(wait, "person").is_empty()) {
        (true, true) => &[CLAIM, COMPLETE],
        (true, false) => &[REASSIGN, COMPLETE],
        (false, _) => &[RERUN, COMPLETE, SKIP],
    };
    let command = |name: &&'static str| {
        let name = *name;
        let path = link::command_at(application, processor, (key, name), text(wait, "step"));
        context! { name, path }
    };
    let fields = ["step", "status", "since", "role", "person", "reason"];
    let fields = fields.map(|name| (name, text(wait, name)));
    let commands: Vec<View> = names.iter().map(command).collect();
    context! { commands, tone => tone(text(wait, "status")), ..View::from_pairs(fields) }
}

fn step(step: &Value) -> View {
    let status = text(step, "status");
    let has_begun = status != WAITING;
    let fields = ["step", "status", "reason", "due", "late_at"].map(|name| (name, text(step, name)));
    context! {
        mark => mark(status),
        tone => tone(status),
        attempt => field(step, "attempt").as_u64().filter(|_| has_begun),
        since => has_begun.then(|| text(step, "since")),
        ..View::from_pairs(fields)
    }
}

/// The sign of a status, as `sheaf flows show` has it.
fn mark(status: &str) -> &'static str {
    match status {
        "done" => "✓",
        "active" | "resting" | "undoing" => "▶",
        HELD | "failing" => "✗",
        "skipped" | "undone" | "failed" => "-",
        _ => "",
    }
}

/// The colour of the status of a step.
fn tone(status: &str) -> &'static str {
    match status {
        "done" => "good",
        HELD | "failing" | "failed" => "bad",
        "resting" | "undoing" | "undone" => "warn",
        WAITING | "skipped" => "soft",
        _ => "",
    }
}

/// The steps of an entry that a command may name: those that a person does for `claim` and `reassign`, those that have begun for `rerun`, those that are
/// not over for `skip`, those that wait or are held for others.
pub(super) fn choices(command: &str, entry: &Value) -> Vec<String> {
    let told = field(entry, "entry");
    let names = |steps: Vec<&Value>| steps.into_iter().map(|step| text(step, "step").to_owned()).collect();
    let is_human = |wait: &&Value| field(wait, "human").as_bool().unwrap_or_default();
    match command {
        CLAIM | REASSIGN => names(waits(told).filter(is_human).collect()),
        RERUN => names(steps(told).filter(|step| text(step, "status") != WAITING).collect()),
        SKIP => names(steps(told).filter(|step| !OVER.contains(&text(step, "status"))).collect()),
        _ => names(waits(told).collect()),
    }
}

/// The form of a step that waits for a person; `None` without one.
pub(super) fn form<'a>(entry: &'a Value, step: &str) -> Option<Form<'a>> {
    waits(field(entry, "entry")).find(|wait| text(wait, "step") == step).and_then(Form::of)
}

/// The statuses of steps that are over.
const OVER: [&str; 4] = ["done", "failed", "skipped", "undone"];

fn waits(told: &Value) -> impl Iterator<Item = &Value> {
    field(told, "waits_for").as_array().into_iter().flatten()
}

fn steps(told: &Value) -> impl Iterator<Item = &Value> {
    field(told, "steps").as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    field(value, name).as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry() -> Value {
        json!({ "entry": {
            "ending": null,
            "waits_for": [
                { "step": "PACK/pick", "status": "held", "since": "2026-03-01T02:15:00Z", "human": false, "reason": "none left" },
                { "step": "RING", "status": "active", "human": true, "role": "courier", "person": null },
            ],
            "steps": [
                { "step": "PAY", "status": "done", "attempt": 1, "since": "2026-03-01T02:15:00Z" },
                { "step": "PACK/pick", "status": "held", "attempt": 2, "since": "2026-03-01T02:15:00Z" },
                { "step": "RING", "status": "active", "attempt": 1 },
                { "step": "BILL", "status": "waiting", "attempt": 0, "since": "2026-03-01T02:15:00Z" },
            ],
        } })
    }

    #[test]
    fn the_first_sentence_tells_the_steps_at_which_a_flow_is_or_its_end() {
        let lead = |shown: &Value| lead(shown.as_object().unwrap());
        let mut shown = entry()["entry"].take();
        let expected = "is held at PACK/pick: none left; waits for RING, by a courier";
        assert_eq!(lead(&shown).as_deref(), Some(expected));
        shown["waits_for"][1]["person"] = json!("ann");
        assert!(lead(&shown).unwrap().ends_with("waits for RING, by ann"));
        shown["ending"] = json!({ "ending": "failed", "reason": "no parts" });
        assert_eq!(lead(&shown).as_deref(), Some("failed: no parts"));
        assert_eq!(lead(&json!({ "missing": [] })), None);
    }

    #[test]
    fn a_command_names_the_steps_that_it_may_be_for() {
        let of = |command| choices(command, &entry());
        assert_eq!(of("claim"), ["RING"]);
        assert_eq!(of("complete"), ["PACK/pick", "RING"]);
        assert_eq!(of("rerun"), ["PAY", "PACK/pick", "RING"]);
        assert_eq!(of("skip"), ["PACK/pick", "RING", "BILL"]);
    }

    #[test]
    fn steps_have_marks_and_waits_the_commands_that_go_on() {
        let place = Place { application: "a", processor: "flow", key: "k" };
        let content = json!({ "start": { "order": 7 }, "results": {} });
        let shown = serde_json::to_value(of(&place, &entry(), &content)).unwrap();
        let all = |name: &str| shown["steps"].as_array().unwrap().iter().map(|it| it[name].clone()).collect::<Vec<_>>();
        assert_eq!(all("mark"), ["✓", "✗", "▶", ""]);
        assert_eq!(all("attempt"), [json!(1), json!(2), json!(1), Value::Null], "one that waits has not begun");
        assert_eq!(shown["waits"][1]["commands"][0]["path"], "/entries/a/flow/command?name=claim&key=k&step=RING");
        assert_eq!((&shown["start"], &shown["results"]), (&json!("{\n  \"order\": 7\n}"), &Value::Null));
        let entry = entry();
        assert_eq!(tasks(&place, &entry).len(), 1);
    }
}
