//! The example: its scenarios, its configuration, and what `sheaf validate` tells of mistakes in such files.

use std::path::Path;
use std::process::Command;

use crate::validate::sheaf_with;

const SINK: &str = "sinks={shop: {webhook: {url: 'http://h', headers: {Authorization: 'x'}}}}";
const SOURCES: &str = "name: t
sources:
  - { topic: parents, member: parent, bundle: /id, id: /id }
  - { topic: children, member: child, bundle: /parent, id: /id }
";

fn sheaf(arguments: &[&str]) -> (Option<i32>, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    command.args(arguments).current_dir(root).env("WAREHOUSE_TOKEN", "hunter2").env_remove("SHEAF_UPDATE_GOLDEN");
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn the_scenarios_of_the_example_pass_and_its_configuration_is_valid() {
    let (code, text) = sheaf(&["test", "examples/webhook"]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = sheaf(&["validate", "-c", "examples/webhook/sheaf.yaml"]);
    assert!(code == Some(0) && !text.contains("warning") && !text.contains("hunter2"), "{text}");
    assert!(text.contains("submits to warehouse with examples/webhook/shipment.json"), "{text}");
}

#[test]
fn mistakes_are_told_before_the_first_bundle() {
    let directory = tempfile::tempdir().unwrap();
    let validate = |deliver: &str, template: &str, set: &[&str]| {
        let topology = format!("{SOURCES}deliver: {{ webhook: {{ {deliver} }} }}\n");
        let (code, text) = sheaf_with(directory.path(), "validate", (topology.as_bytes(), template.as_bytes()), set);
        assert_eq!(code == Some(0), text.contains("ok: application"), "{text}");
        text
    };
    for (deliver, template, words) in [
        ("to: shp, template: TEMPLATE", "{}", "delivers to the webhook `shp`, which is not configured: set `sinks.shp"),
        (
            "to: shop, template: TEMPLATE",
            "{\"a\": \"{{ parnt.id }}\"}",
            "`parnt` is no variable: did you mean `parent`?",
        ),
        ("to: shop, template: TEMPLATE", "{\"a\": {{ parent.id }}", "not one JSON object"),
        ("to: shop, template: TEMPLATE, path: '/{{ bundel_id }}'", "{}", "did you mean `bundle_id`?"),
        ("to: shop, template: TEMPLATE, path: orders", "{}", "a path begins with `/`"),
        (
            "to: shop, template: TEMPLATE, success: 'statsu == 200'",
            "{}",
            "`statsu` is no variable: did you mean `status`?",
        ),
        ("to: shop, template: TEMPLATE, certainty: twice", "{}", "idempotent"),
        ("to: shop, template: TEMPLATE, idempotency_header: 'a b'", "{}", "cannot be the name of a header"),
        ("to: shop, template: TEMPLATE, method: GET", "{}", "POST"),
    ] {
        let text = validate(deliver, template, &[SINK]);
        assert!(text.contains(words), "{deliver}: {text}");
    }
    let fine = validate("to: shop, template: TEMPLATE", "{\"a\": \"100%%{{ parent.a }}\"}", &[SINK]);
    assert!(fine.contains("ok: application") && !fine.contains("no topology delivers"), "{fine}");
    let headers = "sinks={shop: {webhook: {url: 'http://h', headers: {content-type: 'x', 'a:': 'x'}}}}";
    let text = validate("to: shop, template: TEMPLATE", "{}", &[headers]);
    assert!(text.contains("`content-type` is set by sheaf") && text.contains("`a:` cannot be the name"), "{text}");
    let both = format!(
        "{SOURCES}deliver: {{ webhook: {{ to: shop, template: TEMPLATE }}, control_m: {{ template: TEMPLATE, server: s }} }}"
    );
    let (_, text) = sheaf_with(directory.path(), "validate", (both.as_bytes(), b"{}"), &[SINK]);
    assert!(text.contains("a topology delivers to one target"), "{text}");
}
