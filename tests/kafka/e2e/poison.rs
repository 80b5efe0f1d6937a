//! Rejected input becomes dead letters, unchanged, and delays nothing.

use bytes::Bytes;
use sheaf::model::{Key, OutRecord};

use super::super::fixture::LIMIT;
use super::bundle::bundles;
use super::deployment::{Deployment, unkeyed};

#[test]
fn a_poison_record_becomes_a_dead_letter_and_the_partition_continues() {
    let Some(deployment) = Deployment::open("e2e-poison") else { return };
    let mut chance = fastrand::Rng::with_seed(5);
    let garbage: Vec<u8> = (0..1_000_000).map(|_| chance.u8(..)).collect();
    let poison: [(&str, Option<Bytes>); 5] = [
        ("unparsable", Some(Bytes::from_static(b"this is not JSON"))),
        ("missing_field", Some(Bytes::from_static(br#"{"name":"no id"}"#))),
        ("bad_id", Some(Bytes::from_static(br#"{"id":"not-a-uuid"}"#))),
        ("unparsable", Some(Bytes::from(garbage))),
        ("no_value", None),
    ];
    let good = bundles(1, &mut chance);
    let (parents, children) = (deployment.topic("parents"), deployment.topic("children"));
    let mut producer = deployment.fixture.producer("poison", &[]);
    producer.begin().expect("begun");
    for (number, (_, value)) in poison.iter().enumerate() {
        let record = OutRecord {
            partition: Some(0),
            key: Some(Key::new(&format!("key-{number}"))),
            ..unkeyed(&parents, value.clone())
        };
        producer.produce(&record.with_headers(sheaf::model::Headers::new().with("trace", "t"))).expect("produced");
    }
    for bundle in &good {
        for (is_parent, value) in bundle.events() {
            let topic = if is_parent { &parents } else { &children };
            let value = Some(Bytes::from(value.to_string()));
            producer.produce(&OutRecord { partition: Some(0), ..unkeyed(topic, value) }).expect("produced");
        }
    }
    producer.commit(LIMIT).expect("committed");

    let mut instance = deployment.run("a");
    deployment.wait_for_deliveries(&good);
    deployment.assert_submitted(&good);
    let mut letters = deployment.dead_letters();
    letters.sort_by_key(|letter| letter.key.clone());
    assert_eq!(letters.len(), poison.len());
    for (number, (letter, (reason, value))) in letters.iter().zip(&poison).enumerate() {
        let header = |name: &str| letter.headers.text(&format!("__sheaf.errors.{name}"));
        assert_eq!(letter.value, *value, "the original bytes of {reason}");
        assert_eq!(letter.key, Some(Bytes::from(format!("key-{number}"))), "the original key");
        assert_eq!(letter.headers.text("trace"), Some("t"), "the original headers");
        assert_eq!(header("reason"), Some(*reason), "{:?}", header("message"));
        assert_eq!(header("stage"), Some("decode"));
        assert_eq!(header("topic"), Some(parents.as_str()));
        assert_eq!(header("partition"), Some("0"));
        assert_eq!(header("offset"), Some(number.to_string().as_str()));
        assert!(header("message").is_some_and(|message| !message.is_empty()));
    }
    assert!((instance.metric("sheaf_dlq_records_total", "") - 5.0).abs() < 0.5, "counted");
    let log_text = instance.log_text();
    for reason in ["unparsable", "missing_field", "bad_id", "no_value"] {
        let is_about =
            |line: &&str| line.contains(&format!("dead letter, {reason}: ")) && line.contains(&format!("{parents}-0@"));
        let lines = log_text.lines().filter(is_about);
        assert_eq!(lines.count(), 1, "one line for each reason: {log_text}");
    }
    assert_eq!(instance.terminate(), Some(0));
}
