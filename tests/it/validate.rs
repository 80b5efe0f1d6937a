//! `sheaf validate`, and the refusals of `sheaf run` before it connects: what an operator reads.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const TOPOLOGY: &str = "name: t
sources:
  - { topic: parents, member: parent, bundle: /id, id: /id, expects: /children }
  - { topic: children, member: child, bundle: /parent, id: /id }
deliver: { control_m: { template: TEMPLATE, server: prod } }
";

/// Runs a command of sheaf in a directory with this template.
fn sheaf(directory: &Path, command: &str, template: &[u8], set: &[&str]) -> (Option<i32>, String) {
    sheaf_with(directory, command, (TOPOLOGY.as_bytes(), template), set)
}

/// Runs a command of sheaf in a directory with this topology, in which `TEMPLATE` is the path of this template; returns its exit
/// code and what it prints.
pub(crate) fn sheaf_with(
    directory: &Path,
    command: &str,
    (topology, template): (&[u8], &[u8]),
    set: &[&str],
) -> (Option<i32>, String) {
    std::fs::write(directory.join("bundle.json"), template).unwrap();
    let topology = match std::str::from_utf8(topology) {
        Ok(text) => text.replace("TEMPLATE", "bundle.json").into_bytes(),
        Err(_other_encoding) => topology.to_vec(),
    };
    std::fs::write(directory.join("t.yaml"), topology).unwrap();
    let needed = [
        "application_id=a",
        "kafka.bootstrap_servers=127.0.0.1:1",
        "control_m.base_url=http://127.0.0.1:1",
        "topologies=t.yaml",
        "http.bind=127.0.0.1:0",
    ];
    let mut process = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SHEAF_")) {
        process.env_remove(name);
    }
    process.arg(command).args(["-c", "/dev/null"]).current_dir(directory);
    for setting in needed.iter().chain(set) {
        process.args(["--set", setting]);
    }
    let Output { status, stdout, stderr } = process.output().unwrap();
    (status.code(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

/// A template with this text as a job's description.
fn template(text: &str) -> Vec<u8> {
    format!("{{\"{{{{ folder }}}}\": {{\"Type\": \"Folder\", \"a\": {{\"Type\": \"Job:Dummy\",\n\"Description\": \"{text}\"}}}}}}")
        .into_bytes()
}

#[test]
fn all_mistakes_of_a_template_and_of_the_client_are_told_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let text =
        template("{% if late %}{{ bundel_id }}{% endif %}{{ parent.name | to_json }}{{ parent.at.strftime(1) }}");
    let (code, printed) = sheaf(directory.path(), "validate", &text, &["kafka.properties.group.id=mine"]);
    assert_eq!(code, Some(78), "{printed}");
    for words in [
        "line 2: `bundel_id` is no variable: did you mean `bundle_id`?",
        "line 2: `to_json` is no filter of MiniJinja: write `x | tojson`",
        "line 2: `strftime` is no method",
        "property group.id: sheaf sets it itself",
    ] {
        assert!(printed.contains(words), "{words}\n---\n{printed}");
    }
    let (code, printed) = sheaf(directory.path(), "run", &text, &[]);
    assert!(code == Some(78) && printed.contains("did you mean `bundle_id`?"), "run refuses it too: {printed}");
}

#[test]
fn a_python_template_in_a_file_of_windows_is_valid() {
    let directory = tempfile::tempdir().unwrap();
    let text = template("{{ parent.name.upper() }} {{ parent.get('a', 'b') }} {{ bundle_id.split('-')[0] }}");
    let text = [b"\xEF\xBB\xBF".to_vec(), text].concat();
    let (code, printed) = sheaf(directory.path(), "validate", &text, &["control_m.api_key=k"]);
    assert!(code == Some(0) && printed.contains("ok: application a"), "{printed}");
    assert!(printed.contains("warning: control_m.api_key is in clear text"), "{printed}");
}

#[test]
fn a_template_in_another_encoding_or_with_a_script_that_is_a_comment_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let latin = [template("caf").as_slice(), b"\xE9"].concat();
    for (text, words) in [
        (latin.as_slice(), "bundle.json: line 2: the byte 0xE9 is not UTF-8"),
        (b"\xFF\xFE{\0".as_slice(), "bundle.json: the file is UTF-16"),
        (&template("n=${#a[@]}; rm x; m=${b#}"), "line 2: `{#` inside a JSON string begins a comment"),
        (&template("{%%ORDERID}"), "put it between {% raw %} and {% endraw %}"),
    ] {
        let (code, printed) = sheaf(directory.path(), "validate", text, &[]);
        assert!(code == Some(78) && printed.contains(words), "{words}\n---\n{printed}");
    }
}

#[test]
fn a_property_that_only_an_opened_client_refuses_stops_the_start_too() {
    let directory = tempfile::tempdir().unwrap();
    let properties = ["kafka.properties.security.protocol=SSL", "kafka.properties.ssl.keystore.location=t.yaml"];
    for command in ["validate", "run"] {
        let (code, printed) = sheaf(directory.path(), command, &template("x"), &properties);
        assert!(code == Some(78) && printed.contains("ssl.keystore.password"), "{command}: {printed}");
    }
}

