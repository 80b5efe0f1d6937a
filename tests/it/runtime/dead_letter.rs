//! Dead letters: kept as entries, sent again exactly once, with the coordinates of their records.

use bytes::Bytes;
use serde_json::{Value, json};
use sheaf::model::{Headers, Key, OutRecord, Record, Topic};
use sheaf::processor::dead_letter::{DEAD_LETTER, Disposition, Letter};
use sheaf::runtime::{AuditVerdict, FaultPoint};
use sheaf::testing::TestDriver;
use sheaf::topology::{Spec, add_dead_letters};

const TOPOLOGY: &str = "\
name: pairs
sources:
  - { topic: parents,  member: parent, bundle: /id,        id: /id }
  - { topic: children, member: child,  bundle: /parent_id, id: /id }
bundle: { children: 1, key: text, sla: 1h }
submissions: pairs
";

fn driver() -> TestDriver {
    let mut topology = Spec::parse("pairs.yaml", TOPOLOGY).unwrap().assemble("test", |_| None).unwrap();
    add_dead_letters("test", &mut topology);
    TestDriver::new(topology).unwrap()
}

/// A record of the children with a key and headers of its producer.
fn child(value: &str) -> OutRecord {
    let headers = Headers::new().with("traceparent", "00-1").with("traceparent", "00-2");
    let value = Bytes::copy_from_slice(value.as_bytes());
    OutRecord::keyed(&Topic::new("children"), &Key::new("some key"), value).with_headers(headers)
}

fn letter(driver: &mut TestDriver, key: &str) -> Letter {
    driver.state::<Letter>(DEAD_LETTER, key).unwrap().unwrap()
}

fn value(record: &Record) -> Value {
    serde_json::from_slice(record.value.as_deref().unwrap()).unwrap()
}

#[test]
fn a_letter_is_an_entry_with_the_coordinates_the_time_and_the_bytes_of_its_record() {
    let mut driver = driver();
    driver.send_records(&[child("{")]).unwrap();
    let kept = letter(&mut driver, "children-0@0");
    let record = &driver.read("children").unwrap()[0];
    assert_eq!((kept.disposition, &*kept.reason, kept.rounds), (Disposition::Open, "unparsable", 1));
    assert_eq!(kept.origin.timestamp, record.timestamp);
    let content = kept.content.unwrap();
    assert_eq!((content.key.as_deref(), content.value.as_deref()), (Some(&b"some key"[..]), Some(&b"{"[..])));
    let names: Vec<_> = content.headers.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["traceparent", "traceparent"]);
    assert_eq!(driver.show(DEAD_LETTER, "children-0@0").unwrap().unwrap()["status"], json!("open"));
}

#[test]
fn a_record_that_is_rejected_again_is_the_same_letter_until_its_rounds_are_over() {
    let mut driver = driver();
    driver.send_records(&[child("{")]).unwrap();
    for round in 2..=11 {
        let audit = driver.command(DEAD_LETTER, "children-0@0", "redrive", &[]).unwrap();
        assert_eq!((audit.verdict, audit.after), (AuditVerdict::Accepted, vec!["redriven".to_owned()]), "{round}");
        let kept = letter(&mut driver, "children-0@0");
        assert_eq!((kept.disposition, kept.rounds), (Disposition::Open, round), "it has come back");
        driver.advance(std::time::Duration::from_secs(1)).unwrap();
    }
    let letters = driver.dead_letters().unwrap();
    let sizes: Vec<_> =
        letters.iter().map(|letter| (letter.record.headers.iter().count(), letter.record.headers.size())).collect();
    assert!(sizes.len() == 11 && sizes.iter().all(|size| *size == sizes[0]), "headers do not pile up: {sizes:?}");
    let audit = driver.command(DEAD_LETTER, "children-0@0", "redrive", &[]).unwrap();
    let AuditVerdict::Rejected { detail, .. } = audit.verdict else { panic!("ten are enough") };
    assert!(detail.contains("come back 10 times"), "{detail}");
}

