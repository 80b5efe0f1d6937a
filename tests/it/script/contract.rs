//! The examples do what the tests of effectful.js's engine say, whether realms are held or each step runs all before it again.

use super::cases::{self, Case};
use super::workflow::Workflow;

/// Plays a case; the outputs by topic, in order, and the threads that are left.
fn played(case: &Case, text: &str, cache_mib: u16) {
    let mut workflow = Workflow::of(text, cache_mib);
    for (thread, value) in case.events {
        workflow.send(thread, value);
    }
    assert_eq!(workflow.read(), case.expected(&workflow.offsets, ""), "{}, with {cache_mib} MiB", case.name);
    assert!(workflow.waits_for("t", &[]), "{}", case.name);
    assert_eq!(workflow.driver.dead_letters().unwrap().len(), 0, "{}", case.name);
}

#[test]
fn the_examples_do_what_the_tests_of_their_models_say() {
    for case in cases::all() {
        let text = cases::example(case.script);
        played(case, &text, 64);
        played(case, &text, 0);
    }
}

/// Runs the cases with effectful.js's own sources, which are not in this repository: `SHEAF_TEST_WORKFLOWS` is a directory with its `trip.ts` and `shop.ts`.
#[test]
#[ignore = "needs effectful.js's own sources, which are not in this repository"]
fn effectful_js_own_examples_run_unchanged() {
    let directory =
        std::env::var_os("SHEAF_TEST_WORKFLOWS").expect("SHEAF_TEST_WORKFLOWS, a directory with trip.ts and shop.ts");
    for case in cases::all().filter(|case| !case.is_own) {
        let path = std::path::Path::new(&directory).join(format!("{}.ts", case.script));
        let text = std::fs::read_to_string(path).unwrap();
        played(case, &text, 64);
        played(case, &text, 0);
    }
}

/// What effectful.js's test of its runtime has: a value is posted, and comes back, twice.
#[test]
fn a_workflow_suspends_and_resumes() {
    let text = r#"
        import * as W from "@effectful/kafka-workflow";
        W.config.outputTopics.add("schedule").add("output");
        async function post(name: string, ref = "testRef") {
            W.output(name, "schedule", `${W.threadId}|${ref}`);
            return await W.suspend(ref);
        }
        export async function main(argument: { name: string }) {
            for (const i of [1, 2]) W.output(await post(`msg${i}:${JSON.stringify(argument)}`), "output");
            return "done";
        }"#;
    for cache_mib in [64, 0] {
        let mut workflow = Workflow::of(text, cache_mib);
        workflow.send("t", r#"new:{"name":"it"}"#);
        for i in [1, 2] {
            let message = format!(r#"msg{i}:{{"name":"it"}}"#);
            assert_eq!(workflow.read()["schedule"], [format!("t|testRef={message}")]);
            let value = serde_json::to_string(&message).unwrap();
            workflow.send("t", &format!(r#"{{"ref":"testRef","value":{value}}}"#));
            assert_eq!(workflow.driver.read_text("output").unwrap(), [format!("t={message}")]);
        }
        assert_eq!(workflow.read()["workflow-result"], [r#"t="done""#]);
    }
}
