//! Events as producers write them: `CloudEvents`, Debezium's envelopes, schema framing, keys, several members in one topic.

use bytes::Bytes;
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};
use sheaf::model::{Headers, Key, Moment, Record, Reject, RejectReason, Timestamp, Topic, TopicPartition};
use sheaf::processor::bundle::{Bundle, Member, Rules, State};
use sheaf::processor::delivery::{Submission, SubmissionKeying};
use sheaf::processor::{Addressed, Effect, Event, Input, Keyed, Keying as _, Processor as _};
use sheaf::template::{Payload, Template};
use sheaf::topology::{Spec, Topology};

const NOW: Timestamp = Timestamp::from_millis(1_795_221_600_000);

/// A topology, as its file has it.
pub(crate) struct Sources {
    topology: Topology,
    rules: Rules,
}

impl Sources {
    pub(crate) fn new(sources: &str, bundle: &str) -> Self {
        let spec = Spec::parse("t.yaml", &format!("name: t\nsources:\n{sources}\nbundle: {bundle}\n")).unwrap();
        let rules = spec.bundle().unwrap().rules.clone();
        Self { topology: spec.assemble("app", |_| None).unwrap(), rules }
    }

    pub(crate) fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        let of_topic: Vec<_> = self.topology.sources.iter().filter(|it| it.topic == record.source.topic).collect();
        assert_eq!(of_topic.len(), 1, "the runtime reads a topic once");
        of_topic[0].keying.key(record)
    }

    pub(crate) fn addressed(&self, record: &Record) -> Addressed {
        match self.key(record) {
            Ok(Keyed::To(addressed)) => addressed,
            other => panic!("{other:?}: {record:?}"),
        }
    }

    pub(crate) fn rejected(&self, record: &Record) -> (RejectReason, String) {
        let reject = self.key(record).unwrap_err();
        (reject.reason, reject.detail)
    }

    pub(crate) fn is_passed(&self, record: &Record) -> bool {
        self.key(record) == Ok(Keyed::Pass)
    }

    /// The submission of these records, each from the keying step or, in turn, without what that has parsed.
    pub(crate) fn submission(&self, records: &[Record]) -> Option<Bytes> {
        let (bundle, mut state, mut value) = (Bundle::new("t", self.rules.clone()), None::<State>, None);
        for (index, record) in records.iter().enumerate() {
            let (key, event) = self.addressed(record).into_event(record.clone());
            let event = if index % 2 == 0 { event } else { Event::new(event.role, event.at, event.record) };
            let next = bundle.step(&key, state, Input::Record(event), Moment::at(NOW)).unwrap();
            let forwarded = |effect: &Effect| if let Effect::Forward(it) = effect { it.value.clone() } else { None };
            value = next.effects.iter().find_map(forwarded);
            state = next.state;
        }
        value
    }
}

pub(crate) fn record(topic: &str, value: impl Into<Bytes>) -> Record {
    Record {
        source: TopicPartition::new(&Topic::new(topic), 0),
        offset: 7,
        timestamp: NOW,
        key: None,
        value: Some(value.into()),
        headers: Headers::new(),
    }
}

pub(crate) fn json(topic: &str, value: &Value) -> Record {
    record(topic, value.to_string())
}

pub(crate) fn headed(record: Record, headers: &[(&'static str, &'static str)]) -> Record {
    let headers = headers.iter().fold(record.headers, |all, (name, value)| all.with(*name, *value));
    Record { headers, ..record }
}

fn keyed(record: Record, key: &str) -> Record {
    Record { key: Some(Bytes::copy_from_slice(key.as_bytes())), ..record }
}

pub(crate) fn tombstone(record: Record) -> Record {
    Record { value: None, ..record }
}

