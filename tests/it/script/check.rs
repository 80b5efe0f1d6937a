//! `sheaf scripts check`: mistakes with their places, found without a broker.

use std::process::Command;

use super::cases::example;

/// The exit code and what is printed, for a script of this text.
fn check(text: &str, words: &[&str]) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("it.ts"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    command.args(["scripts", "check", "it.ts"]).args(words).current_dir(directory.path());
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn the_examples_have_no_mistakes() {
    let (code, told) = check(&example("trip"), &[]);
    assert!(code == Some(0) && told.contains("saga-cancel-flight") && told.contains("\"timeout\", a result"), "{told}");
    let (code, told) =
        check(&example("shop"), &["--value", r#"{"type":"getCart"}"#, "--value", r#"{"type":"checkout"}"#]);
    assert!(
        code == Some(0) && told.contains("has written  checkoutError, getCart, workflow-result, workflow-scheduler"),
        "{told}"
    );
}

#[test]
fn topics_that_are_not_declared_are_found_by_running_it() {
    let text = example("shop").replace(r#", "checkoutError", "getCart""#, "");
    let (code, told) = check(&text, &["--value", r#"{"type":"getCart"}"#, "--value", r#"{"type":"checkout"}"#]);
    assert_eq!(code, Some(78), "{told}");
    for topic in ["getCart", "checkoutError"] {
        assert!(told.contains(&format!("it writes to the topic `{topic}`, which it has not declared")), "{told}");
    }
}

#[test]
fn names_that_are_not_there_and_steps_that_fail_are_told() {
    let (code, told) = check("export async function main() {\n  setTimeout(() => {}, 5);\n  consol.log('x');\n}", &[]);
    assert_eq!(code, Some(78), "{told}");
    assert!(told.contains("it.ts:2:3: `setTimeout` is not there for workflows"), "{told}");
    assert!(told.contains("it.ts:3:3: `consol` is declared nowhere"), "{told}");
    let endless = check("export async function main() { for (;;); }", &[]);
    assert!(endless.0 == Some(78) && endless.1.contains("it.ts: the step has taken too long"), "{}", endless.1);
    let usage = check("", &["--begin", "{"]);
    assert!(usage.0 == Some(2) && usage.1.contains("--begin {: it is no JSON"), "{}", usage.1);
}

/// An id of any text gets its values, and a planned change is that of today.
#[test]
fn trials_are_threads_of_today() {
    let text = "import * as W from '@effectful/kafka-workflow';
        export async function main() { const value = await W.suspend('{a}'); throw `${value} ${W.version('change', 3)}` }";
    let (code, told) = check(text, &["--value", "7"]);
    assert!(code == Some(0) && told.contains("ended with   \"7 3\""), "{told}");
}
