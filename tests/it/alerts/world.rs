//! The processor in a cluster in memory, with real servers: from alerts to messages, across crashes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use sheaf::broker::{Broker, ProducerSpec};
use sheaf::model::{Clock, Key, OutRecord, Topic};
use sheaf::runtime::FaultPoint;
use sheaf::sim::{CrashPolicy, never_crash};

use super::TIMEOUT;
use super::fixture::Fixture;
use super::http_server::{HttpServer, Reply};
use super::smtp_server::{Behaviour, SmtpServer};

const TOPOLOGY: &str = include_str!("../../../topologies/control-m.yaml");
/// Writes alerts of a kind as the runtime does, one for each key, all at once.
fn raise(fixture: &mut Fixture, kind: &str, severity: &str, keys: impl Iterator<Item = String>) {
    let at = fixture.world.clock().now();
    let record = |key: String| {
        let value = json!({
            "key": key, "topology": "control-m", "processor": "bundle", "raised_at": at.to_string(),
            "occurred_at": at.to_string(), "kind": kind, "severity": severity, "at": at.as_millis(),
            "message": format!("{key} waits for 1 child"), "details": {"remedy": "look for it"},
        });
        OutRecord::keyed(&Topic::new("ctm-alerts"), &Key::new(&key), value.to_string().into())
    };
    fixture.write(&keys.map(record).collect::<Vec<_>>());
}

/// An application with routes of alerts.
fn fixture(settings: &[&str], crash_policy: CrashPolicy) -> Fixture {
    Fixture::new((TOPOLOGY, "{}"), settings, |_| {}, crash_policy)
}

