//! The ways of flows, as the lines along which they went.

use serde_json::{Value, json};

use super::sample;
use crate::processor::flow::{Definition, Graph, Kind, Owner, Step, Trouble};
use crate::topology::diagram::element::Element;
use crate::topology::diagram::layout::Layout;
use crate::topology::diagram::style::PICTURE;
use crate::topology::diagram::{Way, svg_of_way};

/// What is shown of a flow whose steps have these statuses; the others wait.
fn shown(definition: &Definition, statuses: &[(&str, &str)]) -> Value {
    let step = |name: &str| {
        let status = statuses.iter().find(|(step, _)| *step == name).map_or("waiting", |(_, status)| *status);
        let (status, reruns) = status.split_once(" again").map_or((status, 0), |(status, _)| (status, 1));
        let attempt = if status == "waiting" && reruns == 0 { 0 } else { 1 + reruns };
        json!({ "step": name, "status": status, "attempt": attempt, "reruns": reruns, "since": "2026-03-01T02:15:00Z" })
    };
    let steps: Vec<Value> = definition.graph.steps().map(|(_, it)| step(&it.name)).collect();
    json!({ "steps": steps })
}

/// The lines along which it went: from and to, by the names of steps.
fn lines(definition: &Definition, shown: &Value) -> Vec<String> {
    let name = |element: Element| match element {
        Element::Step(id) => definition.graph.step(id).name.to_string(),
        Element::Trouble(id, trouble) => format!("{} on {}", definition.graph.step(id).name, trouble.as_str()),
        Element::Undo(id) => format!("{} undo", definition.graph.step(id).name),
        Element::Merge(id) => format!("behind {}", definition.graph.step(id).name),
        Element::Begin(_) => "begin".to_owned(),
        Element::Finish(_) => "end".to_owned(),
        Element::Split(_)
        | Element::Gather(_)
        | Element::Lane(_)
        | Element::Join(_)
        | Element::When(_)
        | Element::Fork(_) => {
            format!("{element:?}")
        }
    };
    let way = Way::of(shown);
    let layout = Layout::new(definition, &PICTURE);
    let taken = layout.flows.iter().filter(|flow| way.takes(&definition.graph, flow));
    let mut lines: Vec<String> = taken.map(|flow| format!("{} > {}", name(flow.from), name(flow.to))).collect();
    lines.sort();
    lines
}

#[test]
fn nothing_is_taken_before_the_first_step() {
    let voyage = sample::voyage();
    assert_eq!(lines(&voyage, &shown(&voyage, &[])), [""; 0]);
    assert_eq!(lines(&voyage, &json!({})), [""; 0], "and without any step");
}

#[test]
fn a_way_ends_at_the_step_that_is_active_and_passes_one_that_is_skipped() {
    let voyage = sample::voyage();
    // With a step all that is in it is skipped.
    let inside = ["ask", "updated", "take back", "give up", "again", "call the bank", "stop", "cancel", "cancelled"];
    let skipped = inside.map(|name| (name, "skipped"));
    let own = [("credit", "done"), ("charge", "skipped"), ("TRAVEL", "active"), ("cabin", "held")];
    let shown = shown(&voyage, &[own.as_slice(), &skipped].concat());
    let expected = ["begin > credit", "behind charge > TRAVEL", "charge > behind charge", "credit > charge"];
    assert_eq!(lines(&voyage, &shown), expected);
}

#[test]
fn a_way_leads_through_the_handler_that_has_run_and_no_other() {
    let voyage = sample::voyage();
    let mut steps = vec![("credit", "done"), ("charge", "failed"), ("call the bank", "done"), ("letter", "active")];
    let through = [
        "begin > credit",
        "behind charge > letter",
        "call the bank > behind charge",
        "charge on exhausted > call the bank",
        "credit > charge",
    ];
    assert_eq!(lines(&voyage, &shown(&voyage, &steps)), through);
    steps[2].1 = "active";
    steps.pop();
    let within = ["begin > credit", "charge on exhausted > call the bank", "credit > charge"];
    assert_eq!(lines(&voyage, &shown(&voyage, &steps)), within);
}

#[test]
fn a_way_goes_back_to_a_step_that_has_begun_again() {
    let voyage = sample::voyage();
    let mut told = shown(&voyage, &[("credit", "done"), ("charge", "active again")]);
    for step in told["steps"].as_array_mut().unwrap() {
        // The handler has been reset; what it has sent and asked for has its attempts.
        if ["ask", "updated"].contains(&step["step"].as_str().unwrap()) {
            step["attempt"] = json!(1);
        }
    }
    let expected = [
        "again > charge",
        "ask > updated",
        "begin > credit",
        "charge on refused > ask",
        "credit > charge",
        "updated > again",
    ];
    assert_eq!(lines(&voyage, &told), expected);
}

#[test]
fn a_way_ends_at_the_end_only_if_the_flow_is_completed() {
    let bicycle = sample::bicycle();
    let done: Vec<(String, &str)> = bicycle.graph.steps().map(|(_, step)| (step.name.to_string(), "done")).collect();
    let done: Vec<(&str, &str)> = done.iter().map(|(name, status)| (name.as_str(), *status)).collect();
    let mut told = shown(&bicycle, &done);
    let is_at_end = |told: &Value| lines(&bicycle, told).iter().any(|line| line.ends_with("> end"));
    assert!(!is_at_end(&told), "a person has cancelled it, for instance");
    told["ending"] = json!({ "ending": "completed" });
    assert!(is_at_end(&told));
    assert_eq!(lines(&bicycle, &told).len(), Layout::new(&bicycle, &PICTURE).flows.len(), "all lines");
}

#[test]
fn what_is_undone_has_its_line_and_its_sign() {
    let voyage = sample::voyage();
    let steps = [("credit", "undone"), ("refund", "done"), ("charge", "failed"), ("stop", "done")];
    let mut told = shown(&voyage, &steps);
    told["ending"] = json!({ "ending": "failed", "reason": "charge" });
    let expected = ["begin > credit", "charge on failed > stop", "credit > charge", "credit undo > refund"];
    assert_eq!(lines(&voyage, &told), expected);
    let picture = svg_of_way(&voyage, &Way::of(&told));
    for part in ["class=\"service undone\"", ">↶</text>", ">✗</text>", "undone since 2026-03-01T02:15:00Z"] {
        assert!(picture.contains(part), "{part} in {picture}");
    }
}

#[test]
fn only_the_handler_that_has_made_a_step_begin_again_leads_back() {
    let mut definition = Definition::new("twice", crate::processor::flow::Form::Steps, "twice");
    let graph = &mut definition.graph;
    let charge = graph.add_step(Step::new("charge", Graph::ROOT, Kind::Request));
    for (trouble, names) in [(Trouble::Refused, ["ask", "back"]), (Trouble::Exhausted, ["tell", "again"])] {
        let scope = graph.add_scope(Owner::Handler(charge, trouble));
        graph.step_mut(charge).handlers.push((trouble, scope));
        let first = graph.add_step(Step::new(names[0], scope, Kind::Once));
        let second = graph.add_step(Step::new(names[1], scope, Kind::Rerun(charge)));
        graph.step_mut(second).needs.push(first);
    }
    let mut told = shown(&definition, &[("charge", "done again")]);
    told["steps"][1]["attempt"] = json!(1);
    let taken = lines(&definition, &told);
    assert_eq!(taken, ["ask > back", "back > charge", "begin > charge", "charge on refused > ask"]);
}
