//! A cluster in memory whose instances deliver to the simulated Control-M over HTTP. All have one clock, which is set by hand and
//! stands still while a call is in flight.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use sheaf::admin::{self, Status as _};
use sheaf::app::{InstanceStatus, ProcessStatus};
use sheaf::broker::{Broker as _, ProducerSpec, memory};
use sheaf::metric::{Build, Metrics};
use sheaf::mock::control_m::{Simulator, SimulatorHandle, SimulatorSettings};
use sheaf::model::{Clock, OutRecord, Record, Sink, Target, Timestamp, Topic};
use sheaf::processor::delivery::control_m::CONTROL_M;
use sheaf::processor::delivery::{Backoff, Delivery, Settings};
use sheaf::runtime::{FaultPoint, Limits, TopicSettings};
use sheaf::sim::{CrashPolicy, ManualClock, Setup, World};
use sheaf::sink::Sinks;
use sheaf::sink::control_m::ControlM;
use sheaf::template::Template;
use sheaf::topology::{Spec, StartAt, Topology};
use tokio::runtime::Runtime;

use super::recording::{Calls, Ended, Recording};
use super::settings;

const APPLICATION: &str = "app";
pub(super) const TEMPLATE: &str = include_str!("../../../templates/bundle.json");
pub(super) const TOPOLOGY: &str = include_str!("../../../topologies/control-m.yaml");
/// 2026-01-01 at noon in UTC, so that no test meets New Day.
const START: Timestamp = Timestamp::from_millis(1_767_268_800_000);
/// The time between two turns, shorter than the session time-out of group members.
const STEP: Duration = Duration::from_millis(100);
/// The time-out of what must happen.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A cluster, its instances and their Control-M.
pub(super) struct Cluster {
    pub(super) world: World,
    pub(super) simulator: SimulatorHandle,
    pub(super) calls: Arc<Calls>,
    /// The spans of all instances.
    pub(super) spans: Arc<Ended>,
    /// The number of instances that were killed at a fault point.
    pub(super) kills: usize,
    writes: usize,
    metrics: Arc<Metrics>,
    sink: Arc<dyn Sink>,
    armed: Arc<Mutex<Option<FaultPoint>>>,
    down: BTreeSet<String>,
    runtime: Runtime,
}

/// Waits of seconds, so that a take-over does not outlast the next kill. The sums of different ones are different.
pub(super) fn short() -> Settings {
    Settings {
        intent_valid_for: Duration::from_secs(1),
        request_timeout: Duration::from_millis(1_500),
        visibility_lag: Duration::from_secs(1),
        retry: Backoff {
            first: Duration::from_millis(500),
            factor: 2,
            max: Duration::from_secs(10),
            jitter_percent: 25,
        },
        ..settings()
    }
}

fn topology(text: &str, settings: &Settings, template: &str) -> Topology {
    let spec = Spec::parse("control-m.yaml", text).unwrap();
    let template = Template::compile("test.json", template).unwrap();
    let deliver = |to: &sheaf::topology::spec::Delivery| {
        Some(Delivery::new(to.kind.control_m()?.folders(template.clone()), settings.clone()))
    };
    let mut topology = spec.assemble(APPLICATION, deliver).unwrap();
    for source in &mut topology.sources {
        source.start = Some(StartAt::Earliest);
    }
    topology
}

impl Cluster {
    /// A cluster without an instance, whose topology follows runs if it shall. Folders are visible after up to 400 ms.
    pub(super) fn new(seed: u64, track: bool, settings: &Settings) -> Self {
        Self::with(seed, track, settings, TEMPLATE)
    }

    /// The same with a template.
    pub(super) fn with(seed: u64, track: bool, settings: &Settings, template: &str) -> Self {
        let text = if track { TOPOLOGY.replace("retention_days: 14", "track: true") } else { TOPOLOGY.to_owned() };
        Self::of(seed, &text, settings, template)
    }

    /// The same with the text of a topology file.
    pub(super) fn of(seed: u64, text: &str, settings: &Settings, template: &str) -> Self {
        Self::made((seed, text), settings, template, |_, _| ())
    }

