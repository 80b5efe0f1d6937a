//! Several topologies in one process: each is an application of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sheaf::admin::Status as _;
use sheaf::app::{ApplicationSpec, Assembly, ProcessStatus, settings};
use sheaf::broker::memory::{self, MemoryBroker};
use sheaf::broker::{Broker, NewTopic, ProducerSpec};
use sheaf::config::{Config, Sources};
use sheaf::model::{Headers, OutRecord, Topic};
use sheaf::runtime::{Application, Instance, MemoryBudget, SystemClock};
use sheaf::sink::Sinks;
use sheaf::store::memory::MemoryStores;

use crate::prometheus;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Two topologies that read `orders`.
const FILES: [(&str, &str); 2] = [
    (
        "paid.yaml",
        "name: paid
sources:
  - { topic: orders,   member: parent, bundle: /order, id: /order, start: earliest }
  - { topic: payments, member: child,  bundle: /order, id: /id,    start: earliest }
bundle: { key: text, children: 1 }
",
    ),
    (
        "sent.yaml",
        "name: sent
sources:
  - { topic: orders, member: parent, bundle: /order, id: /order, start: earliest }
  - { topic: parcels, member: child, bundle: /order, id: /id,    start: earliest }
bundle: { key: text, children: 1 }
",
    ),
];

fn config(directory: &Path) -> Config {
    for (name, text) in FILES {
        std::fs::write(directory.join(name), text).unwrap();
    }
    let paths = FILES.map(|(name, _)| directory.join(name).display().to_string()).join(",");
    let flags =
        ["application_id=shop".to_owned(), "kafka.bootstrap_servers=memory".to_owned(), format!("topologies={paths}")];
    Config::load(&Sources { files: &[], environment: &[], flags: &flags, host_name: "a" }).unwrap()
}

/// All applications of a process, on a broker in memory.
struct Process {
    running: Vec<(String, Instance)>,
    status: ProcessStatus,
}

impl Process {
    fn start(config: &Config, broker: &MemoryBroker) -> Self {
        let specs = ApplicationSpec::all(config).unwrap();
        let assemblies = Assembly::all(&specs).unwrap();
        let metrics = Assembly::process_metrics(config, &assemblies).unwrap();
        let health =
            |(spec, assembly): (&ApplicationSpec, &Assembly)| (spec.id().to_owned(), assembly.health(&Sinks::new()));
        let instances = specs.iter().zip(&assemblies).map(health).collect();
        let memory_budget = MemoryBudget::new(1 << 20);
        let start = |(spec, assembly): (&ApplicationSpec, Assembly)| {
            let settings = settings(&spec.config, String::new());
            let application = Application::new(assembly.topology, settings, broker.clone(), MemoryStores::new())
                .with_metrics(assembly.metrics)
                .with_status(assembly.status)
                .with_memory_budget(memory_budget.clone());
            (spec.id().to_owned(), application.start().unwrap())
        };
        let running = specs.iter().zip(assemblies).map(start).collect();
        Self { running, status: ProcessStatus { instances, metrics } }
    }

    fn stop(self) {
        for (application, instance) in self.running {
            instance.stop().unwrap_or_else(|error| panic!("{application}: {error}"));
        }
    }
}

fn broker() -> MemoryBroker {
    let settings = memory::Settings { blocking: true, ..memory::Settings::default() };
    let broker = MemoryBroker::new(settings, Arc::new(SystemClock));
    let topic =
        |name: &str| NewTopic { topic: Topic::new(name), partitions: 2, replication: None, config: BTreeMap::new() };
    broker.admin().unwrap().create(&["orders", "payments", "parcels"].map(topic), TIMEOUT).unwrap();
    broker
}