/// Runs `sheaf render` with these arguments and this standard input; returns exit code, output and messages.
fn render(directory: &Path, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    process.arg("render").args(arguments).current_dir(directory);
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = process.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned())
}

const BUNDLE: &str = r#"{"bundle_id": "p1", "parent": {"description": "d \"1\"", "amount": 10.10}, "children": [{"id": "c1"}],
    "first_event_at": "2026-01-31T09:30:00Z", "completed_at": "2026-01-31T10:30:00Z", "late": false}"#;

#[test]
fn a_definition_is_rendered_for_one_bundle_with_the_settings_of_a_topology() {
    let directory = tempfile::tempdir().unwrap();
    let text = template("{{ parent.description }} {{ parent.amount }} on {{ server_name }}, {{ children | length }}");
    std::fs::write(directory.path().join("bundle.json"), text).unwrap();
    std::fs::write(directory.path().join("p1.json"), BUNDLE).unwrap();
    std::fs::write(directory.path().join("t.yaml"), TOPOLOGY.replace("TEMPLATE", "bundle.json")).unwrap();
    let expected = "{\n  \"folder-p1\": {\n    \"Type\": \"Folder\",\n    \"a\": {\n      \"Type\": \"Job:Dummy\",\n      \
                    \"Description\": \"d \\\"1\\\" 10.10 on prod, 1\"\n    }\n  }\n}\n";
    let (code, printed, told) =
        render(directory.path(), &["bundle.json", "--bundle", "p1.json", "--topology", "t.yaml"], "");
    assert_eq!((code, printed.as_str()), (Some(0), expected), "{told}");
    assert!(told.starts_with("warning: /folder-p1: the folder names no `ControlmServer`"), "{told}");
    let (code, printed, _) = render(directory.path(), &["bundle.json", "--bundle", "-"], BUNDLE);
    assert!(code == Some(0) && printed == expected.replace("prod", "controlm"), "{printed}");
}

#[test]
fn what_keeps_a_definition_from_being_sent_is_told_by_render_and_by_validate() {
    let directory = tempfile::tempdir().unwrap();
    let waits = template(
        "x\", \"waits\": { \"Type\": \"WaitForEvents\", \"Events\": [ { \"Event\": \"child-{{ bundle_id }}\" } ] }, \"b\": \"",
    );
    std::fs::write(directory.path().join("bundle.json"), &waits).unwrap();
    let (code, printed, told) = render(directory.path(), &["bundle.json", "--bundle", "-"], BUNDLE);
    assert!(code == Some(78) && printed.contains("\"Event\": \"child-p1\""), "{printed}");
    assert!(told.contains("error: /folder-p1/a/waits: nothing in the definition adds the event `child-p1`"), "{told}");
    assert!(told.ends_with("the definition would not be sent\n"), "{told}");
    let (code, printed) = sheaf(directory.path(), "validate", &waits, &[]);
    assert!(code == Some(78) && printed.contains("(rule event_producer)"), "{printed}");
    let external = TOPOLOGY.replace("server: prod", "server: prod, external_events: [ \"child-*\" ]");
    let (code, printed) = sheaf_with(directory.path(), "validate", (external.as_bytes(), &waits), &[]);
    assert!(code == Some(0) && printed.contains("(rule event_keep)"), "{printed}");
    let (code, _, told) = render(directory.path(), &["bundle.json", "--bundle", "-", "--topology", "t.yaml"], BUNDLE);
    assert!(code == Some(0) && told.contains("warning: /folder-p1/a/waits: the event `child-p1` comes from"), "{told}");
    for (arguments, input, words) in [
        (["absent.json", "--bundle", "-"], BUNDLE, "`absent.json` does not exist"),
        (["bundle.json", "--bundle", "absent.json"], "", "absent.json cannot be read"),
        (["bundle.json", "--bundle", "-"], "{}", "missing field `bundle_id`"),
        (["bundle.json", "--bundle", "-"], "", "the submission is not JSON"),
    ] {
        let (code, printed, told) = render(directory.path(), &arguments, input);
        assert!(code == Some(78) && printed.is_empty() && told.contains(words), "{words}: {told}");
    }
}

#[test]
fn applications_that_name_their_folders_alike_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let validate = |deliver: &str| {
        let other = TOPOLOGY.replace("name: t", "name: o").replace("server: prod", deliver);
        std::fs::write(directory.path().join("o.yaml"), other.replace("TEMPLATE", "bundle.json")).unwrap();
        sheaf(directory.path(), "validate", &template("a"), &["topologies=t.yaml,o.yaml"])
    };
    let words = "the applications a-t and a-o both submit folders to prod that are named folder-<bundle id>";
    let (code, told) = validate("server: prod");
    assert!(code == Some(0) && told.contains(words) && told.contains("folder_prefix"), "{told}");
    for other in ["server: test", "server: prod, folder_prefix: o-"] {
        let (code, told) = validate(other);
        assert!(code == Some(0) && !told.contains("both submit folders"), "{other}: {told}");
    }
}
