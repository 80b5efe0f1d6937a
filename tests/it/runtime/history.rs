//! The history: one record for each step of a node that keeps one, in the step's transaction.

use std::time::Duration;

use serde_json::{Value, json};
use sheaf::model::Record;
use sheaf::runtime::FaultPoint;
use sheaf::testing::TestDriver;
use sheaf::topology::Spec;

const TOPOLOGY: &str = "\
name: pairs
sources:
  - { topic: parents,  member: parent, bundle: /id,        id: /id }
  - { topic: children, member: child,  bundle: /parent_id, id: /id }
bundle: { children: 20, key: text, sla: 1h, conflicts: reject, keep_closed: 1h }
submissions: pairs
history: true
";

fn driver() -> TestDriver {
    let spec = Spec::parse("pairs.yaml", TOPOLOGY).unwrap();
    TestDriver::new(spec.assemble("test", |_| None).unwrap()).unwrap()
}

fn value(record: &Record) -> Value {
    serde_json::from_slice(record.value.as_deref().unwrap()).unwrap()
}

fn history(driver: &mut TestDriver) -> Vec<Value> {
    driver.read("test-history").unwrap().iter().map(value).collect()
}

#[test]
fn each_step_is_told_with_its_input_its_effects_and_the_statuses() {
    let mut driver = driver();
    driver.send("parents", "", r#"{"id":"p"}"#).unwrap();
    let midnight = "2026-01-01T00:00:00.000Z";
    let expected = json!({
        "key": "p",
        "topology": "pairs",
        "processor": "bundle",
        "task": "bundle-0",
        "at": midnight,
        "input": { "kind": "record", "role": "parent", "source": "parents-0@0", "event_at": midnight },
        "before": [],
        "after": ["open/waiting-children"],
        "effects": [
            { "effect": "count", "name": "bundle_events_total parent accepted" },
            { "effect": "count", "name": "bundles_opened_total" },
            { "effect": "schedule", "name": "deadline-0" },
        ],
    });
    let records = driver.read("test-history").unwrap();
    assert_eq!(records.iter().map(value).collect::<Vec<_>>(), [expected]);
    let header = |name: &str| records[0].headers.text(name).unwrap();
    assert_eq!((header("ce_type"), header("ce_source")), ("sheaf.step.v1", "/sheaf/pairs/bundle"));
    assert_eq!((header("ce_specversion"), header("ce_subject"), header("ce_time")), ("1.0", "p", midnight));
    assert_eq!((records[0].key.as_deref(), header("ce_id").len()), (Some(&b"p"[..]), 36));

    driver.advance(Duration::from_hours(2)).unwrap();
    let [breach] = &history(&mut driver)[..] else { panic!("the deadline is one step") };
    let timer = json!({ "kind": "timer", "name": "deadline-0", "due": "2026-01-01T01:00:00.000Z" });
    assert_eq!((&breach["input"], &breach["after"]), (&timer, &json!(["breached/waiting-children"])));
    assert!(breach["effects"].as_array().unwrap().contains(&json!({ "effect": "alert", "name": "sla_breach" })));

    for id in 1..=20 {
        driver.send("children", "", format!(r#"{{"id":"c{id}","parent_id":"p"}}"#)).unwrap();
    }
    driver.advance(Duration::from_hours(1)).unwrap();
    let [.., closed, forgotten] = &history(&mut driver)[..] else { panic!("the child, and the end of `keep_closed`") };
    assert!(closed["effects"].as_array().unwrap().contains(&json!({ "effect": "forward", "name": "submissions" })));
    assert_eq!((&forgotten["before"], &forgotten["after"]), (&json!(["closed"]), &json!([])));
}

#[test]
fn a_rejected_input_is_told_with_the_reason() {
    let mut driver = driver();
    let big = "x".repeat(900_000);
    for id in 1..=10 {
        driver.send("children", "", format!(r#"{{"id":"{id}","parent_id":"p","big":"{big}"}}"#)).unwrap();
    }
    let steps = history(&mut driver);
    assert_eq!(driver.dead_letters().unwrap().len(), 1);
    assert_eq!(
        (steps.len(), &steps[9]["rejected"]["reason"], &steps[9]["effects"]),
        (10, &json!("too_large"), &json!([]))
    );
    assert_eq!(steps[9]["after"], steps[9]["before"]);
}

#[test]
fn a_step_is_told_once_whatever_fails() {
    let mut driver = driver();
    for point in [FaultPoint::Stepped, FaultPoint::Produced, FaultPoint::Drained, FaultPoint::Committed] {
        driver.crash_at(point);
        driver.send("parents", "", format!(r#"{{"id":"{point:?}"}}"#)).unwrap();
        assert_eq!(history(&mut driver).len(), 1, "{point:?}");
    }
}

#[test]
fn a_topology_without_a_history_has_no_topic_of_it() {
    let text = TOPOLOGY.replace("history: true", "history: false");
    let spec = Spec::parse("pairs.yaml", &text).unwrap();
    let mut driver = TestDriver::new(spec.assemble("test", |_| None).unwrap()).unwrap();
    driver.send("parents", "", r#"{"id":"p"}"#).unwrap();
    assert!(driver.read("test-history").is_err());
}