#[test]
fn attributes_of_cloud_events_are_read_from_headers_and_other_types_are_passed_over() {
    let sources = Sources::new(
        "  - { topic: orders, member: parent, where: [{ at: { header: ce_type }, is: order.created }],
      bundle: { header: ce_subject }, id: { header: ce_id }, expects: { header: ce_lines } }
  - { topic: orders, member: child, where: [{ at: { header: ce_type }, is: [line.added, line.changed] }],
      bundle: { header: ce_subject }, id: { header: ce_id }, position: /n, time: { pointer: { header: ce_time } } }",
        "{ key: text }",
    );
    let event = |value: Value, kind, id, extra: &[(&'static str, &'static str)]| {
        let fixed = [("ce_subject", "o-old"), ("ce_subject", "o1"), ("ce_type", kind), ("ce_id", id)];
        headed(json("orders", &value), &[&fixed, extra].concat())
    };
    let parent = event(json!({"total": 9}), "order.created", "e1", &[("ce_lines", "2")]);
    let child = |n, id| event(json!({ "n": n }), "line.added", id, &[("ce_time", "2026-11-21T00:39:00Z")]);
    let addressed = sources.addressed(&child(1, "e2"));
    assert_eq!((&*addressed.role, addressed.key), ("child", Key::new("o1")), "the last header of a name counts");
    assert_eq!(addressed.at.to_string(), "2026-11-21T00:39:00.000Z");
    let value: Value =
        serde_json::from_slice(&sources.submission(&[child(2, "e2"), parent, child(1, "e3")]).unwrap()).unwrap();
    assert_eq!((&value["parent"], &value["children"]), (&json!({"total": 9}), &json!([{"n": 1}, {"n": 2}])));

    let heartbeat = headed(record("orders", "ping, no JSON"), &[("ce_type", "heartbeat")]);
    assert!(sources.is_passed(&heartbeat) && sources.is_passed(&record("orders", "{}")));
    assert!(sources.is_passed(&tombstone(heartbeat)));
    let without_id = headed(record("orders", "{}"), &[("ce_type", "order.created"), ("ce_subject", "o1")]);
    let missing = "`header ce_id` of a parent in orders is missing; the member's id stands there";
    assert_eq!(sources.rejected(&without_id), (RejectReason::MissingField, missing.to_owned()));
    let empty = tombstone(event(json!(0), "order.created", "e1", &[]));
    assert_eq!(sources.rejected(&empty).0, RejectReason::NoValue, "it is of the type, and is no event");
    let not_json = headed(record("orders", "<order/>"), &[("ce_type", "order.created")]);
    assert!(sources.rejected(&not_json).1.contains("XML"));
    let mut odd = headed(record("orders", "{}"), &[("ce_type", "order.created")]);
    odd.headers.push("ce_subject", Some(Bytes::from_static(b"\xff")));
    assert_eq!(sources.rejected(&odd).0, RejectReason::WrongType);
}

#[test]
fn structured_cloud_events_of_one_topic_are_told_apart_and_a_batch_is_refused() {
    let sources = Sources::new(
        "  - { topic: all, member: parent, where: [{ at: /type, is: job }], bundle: /subject, id: /id }
  - { topic: all, member: child, where: [{ at: /type, is: part }, { at: /data/draft, is: false }], bundle: /subject, id: /id }",
        "{ key: text }",
    );
    let event = |kind: &str, draft: Value| json!({"specversion": "1.0", "type": kind, "subject": "s", "id": kind, "data": {"draft": draft}});
    assert_eq!(&*sources.addressed(&json("all", &event("job", json!(true)))).role, "parent");
    assert_eq!(&*sources.addressed(&json("all", &event("part", json!(false)))).role, "child");
    for passed in [
        event("part", json!(true)),
        event("part", json!("false")),
        event("other", json!(false)),
        json!({}),
        json!(null),
    ] {
        assert!(sources.is_passed(&json("all", &passed)), "{passed}");
    }
    assert!(sources.is_passed(&tombstone(record("all", ""))) && sources.is_passed(&record("all", "")));
    // What cannot be judged is not passed over in silence.
    let batch = sources.rejected(&json("all", &json!([event("job", json!(true))])));
    assert_eq!(batch.0, RejectReason::WrongType);
    assert!(batch.1.contains("a batch of CloudEvents (a JSON array)"), "{}", batch.1);
    assert_eq!(sources.rejected(&json("all", &json!("{\"type\":\"job\"}"))).0, RejectReason::WrongType);
    assert_eq!(sources.rejected(&record("all", "{\"type\":")).0, RejectReason::Unparsable);
}