fn write(broker: &MemoryBroker, topic: &str, values: impl Iterator<Item = String>) {
    let mut producer = broker.producer(&ProducerSpec::transactional("outside")).unwrap();
    producer.init(TIMEOUT).unwrap();
    let record = |value: String| OutRecord {
        topic: Topic::new(topic),
        partition: None,
        key: None,
        value: Some(Bytes::from(value)),
        headers: Headers::new(),
        timestamp: None,
    };
    producer.transact(&values.map(record).collect::<Vec<_>>(), TIMEOUT).unwrap();
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_mins(1), "timed out waiting until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The keys of the records of a topic, sorted.
fn keys(broker: &MemoryBroker, topic: &str) -> Vec<String> {
    let records = broker.committed_records(&Topic::new(topic)).into_iter();
    let mut keys: Vec<String> =
        records.map(|record| String::from_utf8(record.key.unwrap().to_vec()).unwrap()).collect();
    keys.sort();
    keys
}

#[test]
fn two_topologies_read_one_topic_each_for_itself() {
    let directory = tempfile::tempdir().unwrap();
    let (config, broker) = (config(directory.path()), broker());
    let process = Process::start(&config, &broker);
    until("both are ready", || process.status.health().ready);
    let numbers = || 0..40;
    write(&broker, "orders", numbers().map(|number| format!(r#"{{"order":"o{number:02}"}}"#)));
    write(&broker, "payments", numbers().map(|number| format!(r#"{{"order":"o{number:02}","id":"p"}}"#)));
    let all: Vec<String> = numbers().map(|number| format!("o{number:02}")).collect();
    until("all are paid", || keys(&broker, "shop-paid-submissions") == all);
    assert!(keys(&broker, "shop-sent-submissions").is_empty(), "nothing is sent yet");
    process.stop();

    // A restart of both: nothing is lost, nothing comes twice.
    let process = Process::start(&config, &broker);
    write(&broker, "parcels", numbers().map(|number| format!(r#"{{"order":"o{number:02}","id":"s"}}"#)));
    until("all are sent", || keys(&broker, "shop-sent-submissions") == all);
    assert_eq!(keys(&broker, "shop-paid-submissions"), all);

    let health = process.status.health();
    assert!(health.alive && health.ready && health.state == "running", "{health:?}");
    let details: Vec<(&str, &str)> = health.details.iter().map(|(id, state)| (&**id, &**state)).collect();
    assert_eq!(details, [("shop-paid", "running"), ("shop-sent", "running")]);
    assert_eq!(health.applications["shop-sent"].details["tasks running"], "5", "with that of its dead letters");
    assert!(serde_json::to_value(&health).unwrap()["applications"]["shop-paid"]["applications"].is_null());

    let series = prometheus::read(&process.status.metrics().unwrap()).unwrap();
    let value = |name: &str, labels: &[(&str, &str)]| {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        series.get(&(name.to_owned(), labels)).copied()
    };
    for (application, topic) in [("shop-paid", "payments"), ("shop-sent", "parcels")] {
        let of = ("application", application);
        assert_eq!(value("sheaf_instance_state", &[of, ("state", "running")]), Some(1.0));
        assert!(value("sheaf_consumer_records_total", &[of, ("topic", topic)]).is_some(), "{application}");
        assert_eq!(value("sheaf_log_messages_total", &[of, ("level", "warn")]), None, "the log is of the process");
    }
    assert_eq!(
        value("sheaf_bundles_opened_total", &[("application", "shop-sent")]),
        Some(0.0),
        "the children close them"
    );
    assert!(value("sheaf_log_messages_total", &[("application", "shop"), ("level", "warn")]).is_some());
    assert!(value("process_cpu_seconds_total", &[]).is_some());
    process.stop();
    let instances = broker.committed_records(&Topic::new("shop-paid-instances"));
    assert!(!instances.is_empty() && !broker.committed_records(&Topic::new("shop-sent-instances")).is_empty());
}

#[test]
fn an_application_that_has_stopped_makes_the_process_not_ready() {
    let directory = tempfile::tempdir().unwrap();
    let (config, broker) = (config(directory.path()), broker());
    let mut process = Process::start(&config, &broker);
    until("both are ready", || process.status.health().ready);
    let (_, paid) = process.running.remove(0);
    paid.stop().unwrap();
    let health = process.status.health();
    assert!(!health.ready && !health.applications["shop-paid"].ready, "{health:?}");
    assert_eq!(health.state, "draining");
    assert_eq!(health.details["shop-sent"], "running");
    process.stop();
}

/// Runs the binary with both files.
fn sheaf(directory: &Path, words: &[&str]) -> (Option<i32>, String) {
    let config = config(directory);
    let paths = config.topologies.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(",");
    let mut process = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SHEAF_")) {
        process.env_remove(name);
    }
    process.args(words).args(["-c", "/dev/null"]).current_dir(directory);
    for setting in ["application_id=shop", "kafka.bootstrap_servers=127.0.0.1:1", &format!("topologies={paths}")] {
        process.args(["--set", setting]);
    }
    let output = process.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), format!("{stdout}{stderr}"))
}

#[test]
fn commands_tell_of_all_topologies_or_ask_for_one() {
    let directory = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| sheaf(directory.path(), words);
    let (code, printed) = run(&["validate"]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("ok: application shop-paid, topology paid\n    reads orders, payments"), "{printed}");
    assert!(printed.contains("ok: application shop-sent, topology sent\n    reads orders, parcels"), "{printed}");
    let (code, printed) = run(&["topology", "describe"]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(
        printed.contains("shop-paid-bundle-inbox") && printed.contains("\n\ntopology sent, application"),
        "{printed}"
    );
    let (code, printed) = run(&["topology", "describe", "--topology", "sent"]);
    assert!(code == Some(0) && !printed.contains("shop-paid"), "{printed}");
    let (code, printed) = run(&["deliveries", "retry", "o1"]);
    assert!(code == Some(2) && printed.contains("add --topology NAME, one of paid, sent"), "{printed}");
    let (code, printed) = run(&["state", "list", "--topology", "snet"]);
    assert!(code == Some(2) && printed.contains("no topology is named `snet`; the names are paid, sent"), "{printed}");
    let (code, printed) = run(&["state", "republish", "--all"]);
    assert!(code == Some(2) && printed.contains("add --topology NAME, one of paid, sent"), "{printed}");
}

#[test]
fn a_state_directory_of_the_former_only_topology_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(directory.path().join("state/shop")).unwrap();
    let (code, printed) = sheaf(directory.path(), &["run"]);
    assert_eq!(code, Some(78), "{printed}");
    assert!(
        printed.contains("state/shop is the state of the application shop, which is none of the topologies"),
        "{printed}"
    );
    assert!(printed.contains("Write `application_id: shop` to the file that has run under it"), "{printed}");
}