    /// The same with other settings of the simulator and of the sink.
    pub(super) fn made(
        (seed, text): (u64, &str),
        settings: &Settings,
        template: &str,
        change: impl FnOnce(&mut SimulatorSettings, &mut sheaf::sink::control_m::Settings),
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let mut of_simulator = SimulatorSettings::new(clock.clone(), seed);
        of_simulator.visibility_lag = Duration::ZERO..=Duration::from_millis(400);
        of_simulator.pools = vec![("smprod".to_owned(), "bundles".to_owned(), 1_000_000)];
        let mut of_sink = sheaf::sink::control_m::Settings {
            request_timeout: short().request_timeout,
            ..crate::control_m::support::settings("")
        };
        change(&mut of_simulator, &mut of_sink);
        let simulator = Simulator::start(of_simulator, runtime.handle()).unwrap();
        of_sink.base_url = simulator.base_url();
        let topology = topology(text, settings, template);
        let metrics = Arc::new(Metrics::of(APPLICATION, &Build::default(), &topology).unwrap());
        let submits =
            ControlM::measured(&of_sink, runtime.handle().clone(), clock.clone(), Arc::clone(&metrics)).unwrap();
        let (calls, spans) = (Arc::new(Calls::default()), Arc::new(Ended::default()));
        let sink: Arc<dyn Sink> = Arc::new(Recording::new(submits, Arc::clone(&calls)));
        let of_world = Arc::clone(&sink);
        let armed: Arc<Mutex<Option<FaultPoint>>> = Arc::default();
        let of_policy = Arc::clone(&armed);
        let crash_policy: CrashPolicy = Arc::new(move |_name, at| {
            let mut armed = of_policy.lock().unwrap();
            let is_here = *armed == Some(at);
            if is_here {
                *armed = None;
            }
            is_here
        });
        let of_world_metrics = Arc::clone(&metrics);
        let world = World::new(Setup {
            topology,
            settings: sheaf::runtime::Settings {
                topics: TopicSettings { partitions: 4, ..TopicSettings::default() },
                limits: Limits { broker_timeout: TIMEOUT, ..Limits::default() },
                ..sheaf::runtime::Settings::new(APPLICATION, "unnamed")
            },
            broker: memory::Settings {
                session_timeout: Duration::from_secs(2),
                transaction_timeout: Duration::from_secs(3),
                ..memory::Settings::default()
            },
            clock,
            sink: Box::new(move |_| Arc::clone(&of_world)),
            metrics: Box::new(move || Arc::clone(&of_world_metrics)),
            spans: Some(spans.clone()),
            crash_policy,
        });
        Self {
            world,
            simulator,
            calls,
            spans,
            kills: 0,
            writes: 0,
            metrics,
            sink,
            armed,
            down: BTreeSet::new(),
            runtime,
        }
    }

    /// Kills the next instance that reaches this point, as kill -9 does; [`Cluster::restart`] starts it again.
    pub(super) fn kill_at(&self, point: FaultPoint) {
        *self.armed.lock().unwrap() = Some(point);
    }

    /// Starts the killed instances.
    pub(super) fn restart(&mut self) {
        for name in std::mem::take(&mut self.down) {
            self.world.start(&name).unwrap();
        }
    }

    /// Turns for this long.
    pub(super) fn advance(&mut self, duration: Duration) {
        self.pass(duration, STEP);
    }

    /// Turns for this long, with this time between two turns.
    pub(super) fn pass(&mut self, duration: Duration, step: Duration) {
        let end = self.world.clock().now().saturating_add(duration);
        while self.world.clock().now() < end {
            self.turn();
            self.world.clock().advance(step);
        }
        self.turn();
    }

    /// Turns until a condition holds, which must be within this time.
    pub(super) fn until(&mut self, within: Duration, condition: impl Fn(&Self) -> bool) {
        let end = self.world.clock().now().saturating_add(within);
        while !condition(self) {
            assert!(self.world.clock().now() < end, "it does not happen within {within:?}");
            self.advance(Duration::from_secs(1));
        }
    }

    fn turn(&mut self) {
        for _ in 0..50 {
            let turned = self.world.turn();
            self.settle();
            let crashed: Vec<String> =
                self.world.running().filter(|name| self.world.is_crashed(name)).map(str::to_owned).collect();
            if crashed.is_empty() {
                if !turned.unwrap() {
                    return;
                }
                continue;
            }
            for name in crashed {
                self.kills += 1;
                self.world.crash(&name);
                self.down.insert(name);
            }
        }
    }

