//! A process with three applications that read the same topics, in a cluster in memory: one delivers to the simulated Control-M, two to
//! webhooks. They share what applications of one process share: the sinks, the threads of the calls and the fate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use sheaf::app::{self, ApplicationSpec, Assembly, Calls, Secrets};
use sheaf::broker::memory::{self, MemoryBroker};
use sheaf::broker::{Broker, NewTopic, ProducerSpec};
use sheaf::config::{Config, Sources};
use sheaf::mock::control_m::{Simulator, SimulatorHandle, SimulatorSettings};
use sheaf::model::{Clock, OutRecord, Sink, Timestamp, Topic};
use sheaf::runtime::FaultPoint;
use sheaf::sim::{CrashPolicy, ManualClock, Setup, World};
use tokio::runtime::Runtime;

use crate::alerts::fixture::{Counting, settle};
use crate::alerts::runtime;

const STEP: Duration = Duration::from_millis(100);
const TIMEOUT: Duration = Duration::from_secs(30);
const SOURCES: &str = "sources:
  - { topic: parents, member: parent, bundle: /id, id: /id, expects: /children, start: earliest }
  - { topic: children, member: child, bundle: /parent, id: /id, start: earliest }
bundle: { key: text }
";
/// The applications, by the names of their topologies.
pub(super) const APPLICATIONS: [(&str, &str); 3] = [
    ("folders", "control_m: { template: folder.json, server: smprod, retention_days: 14 }"),
    ("shop", "webhook: { to: shop, template: body.json, path: '/bundles/{{ bundle_id }}' }"),
    ("depot", "webhook: { to: depot, template: body.json, path: '/bundles/{{ bundle_id }}' }"),
];
const FOLDER: &str = include_str!("../../../templates/bundle.json");
const BODY: &str = r#"{"id": "{{ bundle_id }}"}"#;

/// A process of two instances, one of which may be killed.
pub(super) struct Process {
    worlds: Vec<World>,
    pub(super) broker: MemoryBroker,
    pub(super) clock: Arc<ManualClock>,
    pub(super) simulator: SimulatorHandle,
    pub(super) kills: usize,
    armed: Arc<Mutex<Option<FaultPoint>>>,
    down: BTreeSet<String>,
    in_flight: Arc<AtomicUsize>,
    writes: usize,
    // Executes the calls until it is dropped.
    _runtime: Runtime,
}

fn config(directory: &Path, control_m: &str, (shop, depot): (&str, &str)) -> Config {
    let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).unwrap();
    write("folder.json", FOLDER);
    write("body.json", BODY);
    for (name, deliver) in APPLICATIONS {
        let deliver = deliver.replace("template: ", &format!("template: {}/", directory.display()));
        write(&format!("{name}.yaml"), &format!("name: {name}\n{SOURCES}deliver: {{ {deliver} }}\n"));
    }
    let path = |(name, _): (&str, &str)| directory.join(format!("{name}.yaml")).display().to_string();
    let limits = "in_flight_max: 16, timeout: 1500ms";
    let flags = [
        "application_id=p".to_owned(),
        "kafka.bootstrap_servers=memory".to_owned(),
        format!("topologies={}", APPLICATIONS.map(path).join(",")),
        format!("control_m.base_url={control_m}"),
        "control_m.api_key=k-1".to_owned(),
        "control_m.visibility_lag=1s".to_owned(),
        "control_m.request_timeout=1500ms".to_owned(),
        "control_m.intent_valid_for=1s".to_owned(),
        format!(
            "sinks={{shop: {{webhook: {{url: '{shop}', {limits}}}}}, depot: {{webhook: {{url: '{depot}', {limits}}}}}}}"
        ),
        "partitions=4".to_owned(),
    ];
    Config::load(&Sources { files: &[], environment: &[], flags: &flags, host_name: "a" }).unwrap()
}