#[test]
fn an_edited_record_takes_the_place_of_the_original() {
    let mut driver = driver();
    driver.send("parents", "", r#"{"id":"p"}"#).unwrap();
    driver.send_records(&[child("{")]).unwrap();
    let mended = r#"{"id":"c","parent_id":"p"}"#;
    let audit = driver.command(DEAD_LETTER, "children-0@0", "edit", &[("value", mended)]).unwrap();
    assert_eq!((audit.before, audit.after), (vec!["open".to_owned()], vec!["edited".to_owned()]));
    let submitted = driver.read("pairs").unwrap();
    assert_eq!(value(&submitted[0])["children"], json!([{ "id": "c", "parent_id": "p" }]));
    assert_eq!(letter(&mut driver, "children-0@0").disposition, Disposition::Edited);
    let shown = driver.show("bundle", "p").unwrap().unwrap();
    let sources: Vec<_> = shown["members"].as_array().unwrap().iter().map(|member| member["source"].clone()).collect();
    assert!(sources.contains(&json!("children-0@0")), "its coordinates are those of the original: {shown}");
}

#[test]
fn a_record_that_its_bundle_had_already_is_a_duplicate() {
    let mut driver = driver();
    driver.send_records(&[child("{")]).unwrap();
    let same = r#"{"id":"c","parent_id":"p"}"#;
    driver.send_records(&[child(same)]).unwrap();
    driver.command(DEAD_LETTER, "children-0@0", "edit", &[("value", same)]).unwrap();
    driver.send("parents", "", r#"{"id":"p"}"#).unwrap();
    assert_eq!(driver.read("pairs").unwrap().len(), 1);
    let shown = driver.show("bundle", "p").unwrap().unwrap();
    let is_duplicate = |item: &&Value| item["what"] == "duplicate";
    assert_eq!(shown["timeline"].as_array().unwrap().iter().filter(is_duplicate).count(), 1, "{shown}");
}

#[test]
fn a_redrive_happens_once_whatever_fails() {
    let points = [
        FaultPoint::Fetched,
        FaultPoint::Stepped,
        FaultPoint::Begun,
        FaultPoint::Produced,
        FaultPoint::Drained,
        FaultPoint::OffsetsSent,
        FaultPoint::Committed,
        FaultPoint::Applied,
        FaultPoint::Stored,
    ];
    let mut driver = driver();
    for (number, point) in points.into_iter().enumerate() {
        driver.send_records(&[child("{")]).unwrap();
        // The marker of each transaction has an offset too.
        let key = format!("children-0@{}", 2 * number);
        driver.crash_at(point);
        driver.command(DEAD_LETTER, &key, "redrive", &[]).unwrap();
        assert!(!driver.is_crash_pending(), "{point:?}");
        assert_eq!(driver.read("test-redrive").unwrap().len(), 1, "{point:?}");
        assert_eq!(letter(&mut driver, &key).rounds, 2, "{point:?}");
        driver.crash_at(point);
        let mended = format!(r#"{{"id":"c{number}","parent_id":"p{number}"}}"#);
        driver.command(DEAD_LETTER, &key, "edit", &[("value", &mended)]).unwrap();
        assert_eq!(driver.read("test-redrive").unwrap().len(), 1, "{point:?}");
        let members = driver.show("bundle", &format!("p{number}")).unwrap().unwrap();
        assert_eq!(members["timeline"].as_array().unwrap().len(), 1, "{point:?}: {members}");
    }
    driver.lose_disk().unwrap();
    assert_eq!(letter(&mut driver, "children-0@6").disposition, Disposition::Edited);
}

#[test]
fn a_record_of_a_topic_that_is_no_source_any_more_is_a_letter_again() {
    let mut driver = driver();
    let headers = Headers::new()
        .with("__sheaf.errors.reason", "unparsable")
        .with("__sheaf.errors.topic", "former")
        .with("__sheaf.errors.partition", "0")
        .with("__sheaf.errors.offset", "5");
    let value = Bytes::from_static(b"{}");
    let topic = Topic::new("test-dead-letters");
    driver.send_records(&[OutRecord::keyed(&topic, &Key::new("k"), value).with_headers(headers)]).unwrap();
    driver.command(DEAD_LETTER, "former-0@5", "redrive", &[]).unwrap();
    let kept = letter(&mut driver, "former-0@5");
    assert_eq!((kept.disposition, kept.rounds, &*kept.reason), (Disposition::Open, 2, "unsupported"));
    assert!(kept.message.contains("no source of this topology reads topic former"), "{}", kept.message);
}

#[test]
fn what_is_no_letter_and_the_letters_of_letters_cause_no_further_ones() {
    let mut driver = driver();
    let topic = Topic::new("test-dead-letters");
    driver.send_records(&[OutRecord::unkeyed(&topic, Bytes::from_static(b"no letter"))]).unwrap();
    // A record of the redrive topic that sheaf did not write is a letter of that topic; sending it again does not loop.
    driver.send_records(&[OutRecord::unkeyed(&Topic::new("test-redrive"), Bytes::from_static(b"x"))]).unwrap();
    driver.command(DEAD_LETTER, "test-redrive-0@0", "redrive", &[]).unwrap();
    assert_eq!(letter(&mut driver, "test-redrive-0@0").rounds, 2);
    // A large record is kept in a part.
    let large = "x".repeat(900_000);
    driver.send_records(&[child(&large)]).unwrap();
    assert!(letter(&mut driver, "children-0@0").in_parts);
    assert_eq!(driver.dead_letters().unwrap().len(), 4, "of these one is no letter");
}

#[test]
fn the_letters_of_one_application_need_one_task() {
    let mut topology = Spec::parse("pairs.yaml", TOPOLOGY).unwrap().assemble("test", |_| None).unwrap();
    add_dead_letters("test", &mut topology);
    let mut driver = TestDriver::with_settings(topology, |settings| settings.topics.partitions = 8).unwrap();
    driver.send_records(&[child("{"), child("["), child("\"")]).unwrap();
    let letters = ["children-0@0", "children-1@0", "children-2@0"];
    let text = driver.metrics().unwrap().encode().unwrap();
    let tasks = text.lines().find(|line| line.starts_with("sheaf_application_tasks")).unwrap();
    assert!(tasks.ends_with(" 9"), "{tasks}; {letters:?}");
}
