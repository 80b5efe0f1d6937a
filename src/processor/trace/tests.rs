//! Tests of the steps of a trace, of its stored form, and of a trace as JSON.

use bytes::Bytes;
use serde_json::json;

use super::*;
use crate::codec::json::Pointer;
use crate::codec::{Versioned as _, part};
use crate::model::{Headers, Record, RejectReason, Topic, TopicPartition};
use crate::processor::place::{Format, Place};
use crate::processor::{Command, Keyed, Keying as _};

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn reads(format: Format, id: Place) -> Reads {
    Reads { topic: "retail".to_owned(), format, id, name: Place::Header("type".to_owned()) }
}

fn field(pointer: &str) -> Place {
    Place::Value(Pointer::parse(pointer).unwrap())
}

fn traces() -> Traces {
    let keep = Duration::from_hours(1);
    let retail = reads(Format::Json, field("/traceid"));
    Traces::new(&Settings { keep, reads: vec![Reads { topic: "parcels".to_owned(), ..retail.clone() }, retail] })
}

/// The record of this offset that was written this many milliseconds after the first one.
fn record(offset: i64, at: i64, name: &str, value: &[u8]) -> Record {
    Record {
        source: TopicPartition::new(&Topic::new("retail"), 0),
        offset,
        timestamp: Timestamp::from_millis(NOW.as_millis() + at),
        key: None,
        value: Some(Bytes::copy_from_slice(value)),
        headers: Headers::new().with("type", name.to_owned()),
    }
}

/// The step by a record, as it is read from an inbox.
fn step(state: Option<Trace>, record: Record) -> (Trace, Vec<Effect>) {
    let event = Event::new("record", record.timestamp, record);
    let next = traces().step(&Key::new("t"), state, Input::Record(event), Moment::at(NOW)).unwrap();
    (next.state.unwrap(), next.effects)
}

fn all(records: impl IntoIterator<Item = Record>) -> Trace {
    records.into_iter().fold(None, |state, record| Some(step(state, record).0)).unwrap()
}

fn forget(hours: u64) -> Effect {
    let due = NOW.saturating_add(Duration::from_hours(hours));
    Effect::Schedule(Timer { kind: TimerKind::Delay(0), due })
}

#[test]
fn records_are_told_by_time_then_topic_and_offset_whatever_their_order() {
    let other = |offset, at| Record {
        source: TopicPartition::new(&Topic::new("parcels"), 3),
        ..record(offset, at, "ParcelSentEvent", b"{}")
    };
    let records = [
        record(9, 5, "PaidEvent", b"{}"),
        record(8, 5, "PayCommand", b"{\"a\":1}"),
        other(70, 5),
        record(7, 0, "OrderPlacedEvent", b""),
    ];
    let trace = all(records.clone());
    let shown = traces().show(&Key::new("t"), &trace);
    let told: Vec<String> = shown["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            format!(
                "{} {} {}@{}",
                it["kind"].as_str().unwrap(),
                it["name"].as_str().unwrap(),
                it["topic"],
                it["offset"]
            )
        })
        .collect();
    let expected = [
        "Event OrderPlacedEvent \"retail\"@7",
        "Event ParcelSentEvent \"parcels\"@70",
        "Command PayCommand \"retail\"@8",
        "Event PaidEvent \"retail\"@9",
    ];
    assert_eq!(told, expected);
    assert_eq!(traces().show(&Key::new("t"), &all(records.into_iter().rev())), shown);
    assert_eq!((&shown["key"], &shown["status"], &shown["beyond_limit"]), (&json!("t"), &json!("kept"), &json!(0)));
    assert_eq!(
        (&shown["first_at"], &shown["last_at"]),
        (&json!("2026-01-01T00:00:00.000Z"), &json!("2026-01-01T00:00:00.005Z"))
    );
    assert_eq!(shown["records"][2]["bytes"], 7);
    let listing = traces().listing(&trace);
    assert_eq!(listing, Listing::of(Status(0), Some(Timestamp::from_millis(NOW.as_millis() + 5))));
}

