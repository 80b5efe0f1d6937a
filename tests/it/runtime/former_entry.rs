//! Entries that a former version has stored: what it did not schedule is scheduled when they are restored.

use std::time::Duration;

use sheaf::model::{Key, OutRecord, Topic, TopicPartition};
use sheaf::runtime::FaultPoint;
use sheaf::testing::TestDriver;
use sheaf::topology::Spec;

const TOPOLOGY: &str = "\
name: pairs
sources:
  - { topic: parents,  member: parent, bundle: /id,        id: /id }
  - { topic: children, member: child,  bundle: /parent_id, id: /id }
bundle: { children: 2, key: text }
submissions: pairs
";

/// A breached bundle of sheaf 0.1.0: format 1, the body in version 1, without timers and acts; the parent is of
/// 2026-01-01T12:00:00Z.
const BREACHED: &str = concat!(
    "01000100010000000101027031fd00acdbf23603000000187b226964223a227031222c226368696c6472656e223a327d07706172656e7473",
    "062200010201faadf471ab5bae3f006436df8262ff26"
);

fn bytes(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[test]
fn a_bundle_that_has_breached_in_a_former_version_expires_without_an_event() {
    let spec = Spec::parse("pairs.yaml", TOPOLOGY).unwrap();
    let mut driver = TestDriver::new(spec.assemble("test", |_| None).unwrap()).unwrap();
    driver.send("parents", "", r#"{"id":"other"}"#).unwrap();
    let changelog = TopicPartition::new(&Topic::new("test-bundle-changelog"), 0);
    driver.send_records(&[OutRecord::logged(&changelog, Key::new("p1"), Some(bytes(BREACHED).into()))]).unwrap();
    driver.crash_at(FaultPoint::Produced);
    driver.lose_disk().unwrap();
    let shown = driver.show("bundle", "p1").unwrap().unwrap();
    assert_eq!(
        (&shown["status"], &shown["deadlines"]["expires"]),
        (&"breached/waiting-children".into(), &"2026-01-15T12:00:00.000Z".into())
    );
    assert!(driver.alerts().unwrap().is_empty());
    driver.advance(Duration::from_hours(15 * 24)).unwrap();
    let alerts = driver.alerts().unwrap();
    let expired = alerts.iter().filter(|raised| raised.alert.kind == "expired" && raised.key == Key::new("p1"));
    assert_eq!(expired.count(), 1, "{alerts:?}");
}
