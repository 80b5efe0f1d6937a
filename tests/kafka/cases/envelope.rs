//! Events in envelopes of others: change events of databases, and `CloudEvents`.

use sheaf::model::{Headers, OutRecord};

use super::super::e2e::deployment::{Deployment, unkeyed};
use super::output::{id, open};

/// A change event of a table, as Debezium writes it with schemas.
fn change(op: &str, before: &str, after: &str, ts_ms: i64) -> String {
    format!(
        r#"{{"schema":{{"type":"struct"}},"payload":{{"before":{before},"after":{after},"op":"{op}","ts_ms":{ts_ms}}}}}"#
    )
}

#[test]
fn p15_new_rows_count_and_updates_deletes_and_tombstones_are_passed_over() {
    let new = "where: [{ at: /payload/op, is: [c, r] }], time: { pointer: /payload/ts_ms, unit: ms }";
    let sources = format!(
        "\
sources:
  - {{ topic: @bank.transfers, member: parent, bundle: /payload/after/no, id: /payload/after/no, expects: /payload/after/n, {new} }}
  - {{ topic: @bank.bookings, member: child, bundle: /payload/after/transfer, id: {{ key: /payload/no }}, {new} }}
bundle: {{ key: text, sla: 1h }}
"
    );
    let Some(deployment) = open("case-p15", &sources) else { return };
    let now = jiff::Timestamp::now().as_millisecond();
    let transfer = |no: u32, state: &str| format!(r#"{{"no":{no},"n":2,"state":"{state}"}}"#);
    let booking = |no: u32| format!(r#"{{"no":{no},"transfer":70001}}"#);
    let of = |topic: &str, no: u32, value: String| {
        deployment.record(topic, &format!(r#"{{"schema":{{}},"payload":{{"no":{no}}}}}"#), value)
    };
    let records = [
        of("bank.transfers", 70001, change("r", "null", &transfer(70001, "open"), now - 2000)),
        of("bank.bookings", 1, change("c", "null", &booking(1), now - 1500)),
        of("bank.transfers", 70001, change("u", &transfer(70001, "open"), &transfer(70001, "paid"), now - 1000)),
        of("bank.transfers", 70001, change("u", &transfer(70001, "paid"), &transfer(70001, "sent"), now - 900)),
        of("bank.bookings", 1, change("d", &booking(1), "null", now - 800)),
        OutRecord { value: None, ..of("bank.bookings", 1, String::new()) },
        deployment.record("bank.transfers", "heartbeat", format!(r#"{{"schema":null,"payload":{{"ts_ms":{now}}}}}"#)),
        deployment.record("bank.transfers", "transaction", r#"{"payload":{"status":"END","id":"7:1"}}"#),
        of("bank.bookings", 2, change("c", "null", &booking(2), now - 500)),
    ];
    let mut instance = deployment.run("a");
    deployment.produce(&records);
    instance.wait_until_counted(records.len());
    let submissions = deployment.wait_for_submissions(1);
    let submission = &submissions["70001"];
    assert_eq!(submission["parent"]["payload"]["after"]["state"], "open", "{submission:#}");
    let first = jiff::Timestamp::from_millisecond(now - 2000).expect("a time");
    assert_eq!(submission["first_event_at"], format!("{first:.3}"), "{submission:#}");
    assert_eq!((deployment.alerts(), deployment.dead_letters()), (vec![], vec![]));
    let passed = instance.metric("sheaf_consumer_passed_records_total", "bank");
    assert!((passed - 6.0).abs() < 0.5, "{passed} are passed over");
    assert_eq!(instance.terminate(), Some(0));
}

/// An event in binary mode: its attributes are headers, and the value is data of any kind.
fn binary(deployment: &Deployment, topic: &str, [kind, subject, event]: [&str; 3], data: &str) -> OutRecord {
    let headers = Headers::new()
        .with("ce_specversion", "1.0")
        .with("ce_type", kind.to_owned())
        .with("ce_subject", subject.to_owned())
        .with("ce_id", event.to_owned());
    OutRecord { headers, ..unkeyed(&deployment.topic(topic), Some(data.to_owned().into())) }
}

#[test]
fn p16_cloud_events_in_binary_mode_are_read_from_their_headers_and_other_types_are_passed_over() {
    let ids = "bundle: { header: ce_subject }, id: { header: ce_id }";
    let of_type = |kind: &str| format!("where: [{{ at: {{ header: ce_type }}, is: {kind} }}]");
    let sources = format!(
        "\
sources:
  - {{ topic: @visits, member: parent, {}, {ids}, expects: /tests }}
  - {{ topic: @visits, member: child, {}, {ids} }}
",
        of_type("visit.planned"),
        of_type("test.done")
    );
    let Some(deployment) = open("case-p16", &sources) else { return };
    let visit = |number: usize| id(number);
    let event = |kind: &str, number: usize, own: usize, data: &str| {
        binary(&deployment, "visits", [kind, &visit(number), &id(own)], data)
    };
    let mut records = vec![
        event("visit.planned", 1, 1, r#"{"tests":2}"#),
        event("test.done", 1, 101, r#"{"result":"a"}"#),
        event("test.done", 1, 102, r#"{"result":"b"}"#),
        event("visit.planned", 2, 2, r#"{"tests":1}"#),
        event("test.done", 2, 103, "{}"),
        // Not meant, of any form.
        event("ward.heartbeat", 1, 104, "not JSON"),
        unkeyed(&deployment.topic("visits"), None),
        deployment.record("visits", "no type", r#"{"type":"visit.planned"}"#),
    ];
    records.extend((0..10).map(|number| event("ward.heartbeat", 3, 200 + number, "")));
    // Meant, and without a subject.
    let lost = Headers::new().with("ce_type", "test.done").with("ce_id", id(105));
    records.push(OutRecord { headers: lost, ..deployment.record("visits", "no subject", "{}") });
    let mut instance = deployment.run("a");
    deployment.produce(&records);
    instance.wait_until_counted(records.len());
    let submissions = deployment.wait_for_submissions(2);
    let results: Vec<_> = (0..2).map(|child| submissions[&visit(1)]["children"][child]["result"].clone()).collect();
    assert_eq!(results, ["a", "b"], "{submissions:#?}");
    deployment.assert_rejected(&[("no subject", "missing_field", "ce_subject")]);
    assert_eq!(deployment.alerts(), []);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn p16_structured_cloud_events_are_read_and_a_batch_is_told() {
    let sources = "\
sources:
  - { topic: @visits, member: parent, where: [{ at: /type, is: visit.planned }], bundle: /data/visit, id: /id }
  - { topic: @visits, member: child, where: [{ at: /type, is: test.done }], bundle: /subject, id: /id }
";
    let Some(deployment) = open("case-p16-structured", sources) else { return };
    let planned = |number: usize| {
        format!(r#"{{"specversion":"1.0","type":"visit.planned","id":"{0}","data":{{"visit":"{0}"}}}}"#, id(number))
    };
    let done = format!(r#"{{"specversion":"1.0","type":"test.done","id":"{}","subject":"{}"}}"#, id(101), id(1));
    let records = [
        deployment.record("visits", "planned", planned(1)),
        deployment.record("visits", "done", done),
        deployment.record("visits", "other", r#"{"specversion":"1.0","type":"ward.heartbeat","id":"7"}"#),
        deployment.record("visits", "batch", format!("[{},{}]", planned(2), planned(3))),
    ];
    let mut instance = deployment.run("a");
    deployment.produce(&records);
    instance.wait_until_counted(records.len());
    assert!(deployment.wait_for_submissions(1).contains_key(&id(1)));
    deployment.assert_rejected(&[("batch", "wrong_type", "a batch of CloudEvents")]);
    assert_eq!(instance.terminate(), Some(0));
}