#[test]
fn a_record_is_kept_with_its_part_and_one_that_is_read_again_changes_nothing() {
    let (trace, effects) = step(None, record(7, 0, "PayCommand", b"{}"));
    let part = stored::part(&trace.records[0]).unwrap();
    assert_eq!(effects, [Effect::AddPart(part), Effect::Count(count::KEPT), forget(1)]);
    let (again, effects) = step(Some(trace.clone()), record(7, 0, "PayCommand", b"{}"));
    assert_eq!((again, effects), (trace.clone(), vec![Effect::Count(count::REPEATED)]));
    let (more, _) = step(Some(trace), record(8, 0, "PayCommand", b"{}"));
    assert_eq!(more.records.len(), 2, "another offset is another record");
}

#[test]
fn a_trace_is_forgotten_by_its_timer_and_by_no_other_input() {
    let trace = all([record(7, 0, "PayCommand", b"{}")]);
    let step = |input| traces().step(&Key::new("t"), Some(trace.clone()), input, Moment::at(NOW));
    let timer = |kind| Input::Timer(Timer { kind, due: NOW });
    assert_eq!(step(timer(TimerKind::Delay(0))).unwrap(), Transition::forget());
    assert_eq!(step(timer(TimerKind::Delay(1))).unwrap(), Transition::to(trace.clone()));
    let command = Command {
        id: uuid::Uuid::nil(),
        name: "cancel".to_owned(),
        arguments: BTreeMap::new(),
        by: "ann".to_owned(),
        why: String::new(),
        at: NOW,
        traceparent: None,
    };
    assert_eq!(step(Input::Command(command)).unwrap_err().reason, RejectReason::BadCommand);
}

#[test]
fn beyond_the_limit_records_are_counted_once_and_the_trace_is_kept_longer() {
    let limit = i64::try_from(RECORDS_MAX).unwrap();
    let full = all((0..limit).map(|offset| record(offset, offset, "E", b"{}")));
    assert_eq!((full.records.len(), full.beyond_limit()), (RECORDS_MAX, 0));
    let (over, effects) = step(Some(full), record(limit, 5_000, "E", b"{}"));
    assert_eq!(effects, [Effect::Count(count::BEYOND_LIMIT), forget(1)]);
    assert_eq!(
        (over.records.len(), over.beyond_limit(), over.last_at.as_millis() - NOW.as_millis()),
        (RECORDS_MAX, 1, 5_000)
    );
    let (again, effects) = step(Some(over.clone()), record(limit, 5_000, "E", b"{}"));
    assert_eq!((&again, effects), (&over, vec![Effect::Count(count::REPEATED)]));
    let other = Record { source: TopicPartition::new(&Topic::new("retail"), 1), ..record(3, 0, "E", b"{}") };
    let (more, _) = step(Some(step(Some(again), record(limit + 1, 0, "E", b"{}")).0), other);
    assert_eq!((more.beyond.len(), more.beyond_limit()), (2, 3), "by partition");
    assert_eq!(traces().show(&Key::new("t"), &more)["beyond_limit"], 3);
}

#[test]
fn values_are_kept_up_to_a_limit_each_and_of_all() {
    let large = vec![b'x'; VALUE_BYTES_MAX + 1];
    let number = VALUES_BYTES_MAX / VALUE_BYTES_MAX;
    let trace = all((0..).take(number + 1).map(|offset| record(offset, offset, "E", &large)));
    let lengths: Vec<usize> = trace.records.iter().map(|record| record.value.len()).collect();
    assert_eq!(lengths[..number], vec![VALUE_BYTES_MAX; number]);
    assert_eq!(lengths[number], 0, "the trace is full, and the record is kept without its value");
    let content = traces().content(&Key::new("t"), &trace).unwrap();
    let value = &content["records"][number]["value"];
    assert_eq!(*value, json!({ "bytes": VALUE_BYTES_MAX + 1, "text": "", "truncated": true }));
    assert_eq!(content["records"][0]["value"]["text"].as_str().unwrap().len(), VALUE_BYTES_MAX);
}

