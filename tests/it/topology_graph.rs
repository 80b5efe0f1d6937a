//! `sheaf topology graph`, as a person uses it.

use std::path::Path;
use std::process::Command;

const TEMPLATE: &str = r#"{ "component_name": "LETTER", "stages": [ { "stage_name": "WRITE", "stage_order": 1.0, "tasks": [
  { "task_name": "draft", "task_type": "HUMAN", "task_queue": "draft_queue" } ] } ] }"#;

/// The exit code, and what the command prints on both outputs.
fn graph(directory: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    let output = command.args(["topology", "graph"]).args(words).current_dir(directory).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_template_is_drawn_in_four_forms() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    std::fs::write(directory.join("letter.json"), TEMPLATE).unwrap();
    let (code, printed, _) = graph(directory, &["letter.json"]);
    assert!(code == Some(0) && printed.starts_with("<svg ") && printed.contains(">draft<"), "{printed}");
    let (_, printed, _) = graph(directory, &["letter.json", "--format", "mermaid"]);
    assert!(printed.starts_with("flowchart LR\n") && printed.contains("subgraph s0[\"WRITE\"]"), "{printed}");
    let (_, printed, _) = graph(directory, &["letter.json", "--format", "text"]);
    assert!(printed.ends_with("  WRITE\n    draft: human task; queue draft_queue\n"), "{printed}");
    let (code, printed, told) = graph(directory, &["letter.json", "--format", "bpmn", "-o", "letter.bpmn"]);
    assert!(code == Some(0) && printed.is_empty() && told == "letter.bpmn is written\n", "{printed}{told}");
    let written = std::fs::read_to_string(directory.join("letter.bpmn")).unwrap();
    assert!(written.contains("<bpmn:userTask id=\"Step_1\" name=\"draft\">"), "{written}");
}

#[test]
fn a_topology_file_without_a_flow_has_text_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (code, printed, _) = graph(root, &["topologies/control-m.yaml", "--format", "text"]);
    assert!(code == Some(0) && printed.contains("[bundle]"), "{printed}");
    let described = Command::new(env!("CARGO_BIN_EXE_sheaf")).args(["topology", "describe"]).current_dir(root).output();
    assert_eq!(printed, String::from_utf8_lossy(&described.unwrap().stdout));
    // One that the configuration does not name.
    let (code, printed, _) = graph(root, &["topologies/order.yaml", "--format", "text"]);
    assert!(code == Some(0) && printed.starts_with("topology order, application "), "{printed}");
    let (code, printed, told) = graph(root, &["topologies/control-m.yaml"]);
    let remedy = "error: topologies/control-m.yaml has no flow, so there are no steps to draw: add --format text";
    assert!(code == Some(2) && printed.is_empty() && told.starts_with(remedy), "{told}");
}

#[test]
fn what_cannot_be_read_is_told_with_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let (code, _, told) = graph(directory, &["no.json"]);
    assert!(code == Some(78) && told.starts_with("error: no.json: it cannot be read: "), "{told}");
    std::fs::write(directory.join("bad.json"), TEMPLATE.replace("HUMAN", "ROBOT")).unwrap();
    let (code, _, told) = graph(directory, &["bad.json"]);
    assert!(
        code == Some(78) && told.starts_with("error: bad.json: stages[0].tasks[0]: `task_type` is `ROBOT`"),
        "{told}"
    );
    std::fs::write(directory.join("letter.json"), TEMPLATE).unwrap();
    let (code, _, told) = graph(directory, &["letter.json", "-o", "no/such/folder.svg"]);
    assert!(code == Some(1) && told.starts_with("error: no/such/folder.svg cannot be written: "), "{told}");
}
