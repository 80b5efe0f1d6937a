//! The processor in a cluster in memory, with real servers: from alerts to messages, across crashes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use sheaf::app::{self, Calls, Secrets, TopologyFile};
use sheaf::broker::{Broker, ProducerSpec, memory};
use sheaf::config::{Config, Sources};
use sheaf::metric::{Build, Metrics};
use sheaf::model::{Act, Clock, Completion, Key, OutRecord, Sink, Target, TaskId, Timestamp, Topic};
use sheaf::runtime::{FaultPoint, SystemClock};
use sheaf::sim::{CrashPolicy, ManualClock, Setup, World, never_crash};
use sheaf::template::Template;
use tokio::runtime::Runtime;

use super::http_server::{HttpServer, Reply};
use super::smtp_server::{Behaviour, SmtpServer};
use super::{TIMEOUT, runtime};

const TOPOLOGY: &str = include_str!("../../../topologies/control-m.yaml");
/// The time between two turns, shorter than the session time-out of group members.
const STEP: Duration = Duration::from_secs(2);

/// Servers, an application that sends messages to them, and its cluster.
struct Fixture {
    world: World,
    in_flight: Arc<AtomicUsize>,
    sent: usize,
    crashes: usize,
    // Executes the calls until it is dropped.
    _runtime: Runtime,
}

/// Counts acts without an outcome.
#[derive(Debug)]
struct Counting {
    sink: Arc<dyn Sink>,
    in_flight: Arc<AtomicUsize>,
}

impl Sink for Counting {
    fn execute(&self, task: &TaskId, key: &Key, act: Act, _expires_at: Duration, done: Completion) {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let in_flight = Arc::clone(&self.in_flight);
        let done = move |outcome| {
            done(outcome);
            in_flight.fetch_sub(1, Ordering::SeqCst);
        };
        // The world's clock is not that of the sinks.
        self.sink.execute(task, key, act, Duration::MAX, Box::new(done));
    }

    fn capacity(&self, to: &Target) -> usize {
        self.sink.capacity(to)
    }
}

fn config(settings: &[&str]) -> Config {
    let needed = [
        "application_id=ctm",
        "kafka.bootstrap_servers=unused:1",
        "control_m.base_url=http://127.0.0.1:1/automation-api",
    ];
    let flags: Vec<String> = needed.iter().chain(settings).map(|flag| (*flag).to_owned()).collect();
    Config::load(&Sources { files: &[], environment: &[], flags: &flags, host_name: "a" }).unwrap()
}

impl Fixture {
    fn new(settings: &[&str], crash_policy: CrashPolicy) -> Self {
        let (config, runtime) = (config(settings), runtime());
        let file = TopologyFile::parse("t.yaml", TOPOLOGY, |_| Ok(Template::compile("b.json", "{}")?)).unwrap();
        let topology = file.assemble(&config).unwrap();
        let metrics = Arc::new(Metrics::of("ctm", &Build::default(), &topology).unwrap());
        let calls =
            Calls { handle: runtime.handle().clone(), clock: Arc::new(SystemClock), metrics: Arc::clone(&metrics) };
        let sinks = app::sinks(&config, &Arc::new(Secrets::new(runtime.handle())), &calls).unwrap();
        let in_flight = Arc::new(AtomicUsize::new(0));
        let sink: Arc<dyn Sink> = Arc::new(Counting { sink: Arc::new(sinks), in_flight: Arc::clone(&in_flight) });
        let world = World::new(Setup {
            topology,
            settings: app::settings(&config, String::new()),
            broker: memory::Settings::default(),
            clock: Arc::new(ManualClock::new(Timestamp::from_millis(1_767_225_600_000))),
            sink: Box::new(move |_| Arc::clone(&sink)),
            metrics: Box::new(move || Arc::clone(&metrics)),
            crash_policy,
        });
        Self { world, in_flight, sent: 0, crashes: 0, _runtime: runtime }
    }

