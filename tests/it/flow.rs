//! The examples of flows and of workflows as code: their scenarios pass, and their configurations are valid.

use std::path::Path;
use std::process::Command;

fn sheaf(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    let output = command.args(arguments).current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn the_scenarios_of_the_examples_pass() {
    let examples = ["bundle-and-flow", "food", "orders", "retail", "retail/choreography", "workflows"]
        .map(|it| format!("examples/{it}"));
    let words: Vec<&str> = ["test"].into_iter().chain(examples.iter().map(String::as_str)).collect();
    let (code, text) = sheaf(&words);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn their_configurations_are_valid_and_their_sinks_are_used() {
    for (example, application) in [
        ("food", "food, topology food"),
        ("orders", "shop, topology orders"),
        ("retail", "retail-payment, topology payment"),
    ] {
        let (code, text) = sheaf(&["validate", "-c", &format!("examples/{example}/sheaf.yaml")]);
        assert!(code == Some(0) && !text.contains("warning"), "{text}");
        assert!(text.contains(&format!("ok: application {application}")), "{text}");
    }
}

#[test]
fn a_call_of_a_sink_that_is_not_configured_is_told() {
    let (code, text) =
        sheaf(&["validate", "-c", "examples/food/sheaf.yaml", "--set", "topologies=[examples/retail/payment.yaml]"]);
    assert_eq!(code, Some(78), "{text}");
    assert!(text.contains("the webhook `card`, which is not configured"), "{text}");
}