    /// Waits until no call is in flight, in real time.
    fn settle(&self) {
        for wait in 0_u128.. {
            if self.calls.in_flight() == 0 {
                return;
            }
            assert!(wait < TIMEOUT.as_millis(), "a call does not end");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Writes records in one transaction.
    pub(super) fn write(&mut self, records: &[OutRecord]) {
        self.writes += 1;
        let spec = ProducerSpec::transactional(&format!("outside-{}", self.writes));
        let mut producer = self.world.broker().producer(&spec).unwrap();
        producer.init(TIMEOUT).unwrap();
        producer.transact(records, TIMEOUT).unwrap();
    }

    /// Writes a parent and its child for each bundle.
    pub(super) fn complete(&mut self, bundles: impl Iterator<Item = String>) {
        let event = |topic: &str, value: Value| OutRecord::unkeyed(&Topic::new(topic), value.to_string().into());
        let of = |id: String| {
            let child = json!({ "id": id.replace("-4000-", "-4001-"), "parent_id": id, "position": 1 });
            [event("ctm-children-events", child), event("ctm-parent-events", json!({ "id": id, "children": 1 }))]
        };
        self.write(&bundles.flat_map(of).collect::<Vec<_>>());
    }

    /// The committed records of a topic of the application.
    pub(super) fn records(&self, topic: &str) -> Vec<Record> {
        self.world.broker().committed_records(&Topic::new(&format!("{APPLICATION}-{topic}")))
    }

    /// Their values.
    pub(super) fn values(&self, topic: &str) -> Vec<Value> {
        self.records(topic).iter().map(|it| serde_json::from_slice(it.value.as_deref().unwrap()).unwrap()).collect()
    }

    /// The messages of the dead letters.
    pub(super) fn dead_letters(&self) -> Vec<String> {
        let message = |it: &Record| it.headers.iter().find(|header| header.name.ends_with("message")).unwrap().clone();
        self.records("dead-letters").iter().map(|it| format!("{:?}", message(it).value)).collect()
    }

    /// Takes the simulator down or up.
    pub(super) fn set_down(&self, down: bool) {
        self.runtime.block_on(self.simulator.set_down(down));
    }

    /// Why the sink of submits is suspended; empty if it is not.
    pub(super) fn suspension(&self) -> String {
        self.sink.suspensions().into_values().next().unwrap_or_default()
    }

    /// What the HTTP server of an instance has at `/readyz` and `/metrics`.
    pub(super) fn health_and_metrics(&self) -> String {
        let clock: Arc<dyn Clock> = self.world.clock().clone();
        let sinks = Sinks::new().with(Target::new(CONTROL_M), Arc::clone(&self.sink));
        let instance = InstanceStatus {
            status: Arc::default(),
            queries: Arc::default(),
            metrics: Arc::clone(&self.metrics),
            clock,
            sinks,
        };
        let instances = [(APPLICATION.to_owned(), instance)].into();
        let status = ProcessStatus { instances, metrics: Arc::clone(&self.metrics) };
        let health = serde_json::to_string(&status.health()).unwrap();
        format!("{health}\n{}", admin::Status::metrics(&status).unwrap())
    }

    /// Removes all faults.
    pub(super) fn heal(&self) {
        let url = self.simulator.base_url().replace("/automation-api", "/_sheaf/faults");
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        assert!(self.runtime.block_on(http.delete(url).send()).unwrap().status().is_success());
    }

    /// Calls the simulator's control plane.
    pub(super) fn post_control(&self, path: &str, body: &Value) {
        let url = self.simulator.base_url().replace("/automation-api", "/_sheaf") + path;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = self.runtime.block_on(http.post(url).body(body.to_string()).send()).unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    /// The requests that the simulator has seen.
    pub(super) fn requests(&self) -> Vec<sheaf::mock::control_m::RequestRow> {
        let url = self.simulator.base_url().replace("/automation-api", "/_sheaf/requests");
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let text = self.runtime.block_on(async { http.get(url).send().await.unwrap().text().await.unwrap() });
        serde_json::from_str(&text).unwrap()
    }
}

/// The id of a bundle.
pub(super) fn bundle(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}