#[test]
fn one_topic_feeds_children_of_several_names() {
    let sources = Sources::new(
        "  - { topic: all, member: parent, where: [{ at: /t, is: o }], bundle: /id, id: /id }
  - { topic: all, member: payment, where: [{ at: /t, is: p }], bundle: /o, id: /id, ignore: [/sent] }
  - { topic: all, member: shipment, where: [{ at: /t, is: s }], bundle: /o, id: /id }",
        "{ key: text, members: { payment: 1, shipment: 1 } }",
    );
    let order = json("all", &json!({"t": "o", "id": "b"}));
    let child = |kind: &str| json("all", &json!({"t": kind, "o": "b", "id": 1}));
    assert_eq!(&*sources.addressed(&child("s")).role, "shipment");
    assert!(sources.submission(&[order.clone(), child("p"), child("p")]).is_none());
    // The kinds are kept over each step, and from the keying step as from the inbox.
    for records in [[order.clone(), child("p"), child("s")], [child("s"), child("p"), order]] {
        let value: Value = serde_json::from_slice(&sources.submission(&records).unwrap()).unwrap();
        assert_eq!(value["names"], json!(["payment", "shipment"]));
        assert_eq!(value["children"][1]["t"], json!("s"));
    }
}

#[test]
fn envelopes_of_debezium_are_read_where_rows_are_created_or_read() {
    let sources = Sources::new(
        "  - { topic: db.orders, member: parent, where: [{ at: /payload/op, is: [c, r] }], bundle: /payload/after/no,
      id: /payload/after/no, expects: /payload/after/lines, time: { pointer: /payload/ts_ms, unit: ms } }
  - { topic: db.lines, member: child, where: [{ at: /payload/op, is: [c, r] }], bundle: /payload/after/order_no,
      id: { key: /payload/id }, time: { pointer: /payload/ts_ms, unit: ms } }",
        "{ key: text }",
    );
    let change = |topic, op, after: Value| {
        json(
            topic,
            &json!({"schema": {}, "payload": {"op": op, "before": null, "after": after, "ts_ms": 1_795_221_599_000_i64}}),
        )
    };
    let order = change("db.orders", "c", json!({"no": 4711, "lines": 1}));
    let line =
        keyed(change("db.lines", "r", json!({"id": 1, "order_no": 4711})), r#"{"schema":{},"payload":{"id":1}}"#);
    let addressed = sources.addressed(&line);
    assert_eq!((addressed.key, addressed.at.as_millis()), (Key::new("4711"), 1_795_221_599_000));
    assert!(sources.submission(&[order.clone(), line.clone()]).is_some());
    for op in ["u", "d", "t", "m"] {
        assert!(sources.is_passed(&change("db.orders", op, json!({"no": 4711}))), "{op}");
    }
    let transaction = json!({"status": "BEGIN", "id": "571:1", "event_count": null});
    assert!(sources.is_passed(&tombstone(order)) && sources.is_passed(&json("db.orders", &transaction)));
    let bare = Record { key: None, ..line.clone() };
    assert!(sources.rejected(&bare).1.starts_with("`key /payload/id` of a child in db.lines is missing"));
    let text_key = keyed(line, "1/x");
    assert!(sources.rejected(&text_key).1.starts_with("the key of a record of db.lines: not JSON"));
}