#[test]
fn values_are_shown_as_they_are() {
    let tombstone = Record { value: None, ..record(9, 2, "", b"") };
    let trace = all([record(7, 0, "PayCommand", b"{}"), record(8, 1, "E", b"\xff"), tombstone]);
    let content = traces().content(&Key::new("t"), &trace).unwrap();
    let values: Vec<_> = content["records"].as_array().unwrap().iter().map(|record| record["value"].clone()).collect();
    assert_eq!(values, [json!({ "bytes": 2, "text": "{}" }), json!({ "bytes": 1, "base64": "/w==" }), json!(null)]);
    let last = &content["records"][2];
    assert_eq!((&last["name"], &last["bytes"], &last["kind"]), (&json!(""), &json!(null), &json!("Event")));
    assert!(traces().show(&Key::new("t"), &trace)["records"][0].get("value").is_none(), "lists are without values");
}

#[test]
fn a_trace_is_stored_in_version_1_with_a_part_per_record() {
    let mut trace = all([record(7, 0, "PayCommand", b"{}"), record(8, 1, "PaidEvent", b"x")]);
    trace.beyond = vec![Beyond { topic: "retail".to_owned(), partition: 2, offset: 300, count: 5 }];
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let mut bytes = Vec::new();
    trace.encode(&mut bytes).unwrap();
    let parts: Vec<Bytes> = trace.records.iter().map(|record| stored::part(record).unwrap()).collect();
    assert_eq!((hex(&bytes).as_str(), hex(&parts[0]).as_str()), (TRACE_V1, PART_V1));
    let decoded = Trace::decode(1, &bytes).unwrap();
    assert!(decoded.records.is_empty(), "they are in the parts");
    let parts = parts.iter().map(|bytes| part::decode(part::encode(1, bytes)).unwrap()).collect();
    assert_eq!(decoded.with_parts(parts).unwrap(), trace);
    assert!(Trace::decode(2, &bytes).is_err());
}

/// A trace, and its first record.
const TRACE_V1: &str = "fd0050b5ed36030000fd0250b5ed36030000010672657461696c04fb580205";
const PART_V1: &str = "0672657461696c000efd0050b5ed36030000000a506179436f6d6d616e640102027b7d";

#[test]
fn the_id_and_the_name_are_found_in_every_part_of_a_record() {
    let key = |reads: &Reads, record: &Record| match TraceKeying::new(reads).key(record).unwrap() {
        Keyed::To(addressed) => Some(addressed.key.text().into_owned()),
        Keyed::Pass | Keyed::Foreign(_) => None,
    };
    let json = reads(Format::Json, field("/traceid"));
    for (value, expected) in [
        (r#"{"traceid":"t-1"}"#, Some("t-1")),
        (r#"{"traceid":7.0}"#, Some("7")),
        (r#"{"traceid":null}"#, None),
        (r#"{"traceid":" "}"#, None),
        (r#"{"traceid":"\u0000sheaf-part"}"#, None),
        ("{}", None),
        ("[1]", None),
        ("no JSON", None),
        ("", None),
    ] {
        assert_eq!(key(&json, &record(1, 0, "E", value.as_bytes())).as_deref(), expected, "{value}");
    }
    let long = format!(r#"{{"traceid":"{}"}}"#, "x".repeat(257));
    assert_eq!(key(&json, &record(1, 0, "E", long.as_bytes())), None);
    let of_key =
        |text: &'static str| Record { key: Some(Bytes::from_static(text.as_bytes())), ..record(1, 0, "E", b"no JSON") };
    assert_eq!(key(&reads(Format::Json, Place::Key), &of_key("t-2")).as_deref(), Some("t-2"));
    let name_in_value =
        Reads { name: field("/type"), ..reads(Format::Json, Place::KeyField(Pointer::parse("/t").unwrap())) };
    let keyed = of_key(r#"{"t":"t-3"}"#);
    assert_eq!(key(&name_in_value, &keyed).as_deref(), Some("t-3"), "whatever the value is");
    assert_eq!(TraceKeying::new(&name_in_value).name(&keyed), "");
    let events = Reads {
        name: Place::Attribute("type".to_owned()),
        ..reads(Format::CloudEvents, Place::Attribute("traceid".to_owned()))
    };
    let binary = Record {
        headers: Headers::new().with("ce_traceid", "t-4").with("ce_type", "Sent"),
        ..record(1, 0, "E", b"no JSON")
    };
    assert_eq!(key(&events, &binary).as_deref(), Some("t-4"), "its data cannot be read");
    assert_eq!(TraceKeying::new(&events).name(&binary), "Sent");
}
