//! Tests of the encoding of letters, of records that are sent again, and of a letter as JSON.

use bytes::Bytes;
use serde_json::json;

use super::redrive::forward;
use super::*;
use crate::codec::{Versioned as _, part};
use crate::model::{Headers, Record, Topic, TopicPartition};
use crate::processor::Keying as _;

/// The letter of the record `orders-3@17`, with a header of its producer.
fn letter(value: &[u8]) -> Record {
    let mut headers = Headers::new().with("traceparent", "00-1").with("traceparent", "00-2");
    for (name, text) in [
        (header::STAGE, "process"),
        (header::PROCESSOR, "bundle"),
        (header::REASON, "unparsable"),
        (header::MESSAGE, "no JSON"),
        (header::TOPIC, "orders"),
        (header::PARTITION, "3"),
        (header::OFFSET, "17"),
        (header::SOURCE_TIMESTAMP, "1767225600000"),
        (header::TIMESTAMP, "2026-01-02T00:00:00.000Z"),
    ] {
        headers = headers.with(name, text);
    }
    Record {
        source: TopicPartition::new(&Topic::new("app-dead-letters"), 0),
        offset: 4,
        timestamp: Timestamp::from_millis(9),
        key: Some(Bytes::from_static(b"k")),
        value: Some(Bytes::copy_from_slice(value)),
        headers,
    }
}

#[test]
fn a_letter_is_stored_in_version_1_small_or_in_a_part() {
    let small = Letter::read(&letter(b"{")).unwrap();
    let mut bytes = Vec::new();
    small.encode(&mut bytes).unwrap();
    assert_eq!(Letter::decode(1, &bytes).unwrap(), small);
    let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    assert_eq!(hex, SMALL_V1);

    let large = Letter::read(&letter(&[b'x'; 5_000])).unwrap();
    let (mut bytes, stored_part) = (Vec::new(), stored::part(&large).unwrap().unwrap());
    large.encode(&mut bytes).unwrap();
    assert!(bytes.len() < 200 && stored_part.len() > 5_000);
    let decoded = Letter::decode(1, &bytes).unwrap();
    assert_eq!((&decoded.content, decoded.in_parts), (&None, true));
    let parts = vec![part::decode(part::encode(1, &stored_part)).unwrap()];
    assert_eq!(decoded.with_parts(parts).unwrap(), large);
    assert!(Letter::decode(2, &bytes).is_err());
}

/// The small letter.
const SMALL_V1: &str = concat!(
    "000a756e7061727361626c65076e6f204a534f4e0770726f63657373010662756e646c6501fd000802f836030000066f",
    "72646572730622fd0050b5ed360300000001016b020b7472616365706172656e74010430302d310b7472616365706172",
    "656e74010430302d3201017b000000"
);

#[test]
fn a_record_that_is_sent_again_stands_for_the_original_whatever_headers_it_has() {
    let letter = Letter::read(&letter(b"{")).unwrap();
    let forward = forward(&letter.origin, letter.content.as_ref().unwrap());
    let sent = Record {
        source: TopicPartition::new(&Topic::new("app-redrive"), 0),
        offset: 1,
        timestamp: Timestamp::from_millis(99),
        key: None,
        value: forward.value,
        headers: forward.headers,
    };
    let original = RedriveKeying.original(&sent).unwrap();
    assert_eq!((original.source.to_string(), original.offset), ("orders-3".to_owned(), 17));
    assert_eq!((original.timestamp.as_millis(), original.key.as_deref()), (1_767_225_600_000, Some(&b"k"[..])));
    let names: Vec<_> = original.headers.iter().map(|header| &*header.name).collect();
    assert_eq!(names, ["traceparent", "traceparent"], "those of the user and no others");
    assert_eq!(RedriveKeying.original(&original), None);
    assert!(RedriveKeying.key(&original).unwrap_err().detail.contains("topic orders"));
}

#[test]
fn letters_of_a_former_version_have_their_processor_and_time_by_other_means() {
    let mut former = letter(b"{");
    former.headers = former
        .headers
        .iter()
        .filter(|header| ![header::PROCESSOR, header::SOURCE_TIMESTAMP].contains(&&*header.name))
        .cloned()
        .collect();
    let read = Letter::read(&former).unwrap();
    assert_eq!((read.processor, read.origin.timestamp), (None, former.timestamp));
    let act: Headers =
        former.headers.iter().filter(|it| it.name != header::TOPIC && it.name != header::OFFSET).cloned().collect();
    former.headers = act.with(header::TOPIC, "app-delivery-inbox").with(header::OFFSET, "-1");
    assert_eq!(Letter::key(&former).unwrap().text(), "delivery/k");
}

#[test]
fn a_letter_shows_why_and_where_it_comes_from_without_its_payload() {
    let record = letter(b"secret");
    let shown = DeadLetters.show(&Letter::key(&record).unwrap(), &Letter::read(&record).unwrap());
    let expected = json!({
        "key": "orders-3@17", "status": "open", "reason": "unparsable", "message": "no JSON", "stage": "process",
        "processor": "bundle", "rounds": 1, "rejected_at": "2026-01-02T00:00:00.000Z",
        "source": { "topic": "orders", "partition": 3, "offset": 17, "timestamp": "2026-01-01T00:00:00.000Z" },
        "bytes": 6, "complete": true,
    });
    assert_eq!(shown, expected);
}

#[test]
fn the_record_of_a_letter_is_shown_as_text_or_base64_and_bounded() {
    let content = |value: &[u8]| {
        let letter = Letter::read(&letter(value)).unwrap();
        DeadLetters.content(&Key::new("k"), &letter).unwrap()["record"].take()
    };
    let record = content(b"{");
    assert_eq!(record["key"], json!({ "bytes": 1, "text": "k" }));
    assert_eq!(record["headers"][1], json!({ "name": "traceparent", "value": { "bytes": 4, "text": "00-2" } }));
    assert_eq!(record["value"], json!({ "bytes": 1, "text": "{" }));
    assert_eq!(content(b"\xff")["value"], json!({ "bytes": 1, "base64": "/w==" }));
    let long = content("ä".repeat(40_000).replacen('ä', "a", 1).as_bytes());
    assert_eq!((&long["value"]["bytes"], &long["value"]["truncated"]), (&json!(79_999), &json!(true)));
    assert_eq!(long["value"]["text"].as_str().unwrap().len(), (64 << 10) - 1, "no half of a character");
    let discarded = Letter { content: None, ..Letter::read(&letter(b"{")).unwrap() };
    assert_eq!(DeadLetters.content(&Key::new("k"), &discarded), None);
}