    /// Turns for this long, and waits for the calls.
    fn advance(&mut self, duration: Duration) {
        let end = self.world.clock().now().saturating_add(duration);
        while self.world.clock().now() < end {
            self.turn();
            self.world.clock().advance(STEP);
        }
        self.turn();
    }

    fn turn(&mut self) {
        for _ in 0..20 {
            let turned = self.world.turn();
            self.settle();
            if self.world.is_crashed("a") {
                self.crashes += 1;
                self.world.crash("a");
                self.world.start("a").unwrap();
            } else if !turned.unwrap() {
                return;
            }
        }
    }

    /// Waits until no call is in flight.
    fn settle(&self) {
        let waits = (0..).take_while(|_| self.in_flight.load(Ordering::SeqCst) > 0);
        for wait in waits {
            assert!(wait < TIMEOUT.as_millis(), "a call does not end");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Writes alerts of a kind as the runtime does, one for each key, all at once.
    fn raise(&mut self, kind: &str, severity: &str, keys: impl Iterator<Item = String>) {
        let at = self.world.clock().now();
        self.sent += 1;
        let spec = ProducerSpec::transactional(&format!("outside-{}", self.sent));
        let mut producer = self.world.broker().producer(&spec).unwrap();
        producer.init(TIMEOUT).unwrap();
        let record = |key: String| {
            let value = json!({
                "key": key, "topology": "control-m", "processor": "bundle", "raised_at": at.to_string(),
                "occurred_at": at.to_string(), "kind": kind, "severity": severity, "at": at.as_millis(),
                "message": format!("{key} waits for 1 child"), "details": {"remedy": "look for it"},
            });
            OutRecord::keyed(&Topic::new("ctm-alerts"), &Key::new(&key), value.to_string().into())
        };
        producer.transact(&keys.map(record).collect::<Vec<_>>(), TIMEOUT).unwrap();
    }
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
    let mut fixture = Fixture::new(&[&sinks, routes], never_crash());
    fixture.world.start("a").unwrap();
    fixture.advance(Duration::from_secs(20));
    for burst in 0..10 {
        fixture.raise("sla_breach", "critical", (0..100).map(|number| format!("p{burst}-{number:02}")));
        fixture.advance(Duration::from_secs(2));
    }
    fixture.raise("late", "warning", ["p-late".to_owned()].into_iter());
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
            let mut fixture = Fixture::new(&[&sinks, "alerts.routes=[{to: ops}]"], policy);
            fixture.world.start("a").unwrap();
            fixture.advance(Duration::from_secs(20));
            armed.store(true, Ordering::SeqCst);
            for key in ["p1", "p2", "p3"] {
                fixture.raise("sla_breach", "critical", [key.to_owned()].into_iter());
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
    let mut fixture = Fixture::new(&[&sinks, "alerts.routes=[{to: ops, kinds: [conflict]}]"], never_crash());
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
    let mut fixture = Fixture::new(&[&sinks, "alerts.routes=[{to: ops}]"], never_crash());
    let topic = sheaf::broker::NewTopic {
        topic: Topic::new("ctm-alerts"),
        partitions: 4,
        replication: None,
        config: [("message.timestamp.type".to_owned(), "LogAppendTime".to_owned())].into(),
    };
    fixture.world.broker().admin().unwrap().create(&[topic], TIMEOUT).unwrap();
    fixture.raise("sla_breach", "critical", (0..500).map(|number| format!("old-{number}")));
    fixture.world.clock().advance(Duration::from_hours(1));
    fixture.world.start("a").unwrap();
    fixture.advance(Duration::from_mins(1));
    fixture.raise("sla_breach", "critical", ["new".to_owned()].into_iter());
    fixture.advance(Duration::from_mins(1));
    let [(_, message)] = &hook.executed()[..] else { panic!("{:?}", hook.seen()) };
    assert_eq!(shown(message), ["new"]);
}
