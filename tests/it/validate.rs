//! `sheaf validate`, and the refusals of `sheaf run` before it connects: what an operator reads.

use std::path::Path;
use std::process::{Command, Output};

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
