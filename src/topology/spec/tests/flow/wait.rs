//! Mistakes that would let a flow wait for ever, or take one thing for another.

use super::mistakes::{check, of_flow, of_steps};

#[test]
fn what_no_flow_could_get_is_refused() {
    let awaited = "  start: Go\n  reads: [{ topic: t }]\n  steps: [{ a: { await: WORD } }]";
    check(&[
        of_flow(&awaited.replace("WORD", "Go"), 3, "a step waits for `Go`, which begins a flow", "another type"),
        of_flow(&awaited.replace("WORD", "TaskFailed"), 3, "`TaskFailed` begins no flow, and no step", "another type"),
        of_flow(
            &awaited.replace("WORD", "X").replace("Go", "TaskPending"),
            3,
            "`TaskPending` begins no flow",
            "another",
        ),
    ]);
}

#[test]
fn what_has_the_name_of_another_is_refused() {
    check(&[
        of_steps("- pay: { task: messages }", 7, "`messages` is a name that flows use", "name the topic otherwise"),
        of_steps("- pay: { task: flows }", 7, "`flows` is a name that flows use", "name the topic otherwise"),
    ]);
}

#[test]
fn an_undo_within_an_undo_is_refused() {
    let steps = "- pay:\n    task: q\n    undo: [{ refund: { task: r, on: { failed: [undo] } } }]";
    check(&[of_steps(steps, 9, "there is an `undo` within an `undo`", "wait for each other")]);
}
