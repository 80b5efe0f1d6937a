//! Deliveries in a cluster in memory, whose instance is killed at every fault point, to a real HTTP server with faults.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use sheaf::model::{OutRecord, Topic};
use sheaf::runtime::{FaultPoint, Mutation};
use sheaf::sim::CrashPolicy;

use crate::alerts::fixture::Fixture;
use crate::alerts::http_server::{HttpServer, Reply};

const TOPOLOGY: &str = "name: t
sources:
  - { topic: parents, member: parent, bundle: /id, id: /id, expects: /children }
  - { topic: children, member: child, bundle: /parent, id: /id }
bundle: { key: text }
deliver: { webhook: { to: shop, template: t.json, path: '/bundles/{{ bundle_id }}', certainty: CERTAINTY } }
";
const TEMPLATE: &str = r#"{"id": "{{ bundle_id }}"}"#;
const BUNDLES: [&str; 3] = ["p1", "p2", "p3"];
const FAULTS: [Reply; 6] = [
    Reply::ExecutedAndReset,
    Reply::Status(503, None),
    Reply::Status(429, Some(20)),
    Reply::Hang,
    Reply::ExecutedAndReset,
    Reply::Status(400, None),
];

/// What has become of bundles: how often each was executed by a receiver with keys, and without, and their outcomes.
struct Ended {
    by_key: BTreeMap<String, usize>,
    without_keys: BTreeMap<String, usize>,
    outcomes: BTreeSet<(String, String)>,
    crashes: usize,
}

fn complete(fixture: &mut Fixture, id: &str) {
    let record = |topic: &str, value: Value| OutRecord::unkeyed(&Topic::new(topic), value.to_string().into());
    let child = record("children", json!({ "id": format!("{id}-c"), "parent": id }));
    fixture.write(&[record("parents", json!({ "id": id, "children": 1 })), child]);
}

fn deliver(certainty: &str, replies: &[Reply], (point, nth): (FaultPoint, usize), mutation: Option<Mutation>) -> Ended {
    let server = HttpServer::start(replies);
    let sinks = format!("sinks={{shop: {{webhook: {{url: '{}', timeout: 200ms}}}}}}", server.url);
    let (armed, reached) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let is_armed = Arc::clone(&armed);
    let policy: CrashPolicy = Arc::new(move |_name, at| {
        at == point && is_armed.load(Ordering::SeqCst) && reached.fetch_add(1, Ordering::SeqCst) + 1 == nth
    });
    let topology = TOPOLOGY.replace("CERTAINTY", certainty);
    let mut fixture = Fixture::new((&topology, TEMPLATE), &[&sinks], |settings| settings.mutation = mutation, policy);
    fixture.world.start("a").unwrap();
    fixture.advance(Duration::from_secs(20));
    armed.store(true, Ordering::SeqCst);
    for id in BUNDLES {
        complete(&mut fixture, id);
        fixture.advance(Duration::from_secs(8));
    }
    fixture.advance(Duration::from_mins(4));
    let (mut by_key, mut without_keys) = (BTreeMap::new(), BTreeMap::new());
    let mut keys = BTreeMap::new();
    for (key, body) in server.executed() {
        let id = body["id"].as_str().unwrap().to_owned();
        *without_keys.entry(id.clone()).or_default() += 1;
        if keys.insert(key, body).is_none() {
            *by_key.entry(id).or_default() += 1;
        }
    }
    let text = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
    let outcomes = fixture.world.broker().committed_records(&Topic::new("ctm-outcomes"));
    let outcomes = outcomes.iter().map(|it| serde_json::from_slice::<Value>(it.value.as_deref().unwrap()).unwrap());
    let outcomes = outcomes.map(|it| (text(&it, "bundle_id"), text(&it, "outcome"))).collect();
    Ended { by_key, without_keys, outcomes, crashes: fixture.crashes }
}

/// Each bundle is executed once by a receiver that honours its key, and each has an outcome. A refusal after a lost answer is for a
/// person.
#[test]
fn each_bundle_is_executed_once_by_its_key_across_crashes_at_every_fault_point() {
    let mut crashes = 0;
    for point in FaultPoint::ALL {
        for nth in [1, 3] {
            let ended = deliver("idempotent", &FAULTS, (point, nth), None);
            crashes += ended.crashes;
            let told: BTreeSet<&str> = ended.outcomes.iter().map(|(id, _)| id.as_str()).collect();
            assert_eq!(told, BUNDLES.into(), "{point:?} {nth}: {:?}", ended.outcomes);
            assert!(ended.by_key.values().all(|times| *times == 1), "{point:?} {nth}: {:?}", ended.by_key);
            for (id, outcome) in &ended.outcomes {
                let is_executed = ended.by_key.contains_key(id);
                assert!(is_executed || outcome != "submitted", "{point:?} {nth}: {id} {outcome}");
                assert!(!is_executed || outcome != "failed", "{point:?} {nth}: {id} {outcome}");
            }
        }
    }
    assert!(crashes > 10, "{crashes}");
}

/// Nothing is executed twice by a receiver without keys, and whatever may have been executed is told to a person.
#[test]
fn nothing_is_executed_twice_by_a_receiver_without_keys() {
    let mut crashes = 0;
    for point in FaultPoint::ALL {
        for nth in [1, 3] {
            let ended = deliver("once", &FAULTS, (point, nth), None);
            crashes += ended.crashes;
            assert!(ended.without_keys.values().all(|times| *times == 1), "{point:?} {nth}: {:?}", ended.without_keys);
            let told: BTreeSet<&str> = ended.outcomes.iter().map(|(id, _)| id.as_str()).collect();
            assert_eq!(told, BUNDLES.into(), "{point:?} {nth}: {:?}", ended.outcomes);
        }
    }
    assert!(crashes > 10, "{crashes}");
}

/// A new owner that takes an inherited act for one that was not sent executes a bundle twice: the test above would find it.
#[test]
fn an_inherited_act_that_is_forgotten_is_found() {
    let found = (1..=3).any(|nth| {
        let ended = deliver("once", &[], (FaultPoint::HandedOver, nth), Some(Mutation::LookUpSkipped));
        ended.without_keys.values().any(|times| *times > 1)
    });
    assert!(found, "a bundle is executed twice");
}
