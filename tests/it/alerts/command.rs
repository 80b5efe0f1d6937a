//! `sheaf alerts test` and what `sheaf validate` tells of routes: what an operator reads.

use std::path::Path;
use std::process::{Command, Output};

use super::http_server::{HttpServer, Reply};
use crate::validate::sheaf_with;

const TOPOLOGY: &[u8] = b"name: t
sources:
  - { topic: parents, member: parent, bundle: /id, id: /id, expects: /children }
  - { topic: children, member: child, bundle: /parent, id: /id }
";

/// Runs `sheaf alerts test` with a file of this text.
fn alerts_test(directory: &Path, config: &str, arguments: &[&str]) -> (Option<i32>, String) {
    std::fs::write(directory.join("t.yaml"), TOPOLOGY).unwrap();
    std::fs::write(directory.join("sheaf.yaml"), config).unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SHEAF_")) {
        process.env_remove(name);
    }
    process.env("PAGER_KEY", "k3y");
    process.args(["alerts", "test"]).args(arguments).args(["-c", "sheaf.yaml"]).current_dir(directory);
    let Output { status, stdout, stderr } = process.output().unwrap();
    (status.code(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

fn config(ops: &str, pager: &str) -> String {
    format!(
        "application_id: ctm
kafka: {{ bootstrap_servers: \"127.0.0.1:1\" }}
topologies: [t.yaml]
sinks:
  ops:   {{ webhook: {{ url: \"{ops}\", format: slack }} }}
  pager: {{ webhook: {{ url: \"{pager}\", format: pagerduty, routing_key: \"${{env:PAGER_KEY}}\" }} }}
alerts:
  routes:
    - {{ to: ops, severity: warning }}
    - {{ to: pager, name: night, severity: critical }}
"
    )
}

#[test]
fn each_route_gets_a_message_and_its_answer_is_printed() {
    let directory = tempfile::tempdir().unwrap();
    let (ops, pager) = (HttpServer::start(&[]), HttpServer::start(&[Reply::Status(400, None)]));
    let config = config(&ops.url, &pager.url);
    let (code, text) = alerts_test(directory.path(), &config, &[]);
    assert_eq!(
        text,
        "ok    ops    webhook ops (slack): HTTP 200: ok\nFAIL  night  webhook pager (pagerduty): refused: HTTP 400: ok\n"
    );
    assert_eq!(code, Some(1));
    let [(_, message)] = &ops.executed()[..] else { panic!("{:?}", ops.seen()) };
    assert_eq!(message.pointer("/blocks/0/text/text").unwrap(), "[ctm] info: test of no-bundle");
    let seen: serde_json::Value = serde_json::from_str(&pager.seen()[0].body).unwrap();
    assert_eq!((&seen["routing_key"], &seen["event_action"]), (&"k3y".into(), &"trigger".into()));

    let (code, text) = alerts_test(directory.path(), &config, &["night"]);
    assert_eq!((code, text.as_str()), (Some(0), "ok    night  webhook pager (pagerduty): HTTP 200: ok\n"));
}

#[test]
fn a_route_that_does_not_exist_is_refused_with_a_suggestion() {
    let directory = tempfile::tempdir().unwrap();
    let config = config("http://127.0.0.1:1/", "http://127.0.0.1:1/");
    let (code, text) = alerts_test(directory.path(), &config, &["nigth"]);
    assert_eq!((code, text.as_str()), (Some(78), "error: alerts.routes has no route `nigth`; did you mean `night`?\n"));
    let (code, text) = alerts_test(directory.path(), config.split("alerts:").next().unwrap(), &[]);
    assert!(code == Some(78) && text.contains("alerts.routes is empty"), "{text}");
    let (code, text) = alerts_test(directory.path(), &config, &["ops"]);
    assert!(code == Some(1) && text.starts_with("FAIL  ops  webhook ops (slack): not sent: "), "{text}");
}

#[test]
fn validate_names_what_is_wrong_with_routes() {
    let directory = tempfile::tempdir().unwrap();
    let validate = |set: &[&str]| sheaf_with(directory.path(), "validate", (TOPOLOGY, b"{}"), set);
    let sink = "sinks={ops: {webhook: {url: 'http://h'}}, spare: {webhook: {url: 'http://h'}}}";
    let (code, text) = validate(&[sink, "alerts.routes=[{to: opps}]"]);
    assert_eq!(code, Some(78), "{text}");
    assert!(text.contains("there is no sink `opps`") && text.contains("did you mean `ops`?"), "{text}");

    let (code, text) = validate(&[sink, "alerts.routes=[{to: ops, kinds: [sla_breech, late]}]"]);
    assert_eq!(code, Some(0), "{text}");
    for words in [
        "route `ops`: nothing raises `sla_breech`; did you mean `sla_breach`?",
        "no route takes these kinds, of whatever severity: ",
        "`deadlines_held`",
        "sinks.spare: no route of alerts.routes leads to it",
        "tells people of alerts by ops (sink ops)",
    ] {
        assert!(text.contains(words), "{words}\n---\n{text}");
    }

    let (code, text) = validate(&[sink]);
    assert!(code == Some(0) && text.contains("nobody is told of alerts: add alerts.routes"), "{text}");

    let mail = |from: &str| {
        format!(
            "sinks={{m: {{smtp: {{host: h, from: '{from}', to: [o@example.com], password: x, username: u, tls: none}}}}}}"
        )
    };
    let (code, text) = validate(&[&mail("no address"), "alerts.routes=[{to: m}]"]);
    assert_eq!(code, Some(78), "{text}");
    assert!(text.contains("sinks.m.smtp.from: `no address` is no mail address"), "{text}");
    let (code, text) = validate(&[&mail("sheaf@example.com"), "alerts.routes=[{to: m}]"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("sinks.m.smtp.password is in clear text"), "{text}");
    assert!(text.contains("the password is sent in clear text; set `tls: starttls`"), "{text}");
}