/// The keys of the alerts that a generic message shows.
fn shown(message: &Value) -> Vec<String> {
    let alerts = message.pointer("/groups/0/alerts").unwrap().as_array().unwrap();
    alerts.iter().map(|alert| alert["key"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_burst_of_a_thousand_alerts_is_a_few_messages() {
    let (hook, mail) = (HttpServer::start(&[]), SmtpServer::start(Behaviour::default()));
    let sinks = format!(
        "sinks={{ops: {{webhook: {{url: '{}'}}}}, mail: {{smtp: {{host: localhost, port: {}, tls: none, from: s@example.com, \
         to: [o@example.com]}}}}}}",
        hook.url, mail.port
    );
    let routes = "alerts.routes=[{to: ops}, {to: mail, severity: critical}]";
    let mut fixture = fixture(&[&sinks, routes], never_crash());
    fixture.world.start("a").unwrap();
    fixture.advance(Duration::from_secs(20));
    for burst in 0..10 {
        raise(&mut fixture, "sla_breach", "critical", (0..100).map(|number| format!("p{burst}-{number:02}")));
        fixture.advance(Duration::from_secs(2));
    }
    raise(&mut fixture, "late", "warning", ["p-late".to_owned()].into_iter());
    fixture.advance(Duration::from_mins(10));
    let messages = hook.executed();
    let counts: Vec<u64> = messages.iter().map(|(_, message)| message["alerts"].as_u64().unwrap()).collect();
    assert_eq!(counts.iter().sum::<u64>(), 1_001, "each alert is told once: {counts:?}");
    assert!((2..=3).contains(&counts.len()), "{counts:?}");
    assert!(messages.iter().all(|(_, message)| shown(message).len() <= 10));
    let mails = mail.taken();
    assert!((1..=2).contains(&mails.len()), "the warning is not for mail: {}", mails.len());
    assert!(mails[0].header("Subject").contains("sla_breach"), "{}", mails[0].content);
    let metrics = fixture.world.metrics("a").unwrap().encode().unwrap();
    let gathered = r#"sheaf_notification_alerts_total{application="ctm",outcome="gathered"} 2001"#;
    assert!(metrics.contains(gathered), "{metrics}");
}

/// A crash at each fault point while a message is sent: each alert is told under one key, whatever was repeated.
#[test]
fn each_alert_is_told_once_by_key_across_crashes_at_every_fault_point() {
    let mut crashes = 0;
    for point in FaultPoint::ALL {
        for nth in 1..=3 {
            let hook = HttpServer::start(&[Reply::ExecutedAndReset, Reply::Status(500, None)]);
            let sinks = format!("sinks={{ops: {{webhook: {{url: '{}'}}}}}}", hook.url);
            let (armed, reached) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
            let is_armed = Arc::clone(&armed);
            let policy: CrashPolicy = Arc::new(move |_name, at| {
                at == point && is_armed.load(Ordering::SeqCst) && reached.fetch_add(1, Ordering::SeqCst) + 1 == nth
            });
            let mut fixture = fixture(&[&sinks, "alerts.routes=[{to: ops}]"], policy);
            fixture.world.start("a").unwrap();
            fixture.advance(Duration::from_secs(20));
            armed.store(true, Ordering::SeqCst);
            for key in ["p1", "p2", "p3"] {
                raise(&mut fixture, "sla_breach", "critical", [key.to_owned()].into_iter());
                fixture.advance(Duration::from_secs(8));
            }
            fixture.advance(Duration::from_mins(12));
            crashes += fixture.crashes;
            let mut by_key: BTreeMap<String, BTreeSet<Vec<String>>> = BTreeMap::new();
            for (key, message) in hook.executed() {
                by_key.entry(key).or_default().insert(shown(&message));
            }
            assert!(by_key.values().all(|bodies| bodies.len() == 1), "a key is always sent with the same content");
            let mut told: Vec<String> = by_key.into_values().flatten().flatten().collect();
            told.sort_unstable();
            assert_eq!(told, ["p1", "p2", "p3"], "{point:?} {nth}: {:?}", hook.executed());
        }
    }
    // An instance alone has its partitions all the time, so some points are not reached after the start.
    assert!(crashes > 20, "{crashes}");
}

/// The whole way: an event in conflict with another raises an alert, which is told.
#[test]
fn a_deviation_of_a_bundle_is_told_and_history_is_not() {
    let hook = HttpServer::start(&[]);
    let sinks = format!("sinks={{ops: {{webhook: {{url: '{}', format: slack}}}}}}", hook.url);
    let mut fixture = fixture(&[&sinks, "alerts.routes=[{to: ops, kinds: [conflict]}]"], never_crash());
    fixture.world.start("a").unwrap();
    fixture.advance(Duration::from_secs(4));
    let id = "018f3c1e-7d1e-7aaa-bbbb-000000000001";
    for note in ["a", "b"] {
        let value = json!({ "id": id, "children": 1, "description": note });
        let record = OutRecord::unkeyed(&Topic::new("ctm-parent-events"), value.to_string().into());
        let mut producer = fixture.world.broker().producer(&ProducerSpec::transactional("events")).unwrap();
        producer.init(TIMEOUT).unwrap();
        producer.transact(&[record], TIMEOUT).unwrap();
        fixture.advance(Duration::from_secs(4));
    }
    fixture.advance(Duration::from_secs(30));
    let [(_, message)] = &hook.executed()[..] else { panic!("{:?}", hook.seen()) };
    let text = message["text"].as_str().unwrap();
    assert!(text.contains("conflict of 018f3c1e-7d1e-7aaa-bbbb-000000000001"), "{text}");
}

/// Alerts that were raised before the first start with routes are history.
#[test]
fn alerts_from_before_the_first_start_are_not_told() {
    let hook = HttpServer::start(&[]);
    let sinks = format!("sinks={{ops: {{webhook: {{url: '{}'}}}}}}", hook.url);
    let mut fixture = fixture(&[&sinks, "alerts.routes=[{to: ops}]"], never_crash());
    let topic = sheaf::broker::NewTopic {
        topic: Topic::new("ctm-alerts"),
        partitions: 4,
        replication: None,
        config: [("message.timestamp.type".to_owned(), "LogAppendTime".to_owned())].into(),
    };
    fixture.world.broker().admin().unwrap().create(&[topic], TIMEOUT).unwrap();
    raise(&mut fixture, "sla_breach", "critical", (0..500).map(|number| format!("old-{number}")));
    fixture.world.clock().advance(Duration::from_hours(1));
    fixture.world.start("a").unwrap();
    fixture.advance(Duration::from_mins(1));
    raise(&mut fixture, "sla_breach", "critical", ["new".to_owned()].into_iter());
    fixture.advance(Duration::from_mins(1));
    let [(_, message)] = &hook.executed()[..] else { panic!("{:?}", hook.seen()) };
    assert_eq!(shown(message), ["new"]);
}
