//! Alerts to people: from deadlines on a real Kafka to a server of webhooks, with both instances killed meanwhile.

use std::collections::BTreeMap;

use serde_json::Value;

use super::bundle::{Bundle, Event, bundles};
use super::deployment::Deployment;
use super::process::{Process, until};
use crate::alerts::http_server::{HttpServer, Reply};

/// The bundles that miss their children, in each of two waves.
const MISSING: usize = 40;

/// Writes the parents of bundles whose children never come.
fn write_parents(deployment: &Deployment, chance: &mut fastrand::Rng) {
    let parents = |bundle: Bundle| -> Event { (true, bundle.parent) };
    deployment.write_events(&bundles(MISSING, chance).into_iter().map(parents).collect::<Vec<_>>());
}

/// The messages by their idempotency key. A repeated message is the same, byte for byte.
fn messages(hook: &HttpServer) -> BTreeMap<String, Value> {
    let mut messages = BTreeMap::new();
    for (key, message) in hook.executed() {
        let former = messages.insert(key, message.clone());
        assert!(former.is_none_or(|former| former == message), "the same key, another message: {message}");
    }
    messages
}

/// The number of alerts that people were told of.
fn told(hook: &HttpServer) -> usize {
    let count = |message: Value| message["alerts"].as_u64().expect("a number");
    usize::try_from(messages(hook).into_values().map(count).sum::<u64>()).expect("small")
}

#[test]
fn each_alert_reaches_people_once_by_key_although_both_instances_are_killed() {
    let Some(mut deployment) = Deployment::open("e2e-notification") else { return };
    deployment.sla = "2s";
    let hook = HttpServer::start(&[Reply::Status(503, None), Reply::ExecutedAndReset]);
    deployment.settings = vec![
        format!("sinks: {{ ops: {{ webhook: {{ url: \"{}\" }} }} }}", hook.url),
        "alerts: { group_wait: 1s, group_interval: 2s, routes: [{ to: ops }] }".to_owned(),
    ];
    let mut chance = fastrand::Rng::with_seed(181);
    let mut instances = ["a", "b"].map(|name| deployment.run(name));
    write_parents(&deployment, &mut chance);
    until("a message is executed, and its answer is lost", || hook.seen().len() >= 2);
    instances.iter_mut().for_each(Process::kill);

    let mut instances = ["a", "b"].map(|name| deployment.run(name));
    write_parents(&deployment, &mut chance);
    let alerts = || deployment.read(&deployment.own("alerts")).len();
    until("every bundle is alerted", || alerts() >= 2 * MISSING);
    until("people are told", || told(&hook) >= 2 * MISSING);
    assert_eq!((alerts(), told(&hook)), (2 * MISSING, 2 * MISSING));
    assert!(messages(&hook).len() <= 8, "few messages for many alerts: {}", messages(&hook).len());
    assert_eq!(deployment.dead_letters().len(), 0);
    assert_eq!(instances.each_mut().map(Process::terminate), [Some(0); 2]);
}
