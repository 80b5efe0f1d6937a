//! `sheaf doctor` where nothing is as it should be.

use std::process::Output;

use serde_json::Value;

use super::process::sheaf;

/// The exit code, and what was found: check, result, detail and remedy.
fn doctor(files: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, Vec<[String; 4]>) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let mut command = sheaf();
    command.args(["doctor", "-o", "json"]).args(arguments).current_dir(directory.path());
    let Output { status, stdout, stderr } = command.output().unwrap();
    let items: Value =
        serde_json::from_slice(&stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&stderr)));
    let text = |item: &Value, key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let items = items.as_array().unwrap().iter();
    (status.code(), items.map(|item| ["check", "result", "detail", "remedy"].map(|key| text(item, key))).collect())
}

const BROKEN: &str = r#"
application_id: shop
instance_id: a
kafka: { bootstrap_servers: "127.0.0.1:1", properties: { sasl.password: "${env:NO_SUCH_VARIABLE}" } }
topologies: [missing.yaml]
state_dir: a-file/state
http: { bind: "203.0.113.1:80", tokens: [{ name: ann, role: act, token: "${file:/no/such/file}" }] }
control_m: { base_url: "http://127.0.0.1:1/automation-api", api_key: "${env:NO_SUCH_VARIABLE}" }
sinks:
  hook: { webhook: { url: "http://127.0.0.1:1/x?token=hunter2" } }
  mail: { smtp: { host: no-such-host.invalid, from: a@example.com, to: [b@example.com] } }
"#;

#[test]
fn with_everything_broken_each_thing_is_named_with_its_remedy() {
    let (code, found) = doctor(&[("sheaf.yaml", BROKEN), ("a-file", "")], &[]);
    assert_eq!(code, Some(1));
    for (check, detail) in [
        ("topologies", "missing.yaml cannot be read"),
        ("secrets", "control_m.api_key: ${env:NO_SUCH_VARIABLE} does not exist"),
        ("secrets", "http.tokens[0].token: ${file:/no/such/file} does not exist"),
        ("secrets", "kafka.properties.sasl.password"),
        ("kafka", "NO_SUCH_VARIABLE"),
        ("http.bind", "203.0.113.1:80"),
        ("control-m", "control_m.base_url: 127.0.0.1:1 cannot be reached"),
        ("sink", "sinks.hook.webhook.url: 127.0.0.1:1 cannot be reached"),
        ("sink", "sinks.mail.smtp: no-such-host.invalid"),
    ] {
        let found = found.iter().find(|row| row[0] == check && row[2].contains(detail));
        let [_, result, _, remedy] = found.unwrap_or_else(|| panic!("{check}: {detail} is missing"));
        assert!(result == "fail" && !remedy.is_empty(), "{check}: {detail}");
    }
    assert!(!format!("{found:?}").contains("hunter2"), "the URL of a webhook is a secret: {found:?}");
    let versions = found.iter().find(|row| row[0] == "versions").unwrap();
    assert!(versions[2].contains(concat!("sheaf ", env!("CARGO_PKG_VERSION"))), "{versions:?}");
}

#[test]
fn a_broker_that_does_not_answer_and_a_file_with_mistakes_are_told() {
    let minimal =
        "application_id: shop\nkafka: { bootstrap_servers: \"127.0.0.1:1\" }\nhttp: { bind: \"127.0.0.1:0\" }\n";
    let topology =
        "name: t\nsources: [{ topic: events, member: child, bundle: /b, id: /i }]\nbundle: { children: 2 }\n";
    let (code, found) = doctor(&[("sheaf.yaml", minimal), ("t.yaml", topology)], &["--set", "topologies=t.yaml"]);
    assert_eq!(code, Some(1));
    let of = |check: &str| found.iter().find(|row| row[0] == check).unwrap();
    assert!(of("kafka")[2].contains("127.0.0.1:1") && of("kafka")[3].contains("advertised.listeners"), "{found:?}");
    assert!(["topologies", "state directory", "http.bind"].iter().all(|check| of(check)[1] == "ok"), "{found:?}");
    let (code, found) = doctor(&[("sheaf.yaml", "application_id: a b\n")], &[]);
    assert_eq!(code, Some(1));
    let last = found.last().unwrap();
    assert!(last[0] == "configuration" && last[2].contains("cannot be part of a topic's name"), "{last:?}");
    let (code, found) = doctor(&[], &[]);
    assert_eq!((code, found.last().unwrap()[0].as_str()), (Some(1), "configuration"));
}
