//! `CloudEvents` in both content modes: what is read, kept, passed over and refused.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use sheaf::model::{Key, Record, RejectReason};
use sheaf::processor::Keyed;

use crate::events::{Sources, headed, json, record, tombstone};

const STRUCTURED: &str = "application/cloudevents+json; charset=utf-8";

/// Orders, and their lines by type in one topic.
fn sources() -> Sources {
    Sources::new(
        "  - { topic: orders, format: cloudevents, member: parent, where: [{ at: { ce: type }, is: order.created }],
      bundle: { ce: subject }, id: { ce: id }, expects: /lines, time: { pointer: { ce: time } } }
  - { topic: orders, format: cloudevents, member: child, where: [{ at: { ce: type }, is: line.added }, { at: { ce: attempt }, is: 1 }],
      bundle: /order, id: { ce: id }, position: /n, ignore: [{ ce: traceparent }, /sent_at] }",
        "{ key: text }",
    )
}

fn structured(value: &Value) -> Record {
    headed(json("orders", value), &[("content-type", STRUCTURED)])
}

fn order() -> Value {
    json!({"specversion": "1.0", "type": "order.created", "source": "/shop", "id": "e1", "subject": "o1",
        "time": "2026-11-21T00:39:00Z", "region": "eu", "unknown": {"kept": true}, "data": {"lines": 2, "total": 9}})
}

/// A line in the binary mode.
fn line(id: &'static str, n: u32, extra: &[(&'static str, &'static str)]) -> Record {
    let fixed = [
        ("content-type", "application/json"),
        ("ce_specversion", "1.0"),
        ("ce_type", "line.added"),
        ("ce_source", "/shop"),
        ("ce_id", id),
        ("ce_attempt", "1"),
    ];
    headed(json("orders", &json!({"order": "o1", "n": n})), &[&fixed, extra].concat())
}

fn submitted(sources: &Sources, records: &[Record]) -> Value {
    serde_json::from_slice(&sources.submission(records).expect("a complete bundle")).unwrap()
}

#[test]
fn events_of_both_modes_make_one_bundle_with_all_their_attributes() {
    let sources = sources();
    let addressed = sources.addressed(&structured(&order()));
    assert_eq!((&*addressed.role, addressed.key), ("parent", Key::new("o1")));
    assert_eq!(addressed.at.to_string(), "2026-11-21T00:39:00.000Z");
    let value =
        submitted(&sources, &[line("e2", 2, &[("ce_traceparent", "00-1")]), structured(&order()), line("e3", 1, &[])]);
    assert_eq!(value["parent"], order(), "extensions and unknown fields are kept");
    let child = |id: &str, n: u32, extra: &Value| {
        let mut child = json!({"specversion": "1.0", "id": id, "source": "/shop", "type": "line.added", "attempt": "1",
            "datacontenttype": "application/json", "data": {"order": "o1", "n": n}});
        child.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        child
    };
    let second = child("e2", 2, &json!({"traceparent": "00-1"}));
    assert_eq!(value["children"], json!([child("e3", 1, &json!({})), second]), "the binary mode as a structured event");
}

