//! Instances with HTTP servers of their own, on a broker in memory.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use sheaf::admin::{Server, ServerSettings};
use sheaf::app::{self, ApplicationSpec, Assembly, Process, Resources};
use sheaf::broker::memory::{self, MemoryBroker};
use sheaf::broker::{Broker, NewTopic, ProducerSpec};
use sheaf::config::{Config, Sources};
use sheaf::model::{Key, OutRecord, Topic};
use sheaf::runtime::{Application, Instance, SystemClock};
use sheaf::store::memory::MemoryStores;
use tokio::runtime::Runtime;

pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
pub(super) const TOPOLOGY: &str = "name: paid
sources:
  - { topic: orders,   member: parent, bundle: /order, id: /order, start: earliest }
  - { topic: payments, member: child,  bundle: /order, id: /id,    start: earliest }
bundle: { key: text, children: 1 }
trace: { reads: [{ topic: messages, id: /traceid, type: /type, start: earliest }] }
";

fn config(topology: &str, directory: &Path, instance: &str) -> Config {
    let path = directory.join("topology.yaml");
    std::fs::write(&path, topology).unwrap();
    let flags = [
        "application_id=shop".to_owned(),
        "kafka.bootstrap_servers=memory".to_owned(),
        format!("topologies={}", path.display()),
        format!("instance_id={instance}"),
    ];
    Config::load(&Sources { files: &[], environment: &[], flags: &flags, host_name: "a" }).unwrap()
}

/// An instance with its HTTP server.
pub(super) struct Node {
    pub(super) address: SocketAddr,
    pub(super) server: Server,
    pub(super) instance: Instance,
}

impl Node {
    pub(super) fn start(name: &str, directory: &Path, broker: &MemoryBroker, runtime: &Runtime) -> Self {
        Self::of(TOPOLOGY, (name, directory), broker, runtime)
    }

    /// Instances with these names, once each has tasks that run, and knows of those of all others: no task moves from then on.
    pub(super) fn group<const N: usize>(
        (topology, names): (&str, [&str; N]),
        directory: &Path,
        broker: &MemoryBroker,
        runtime: &Runtime,
    ) -> [Self; N] {
        let nodes = names.map(|name| Self::of(topology, (name, directory), broker, runtime));
        until("each instance has tasks that run", || {
            nodes.iter().zip(names).all(|(node, own)| {
                let page = node.ok("tasks");
                let active = || page["items"].as_array().unwrap().iter().filter(|task| task["role"] == "active");
                active().all(|task| task["instance"] != own || task["state"] == "running")
                    && names.iter().all(|name| active().any(|task| task["instance"] == *name))
            })
        });
        nodes
    }

    /// An instance of another topology file.
    fn of(topology: &str, (name, directory): (&str, &Path), broker: &MemoryBroker, runtime: &Runtime) -> Self {
        let config = config(topology, directory, name);
        let specs = ApplicationSpec::all(&config).unwrap();
        let mut assemblies = Assembly::all(&specs).unwrap();
        let metrics = Assembly::process_metrics(&config, &assemblies).unwrap();
        let resources = Resources::new(&config, runtime.handle(), &metrics).unwrap();
        let process = Arc::new(Process::new(&specs, &assemblies, &resources, metrics));
        let settings = ServerSettings::readable(SocketAddr::from(([127, 0, 0, 1], 0)));
        let server = runtime.block_on(Server::start(settings, process)).unwrap();
        let address = server.address();
        let assembly = assemblies.remove(0);
        let settings = app::settings(&specs[0].config, format!("http://{address}"));
        let application = Application::new(assembly.topology, settings, broker.clone(), MemoryStores::new())
            .with_metrics(assembly.metrics)
            .with_status(assembly.status)
            .with_queries(assembly.queries);
        Self { address, server, instance: application.start().unwrap() }
    }

    /// The answer of a path, with its head.
    pub(super) fn ask(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The status and the JSON of an answer.
    pub(super) fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.ask(&format!("/api/v1/{path}"));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let code = head.split(' ').nth(1).unwrap().parse().unwrap();
        (code, serde_json::from_str(body).unwrap_or_else(|error| panic!("{path}: {error}: {answer}")))
    }

    pub(super) fn ok(&self, path: &str) -> Value {
        let (code, answer) = self.get(path);
        assert_eq!(code, 200, "{path}: {answer}");
        answer
    }
}

pub(super) fn broker() -> MemoryBroker {
    let session_timeout = Duration::from_secs(6);
    let settings = memory::Settings { blocking: true, session_timeout, ..memory::Settings::default() };
    let broker = MemoryBroker::new(settings, Arc::new(SystemClock));
    let topic =
        |name: &str| NewTopic { topic: Topic::new(name), partitions: 2, replication: None, config: BTreeMap::new() };
    broker.admin().unwrap().create(&["orders", "payments", "messages", "cook", "deliver"].map(topic), TIMEOUT).unwrap();
    broker
}

pub(super) fn write(broker: &MemoryBroker, topic: &str, values: impl Iterator<Item = String>) {
    let mut producer = broker.producer(&ProducerSpec::transactional("outside")).unwrap();
    producer.init(TIMEOUT).unwrap();
    let record = |value: String| OutRecord::keyed(&Topic::new(topic), &Key::new("k"), Bytes::from(value));
    producer.transact(&values.map(record).collect::<Vec<_>>(), TIMEOUT).unwrap();
}

pub(super) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_mins(1), "timed out waiting until {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The binary, without the variables of whoever runs the tests.
pub(super) fn command(words: &[&str]) -> Command {
    let mut process = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SHEAF_")) {
        process.env_remove(name);
    }
    process.args(words);
    process
}

/// What the command line prints, on both outputs.
pub(super) fn sheaf(words: &[&str]) -> String {
    let output = command(words).output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}
