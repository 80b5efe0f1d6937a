//! An application with real servers in a cluster in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use sheaf::app::{self, Calls, Secrets, TopologyFile};
use sheaf::broker::{Broker, ProducerSpec, memory};
use sheaf::config::{Config, Sources};
use sheaf::metric::{Build, Metrics};
use sheaf::model::{Clock, Completion, Execution, OutRecord, Sink, Target, Timestamp};
use sheaf::sim::{CrashPolicy, ManualClock, Setup, World};
use sheaf::template::Template;
use tokio::runtime::Runtime;

use super::{TIMEOUT, runtime};

/// The time between two turns, shorter than the session time-out of group members.
const STEP: Duration = Duration::from_secs(2);

/// An application and its cluster of one instance, `a`.
pub(crate) struct Fixture {
    pub(crate) world: World,
    pub(crate) sink: Arc<dyn Sink>,
    in_flight: Arc<AtomicUsize>,
    sent: usize,
    pub(crate) crashes: usize,
    // Executes the calls until it is dropped.
    _runtime: Runtime,
}

/// Counts acts without an outcome.
#[derive(Debug)]
pub(crate) struct Counting {
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) in_flight: Arc<AtomicUsize>,
}

impl Sink for Counting {
    fn execute(&self, execution: Execution, done: Completion) {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let in_flight = Arc::clone(&self.in_flight);
        let done = move |outcome| {
            done(outcome);
            in_flight.fetch_sub(1, Ordering::SeqCst);
        };
        self.sink.execute(execution, Box::new(done));
    }

    fn capacity(&self, to: &Target) -> usize {
        self.sink.capacity(to)
    }

    fn suspensions(&self) -> BTreeMap<Target, String> {
        self.sink.suspensions()
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
    /// An application of this topology file, all of whose templates have this text.
    pub(crate) fn new(
        (topology, template): (&str, &str),
        settings: &[&str],
        change: impl FnOnce(&mut sheaf::runtime::Settings),
        crash_policy: CrashPolicy,
    ) -> Self {
        let (config, runtime) = (config(settings), runtime());
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_767_225_600_000)));
        let file = TopologyFile::parse("t.yaml", topology, |_| Ok(Template::compile("b.json", template)?)).unwrap();
        let topology = file.assemble(&config).unwrap();
        let metrics = Arc::new(Metrics::of("ctm", &Build::default(), &topology).unwrap());
        let calls = Calls { handle: runtime.handle().clone(), clock: clock.clone(), metrics: Arc::clone(&metrics) };
        let sinks = app::sinks(&config, &Arc::new(Secrets::new(runtime.handle())), &calls).unwrap();
        let in_flight = Arc::new(AtomicUsize::new(0));
        let sink: Arc<dyn Sink> = Arc::new(Counting { sink: Arc::new(sinks), in_flight: Arc::clone(&in_flight) });
        let mut of_runtime = app::settings(&config, String::new());
        change(&mut of_runtime);
        let of_world = Arc::clone(&sink);
        let world = World::new(Setup {
            topology,
            settings: of_runtime,
            broker: memory::Settings::default(),
            clock,
            sink: Box::new(move |_| Arc::clone(&of_world)),
            metrics: Box::new(move || Arc::clone(&metrics)),
            spans: None,
            crash_policy,
        });
        Self { world, sink, in_flight, sent: 0, crashes: 0, _runtime: runtime }
    }

    /// Turns for this long, and waits for the calls.
    pub(crate) fn advance(&mut self, duration: Duration) {
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

    fn settle(&self) {
        settle(&self.in_flight);
    }

    /// Writes records to a topic in one transaction.
    pub(crate) fn write(&mut self, records: &[OutRecord]) {
        self.sent += 1;
        let spec = ProducerSpec::transactional(&format!("outside-{}", self.sent));
        let mut producer = self.world.broker().producer(&spec).unwrap();
        producer.init(TIMEOUT).unwrap();
        producer.transact(records, TIMEOUT).unwrap();
    }
}

/// Waits until no call is in flight, in real time.
pub(crate) fn settle(in_flight: &AtomicUsize) {
    let waits = (0..).take_while(|_| in_flight.load(Ordering::SeqCst) > 0);
    for wait in waits {
        assert!(wait < TIMEOUT.as_millis(), "a call does not end");
        thread::sleep(Duration::from_millis(1));
    }
}