impl Process {
    /// Both instances, started. The webhooks are at these URLs; what the sinks are to the applications may be changed.
    pub(super) fn start(seed: u64, webhooks: (&str, &str), change: fn(Arc<dyn Sink>) -> Arc<dyn Sink>) -> Self {
        let (directory, runtime) = (tempfile::tempdir().unwrap(), runtime());
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_767_268_800_000)));
        let simulator = SimulatorSettings {
            visibility_lag: Duration::ZERO..=Duration::from_millis(400),
            pools: vec![("smprod".to_owned(), "bundles".to_owned(), 1_000_000)],
            ..SimulatorSettings::new(clock.clone(), seed)
        };
        let simulator = Simulator::start(simulator, runtime.handle()).unwrap();
        let config = config(directory.path(), &simulator.base_url(), webhooks);
        let specs = ApplicationSpec::all(&config).unwrap();
        let assemblies = Assembly::all(&specs).unwrap();
        let metrics = Assembly::process_metrics(&config, &assemblies).unwrap();
        let calls = Calls { handle: runtime.handle().clone(), clock: clock.clone(), metrics };
        let sinks = app::sinks(&config, &Arc::new(Secrets::new(runtime.handle())), &calls).unwrap();
        let in_flight = Arc::new(AtomicUsize::new(0));
        let sink: Arc<dyn Sink> =
            change(Arc::new(Counting { sink: Arc::new(sinks), in_flight: Arc::clone(&in_flight) }));
        let armed: Arc<Mutex<Option<FaultPoint>>> = Arc::default();
        let of_policy = Arc::clone(&armed);
        let crash_policy: CrashPolicy =
            Arc::new(move |_name, at| of_policy.lock().unwrap().take_if(|armed| *armed == at).is_some());
        let of_broker = memory::Settings {
            session_timeout: Duration::from_secs(2),
            transaction_timeout: Duration::from_secs(3),
            ..memory::Settings::default()
        };
        let broker = MemoryBroker::new(of_broker.clone(), clock.clone());
        let topic = |name: &str| NewTopic {
            topic: Topic::new(name),
            partitions: 4,
            replication: None,
            config: BTreeMap::new(),
        };
        broker.admin().unwrap().create(&["parents", "children"].map(topic), TIMEOUT).unwrap();
        let world = |(spec, assembly): (&ApplicationSpec, Assembly)| {
            let (sink, metrics) = (Arc::clone(&sink), assembly.metrics);
            World::on(
                broker.clone(),
                Setup {
                    topology: assembly.topology,
                    settings: app::settings(&spec.config, String::new()),
                    broker: of_broker.clone(),
                    clock: clock.clone(),
                    sink: Box::new(move |_| Arc::clone(&sink)),
                    metrics: Box::new(move || Arc::clone(&metrics)),
                    spans: None,
                    crash_policy: crash_policy.clone(),
                },
            )
        };
        let worlds = specs.iter().zip(assemblies).map(world).collect();
        let down = ["a", "b"].map(str::to_owned).into();
        let (kills, writes) = (0, 0);
        let mut process =
            Self { worlds, broker, clock, simulator, kills, armed, down, in_flight, writes, _runtime: runtime };
        process.restart();
        process.advance(Duration::from_secs(5));
        process
    }

    /// Kills the instance that reaches this point next, with all its applications.
    pub(super) fn kill_at(&self, point: FaultPoint) {
        *self.armed.lock().unwrap() = Some(point);
    }

    /// Starts the instances that are down.
    pub(super) fn restart(&mut self) {
        for name in std::mem::take(&mut self.down) {
            self.worlds.iter_mut().for_each(|world| world.start(&name).unwrap());
        }
    }

    /// Turns for this long.
    pub(super) fn advance(&mut self, duration: Duration) {
        let end = self.clock.now().saturating_add(duration);
        while self.clock.now() < end {
            self.turn();
            self.clock.advance(STEP);
        }
    }

    fn turn(&mut self) {
        for _ in 0..50 {
            let turned: Vec<_> = self.worlds.iter_mut().map(World::turn).collect();
            settle(&self.in_flight);
            let is_crashed = |name: &&str| self.worlds.iter().any(|world| world.is_crashed(name));
            let crashed: Vec<String> = ["a", "b"].iter().copied().filter(is_crashed).map(str::to_owned).collect();
            if crashed.is_empty() && !turned.into_iter().fold(false, |busy, turned| busy | turned.unwrap()) {
                return;
            }
            for name in crashed {
                self.kills += 1;
                self.worlds.iter_mut().for_each(|world| world.crash(&name));
                self.down.insert(name);
            }
        }
    }

    /// Writes a parent and its child for each bundle.
    pub(super) fn complete(&mut self, bundles: impl Iterator<Item = String>) {
        self.writes += 1;
        let event = |topic: &str, value: Value| OutRecord::unkeyed(&Topic::new(topic), value.to_string().into());
        let of = |id: String| {
            let child = json!({ "id": format!("{id}-c"), "parent": id });
            [event("children", child), event("parents", json!({ "id": id, "children": 1 }))]
        };
        let mut producer =
            self.broker.producer(&ProducerSpec::transactional(&format!("outside-{}", self.writes))).unwrap();
        producer.init(TIMEOUT).unwrap();
        producer.transact(&bundles.flat_map(of).collect::<Vec<_>>(), TIMEOUT).unwrap();
    }

    /// The number of outcomes of an application.
    pub(super) fn ended(&self, application: &str) -> usize {
        self.broker.committed_records(&Topic::new(&format!("p-{application}-outcomes"))).len()
    }

    /// The values of a topic of an application.
    pub(super) fn values(&self, application: &str, topic: &str) -> Vec<Value> {
        let records = self.broker.committed_records(&Topic::new(&format!("p-{application}-{topic}")));
        records.iter().map(|it| serde_json::from_slice(it.value.as_deref().unwrap()).unwrap_or_default()).collect()
    }
}