#[test]
fn an_event_is_the_same_in_the_other_mode_and_in_base64() {
    let sources = sources();
    let as_structured = |data: &str, value: Value| {
        let mut event = json!({"specversion": "1.0", "id": "e2", "source": "/shop", "type": "line.added", "attempt": "1",
            "datacontenttype": "application/json", "traceparent": "00-2"});
        event.as_object_mut().unwrap().insert(data.to_owned(), value);
        structured(&event)
    };
    let again = as_structured("data", json!({"n": 1.0, "order": "o1", "sent_at": "later"}));
    // {"order":"o1","n":1}
    let in_base64 = as_structured("data_base64", json!("eyJvcmRlciI6Im8xIiwibiI6MX0="));
    let records = [line("e2", 1, &[]), again, in_base64.clone(), structured(&order()), line("e3", 2, &[])];
    let value = submitted(&sources, &records);
    let ids: Vec<&str> =
        value["children"].as_array().unwrap().iter().map(|child| child["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["e2", "e3"], "one event in three forms is one member");
    let value = submitted(&sources, &[in_base64, structured(&order()), line("e3", 2, &[])]);
    assert_eq!(value["children"][0]["data"], json!({"order": "o1", "n": 1}));
    assert_eq!(value["children"][0]["traceparent"], "00-2");
}

#[test]
fn where_judges_attributes_and_passes_over_what_is_in_any_format() {
    let sources = sources();
    let mut other = order();
    other["type"] = json!("order.changed");
    assert!(sources.is_passed(&structured(&other)));
    assert!(sources.is_passed(&headed(line("e2", 1, &[]), &[("ce_attempt", "2")])), "the last header of a name counts");
    let mut numbered = order();
    numbered["type"] = json!("line.added");
    numbered["data"] = json!({"order": "o1"});
    for (attempt, passes) in [(json!(1), false), (json!("1"), false), (json!(2), true), (json!(null), true)] {
        numbered["attempt"] = attempt;
        assert_eq!(sources.is_passed(&structured(&numbered)), passes, "{numbered}");
    }
    let heartbeat =
        headed(record("orders", &b"\xff\0"[..]), &[("ce_type", "heartbeat"), ("content-type", "application/avro")]);
    assert!(sources.is_passed(&heartbeat) && sources.is_passed(&tombstone(heartbeat)));
}

#[test]
fn an_event_may_be_without_data() {
    let sources = Sources::new(
        "  - { topic: t, format: cloudevents, member: child, bundle: { ce: subject }, id: { ce: id } }",
        "{ key: text, children: 2 }",
    );
    let headers =
        [("ce_specversion", "1.0"), ("ce_id", "a"), ("ce_source", "/s"), ("ce_type", "t"), ("ce_subject", "b")];
    let binary = headed(record("t", ""), &headers);
    let event = json!({"specversion": "1.0", "id": "b", "source": "/s", "type": "t", "subject": "b"});
    let value = submitted(&sources, &[tombstone(binary), headed(json("t", &event), &[("content-type", STRUCTURED)])]);
    let without_data = json!({"specversion": "1.0", "id": "a", "source": "/s", "type": "t", "subject": "b"});
    assert_eq!(value["children"], json!([without_data, event]));
    let nothing = tombstone(headed(record("t", ""), &[("content-type", STRUCTURED)]));
    assert_eq!(sources.rejected(&nothing).0, RejectReason::NoValue);
}

#[test]
fn what_is_no_event_is_refused_and_the_reason_is_named() {
    let sources = sources();
    let of_type = |content_type, value: &Value| headed(json("orders", value), &[("content-type", content_type)]);
    let without = |name: &str| {
        let mut event = order();
        event.as_object_mut().unwrap().remove(name);
        structured(&event)
    };
    let with = |name: &str, value: Value| {
        let mut event = order();
        event[name] = value;
        structured(&event)
    };
    let in_binary =
        |value: &'static str| Record { value: Some(Bytes::from_static(value.as_bytes())), ..line("e2", 1, &[]) };
    let unsigned = headed(
        json("orders", &json!({})),
        &[("ce_type", "line.added"), ("ce_attempt", "1"), ("ce_specversion", "1.0")],
    );
    let (unparsable, missing, wrong_type, bad_value) =
        (RejectReason::Unparsable, RejectReason::MissingField, RejectReason::WrongType, RejectReason::BadValue);
    for (record, reason, words) in [
        (
            of_type("application/cloudevents-batch+json", &json!([order()])),
            unparsable,
            "is a batch of CloudEvents (`application/cloudevents-batch+json`): several events in one record are not read",
        ),
        (
            of_type("application/cloudevents+avro", &order()),
            unparsable,
            "is a CloudEvent in the format `application/cloudevents+avro`",
        ),
        (without("source"), missing, "the required attribute `source` of a CloudEvent in orders is missing"),
        (without("id"), missing, "the required attribute `id`"),
        (with("type", json!(null)), missing, "attribute `type` of a CloudEvent in orders is missing"),
        (with("id", json!("")), missing, "`id` of a CloudEvent in orders is empty"),
        (with("id", json!(7)), wrong_type, "`id` of a CloudEvent in orders is a number; it is a string"),
        (with("specversion", json!("0.3")), bad_value, "`specversion` of a CloudEvent in orders is `0.3`; 1.0 is read"),
        (
            unsigned,
            missing,
            "`id` of a CloudEvent in orders is missing: there is no header `ce_id`, and `content-type` is not",
        ),
        (of_type(STRUCTURED, &json!([order()])), wrong_type, "is a batch of CloudEvents (a JSON array)"),
        (in_binary("<order/>"), unparsable, "the data of a record of orders: not JSON"),
        (in_binary(r#"1,"id":"forged""#), unparsable, "the data of a record of orders: not JSON"),
        (in_binary(r#"{"n":1}"#), missing, "`/order` of a child in orders is missing; the bundle's id stands there"),
        (
            headed(in_binary("x"), &[("content-type", "application/avro")]),
            unparsable,
            "`application/avro`, and JSON is read",
        ),
        (with("data_base64", json!("e30=")), bad_value, "stands beside `data`"),
    ] {
        let (found, detail) = sources.rejected(&record);
        assert!(found == reason && detail.contains(words), "{found}: {detail}\nexpected {words}");
    }
    let mut encoded = order();
    encoded.as_object_mut().unwrap().remove("data");
    for (text, words) in [(json!("not base64"), "is not Base64"), (json!(1), "is not a string")] {
        encoded["data_base64"] = text;
        let (found, detail) = sources.rejected(&structured(&encoded));
        assert!(found == bad_value && detail.contains(words), "{found}: {detail}");
    }
    let mut odd = line("e2", 1, &[]);
    odd.headers.push("ce_region", Some(Bytes::from_static(b"\xff")));
    assert_eq!(sources.rejected(&odd).1, "the header ce_region of a record of orders is not UTF-8");
}

/// Headers that change how a record is read, in any combination.
fn any_headers() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let name = prop::sample::select(vec![
        "content-type",
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_specversion",
        "ce_subject",
        "ce_x\"y",
    ]);
    let text = prop::sample::select(vec![
        "1.0",
        "order.created",
        "line.added",
        "application/json",
        "application/cloudevents+json",
        "application/cloudevents-batch",
        "",
    ]);
    let value = prop_oneof![text.prop_map(|text| text.as_bytes().to_vec()), prop::collection::vec(any::<u8>(), 0..4)];
    prop::collection::vec((name, value), 0..10)
}

/// Values: bytes, and events of which some fields are missing or of another type.
fn any_value() -> impl Strategy<Value = Vec<u8>> {
    let fields = vec![
        r#""id":"e1""#,
        r#""id":7"#,
        r#""type":"order.created""#,
        r#""source":"/s""#,
        r#""specversion":"1.0""#,
        r#""subject":"o1""#,
        r#""data":{"lines":0}"#,
        r#""data_base64":"e30=""#,
        r#""data_base64":"*""#,
        r#""data":null"#,
        r#""time":"2026-11-21T00:39:00Z""#,
    ];
    let event =
        prop::sample::subsequence(fields, 0..=11).prop_map(|fields| format!("{{{}}}", fields.join(",")).into_bytes());
    prop_oneof![event, prop::collection::vec(any::<u8>(), 0..20)]
}

proptest! {
    #[test]
    fn any_record_is_read_passed_over_or_refused(headers in any_headers(), value in any_value(), is_tombstone in any::<bool>()) {
        let sources = sources();
        let mut record = record("orders", value);
        for (name, value) in headers {
            record.headers.push(name, Some(Bytes::from(value)));
        }
        let record = if is_tombstone { tombstone(record) } else { record };
        if let Ok(Keyed::To(addressed)) = sources.key(&record) {
            prop_assert!(!addressed.key.as_bytes().is_empty());
            // Nothing is missing from an order without lines.
            if let Some(submission) = sources.submission(&[record]) {
                let value: Value = serde_json::from_slice(&submission).unwrap();
                prop_assert_eq!(&value["parent"]["specversion"], "1.0");
            }
        }
    }
}