#[test]
fn the_whole_key_is_a_place() {
    let sources = Sources::new(
        "  - { topic: p, member: parent, where: [{ at: { key: text }, is: [7, x] }], bundle: { key: text }, id: /id }
  - { topic: c, member: child, bundle: { key: text }, id: /id }",
        "{ key: text }",
    );
    let child = record("c", r#"{"id":1}"#);
    assert_eq!(sources.addressed(&keyed(child.clone(), "k 1")).key, Key::new("k 1"));
    assert_eq!(sources.rejected(&child).0, RejectReason::MissingField);
    let parent = record("p", r#"{"id":1}"#);
    assert_eq!(sources.addressed(&keyed(parent.clone(), "7")).key, Key::new("7"), "text has no types");
    assert!(sources.is_passed(&keyed(parent.clone(), "8")) && sources.is_passed(&parent));
}

#[test]
fn a_key_that_is_not_json_matters_only_to_those_who_read_it() {
    let sources = Sources::new(
        "  - { topic: t, member: parent, where: [{ at: /type, is: job }], bundle: /id, id: /id }
  - { topic: t, member: child, where: [{ at: { key: /kind }, is: 7 }, { at: /type, is: part }], bundle: /job, id: { key: /id } }",
        "{ key: text }",
    );
    let event = |value: Value, key| keyed(json("t", &value), key);
    let part = json!({"type": "part", "job": "j"});
    assert_eq!(&*sources.addressed(&event(json!({"type": "job", "id": "j"}), "text/1")).role, "parent");
    assert_eq!(&*sources.addressed(&event(part.clone(), r#"{"kind": 7.0, "id": 1}"#)).role, "child");
    assert!(sources.is_passed(&event(json!({"type": "beat"}), "text/1")));
    assert!(sources.is_passed(&event(part.clone(), r#"{"kind": "7", "id": 1}"#)));
    let unknown = sources.rejected(&event(part, "text/1"));
    assert_eq!(unknown.0, RejectReason::Unparsable);
    assert!(unknown.1.starts_with("the key of a record of t: not JSON"), "{}", unknown.1);
}

#[test]
fn framing_and_byte_order_marks_are_no_part_of_the_payload() {
    let sources = Sources::new(
        "  - { topic: p, format: confluent, member: parent, bundle: /id, id: /id }
  - { topic: c, member: child, bundle: /p, id: /id }",
        "{ key: text }",
    );
    let framed = record("p", &b"\0\0\0\x01\x07{\"id\": \"b\"}"[..]);
    let marked = record("c", &b"\xef\xbb\xbf{\"id\":1,\"p\":\"b\"}\n"[..]);
    let orders = [[framed.clone(), marked.clone()], [marked.clone(), framed.clone()]];
    for records in orders {
        let value = sources.submission(&records).unwrap();
        let value: Value = serde_json::from_slice(&value).unwrap();
        assert_eq!((&value["parent"], &value["children"]), (&json!({"id": "b"}), &json!([{"id": 1, "p": "b"}])));
    }
    assert_eq!(
        sources.addressed(&record("p", r#"{"id":"b"}"#)).key,
        Key::new("b"),
        "a record without framing is read too"
    );
    let hint = sources.rejected(&Record { source: marked.source, ..framed }).1;
    assert!(hint.contains("schema id 263") && hint.contains("`format: confluent`"), "{hint}");
    let avro = sources.rejected(&record("p", &b"\0\0\0\0\x01\x02\x08"[..])).1;
    assert!(avro.contains("not JSON"), "{avro}");
}

#[test]
fn integers_are_read_in_any_spelling() {
    let sources = Sources::new(
        "  - { topic: p, member: parent, bundle: /id, id: /id, expects: /n }
  - { topic: c, member: child, bundle: /p, id: /id, position: /n }",
        "{ key: text }",
    );
    let parent = |n: &str| record("p", format!(r#"{{"id":"a","n":{n}}}"#));
    for two in ["2", "2.0", "2e0", "\"2\"", "\"2.0\"", "0.2e1", "20E-1"] {
        assert!(sources.submission(&[parent(two)]).is_none(), "{two}");
        let child = |n: &str, id: u8| record("c", format!(r#"{{"id":{id},"p":"a","n":{n}}}"#));
        assert!(sources.submission(&[parent(two), child("1", 1), child(two, 2)]).is_some(), "{two}");
    }
    for zero in ["0", "-0", "0.0", "\"0\"", "\"-0\""] {
        assert!(sources.submission(&[parent(zero)]).is_some(), "{zero}");
    }
    for (n, reason) in [
        ("-1", RejectReason::BadValue),
        ("10001", RejectReason::BadValue),
        ("1e300", RejectReason::BadValue),
        ("1.5", RejectReason::WrongType),
        ("\"\"", RejectReason::WrongType),
        ("\" 2 \"", RejectReason::WrongType),
        ("true", RejectReason::WrongType),
        ("[]", RejectReason::WrongType),
    ] {
        assert_eq!(sources.rejected(&parent(n)).0, reason, "{n}");
    }
    let id = |id: &str| sources.key(&record("p", format!(r#"{{"id":{id}}}"#)));
    for seven in ["7", "7.0", "7e0", "\"7\""] {
        let Ok(Keyed::To(addressed)) = id(seven) else { panic!("{seven}") };
        assert_eq!(addressed.key, Key::new("7"), "{seven}");
    }
    for digits in ["18446744073709551615", "123456789012345678901234567890"] {
        let Ok(Keyed::To(addressed)) = id(digits) else { panic!("{digits}") };
        assert_eq!(addressed.key, Key::new(digits), "no digit is lost");
    }
    for (bad, reason) in [
        ("7.5", RejectReason::WrongType),
        ("true", RejectReason::WrongType),
        ("null", RejectReason::MissingField),
        ("0", RejectReason::BadId),
        ("-0.0", RejectReason::BadId),
        ("\"NULL\"", RejectReason::BadId),
        ("\" 7 \"", RejectReason::BadId),
        ("1e300", RejectReason::BadId),
    ] {
        assert_eq!(id(bad).unwrap_err().reason, reason, "{bad}");
    }
}

/// Texts of values: what JSON allows, and what only some readers take.
fn any_text() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,25})?([eE][+-]?[0-9]{1,4})?";
    let string = "\"([a-z é\u{fdd0}]|\\\\n|\\\\ud83d|\\\\ude00|\\\\u0000|\\\\udfff|\\\\\\\\){0,6}\"";
    let word = prop_oneof![Just("true"), Just("null"), Just("NaN"), Just("-")].prop_map(str::to_owned);
    let leaf = prop_oneof![4 => number, 4 => string, 1 => word];
    let deep = (90..140_usize).prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
    let deep_objects = (90..140_usize).prop_map(|depth| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)));
    let nested = leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec(("\"(a|\\\\ud83d|id)\"", inner), 0..3).prop_map(|fields| {
                let fields: Vec<_> = fields.into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
                format!("{{{}}}", fields.join(" ,"))
            }),
        ]
    });
    prop_oneof![6 => nested, 1 => deep, 1 => deep_objects]
}

#[derive(Serialize)]
struct Context {
    parent: Payload,
    children: Vec<Payload>,
}

proptest! {
    #[test]
    fn what_the_keying_step_accepts_is_read_by_delivery_and_template(parent in any_text(), child in any_text(), mark in any::<bool>()) {
        let sources = Sources::new(
            "  - { topic: p, member: parent, bundle: /id, id: /id, expects: /x/a }\n  \
             - { topic: c, member: child, bundle: /p, id: /id, position: /x/0 }",
            "{ key: text }",
        );
        let start = if mark { "\u{feff}" } else { "" };
        let records = [
            record("p", format!("{start}{{\"x\":{parent},\"id\":\"b\"}}")),
            record("c", format!("{start}{{\"id\":\"c\",\"p\":\"b\",\"x\":{child}}}\n")),
        ];
        let is_accepted = records.iter().all(|record| matches!(sources.key(record), Ok(Keyed::To(_))));
        // The number of children may be another than 1, and the position another than the first.
        if let Some(value) = is_accepted.then(|| sources.submission(&records)).flatten() {
            let submission: Submission = serde_json::from_slice(&value).unwrap();
            let (parent, children) = (submission.parent, submission.children);
            let template = Template::compile("t.json", r#"{"p": {{ parent | tojson }}, "c": {{ children | tojson }}}"#).unwrap();
            template.render(&Context { parent, children }).unwrap();
            let written = Record { key: Some(Bytes::from_static(b"b")), ..record("s", value) };
            prop_assert!(SubmissionKeying::new("app").key(&written).is_ok());
        }
    }
}

/// A member's payload is the JSON text alone, so that a stored bundle can be submitted.
#[test]
fn the_stored_content_of_a_member_has_no_framing() {
    let sources = Sources::new(
        "  - { topic: p, format: confluent, member: parent, bundle: /id, id: /id, expects: /n }
  - { topic: c, member: child, bundle: /p, id: /id }",
        "{ key: text }",
    );
    let framed = record("p", &b"\0\0\0\0\x01{\"id\":\"b\",\"n\":1}"[..]);
    let (key, event) = sources.addressed(&framed).into_event(framed);
    let bundle = Bundle::new("t", sources.rules);
    let next = bundle.step(&key, None, Input::Record(event), Moment::at(NOW)).unwrap();
    let Some(State::Open(gathering)) = next.state else { panic!("it is open") };
    let content = |member: &Member| member.content.clone();
    assert_eq!(gathering.parent().map(|parent| content(parent)), Some(Bytes::from_static(b"{\"id\":\"b\",\"n\":1}")));
}
