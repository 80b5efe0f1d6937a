//! The state of a run: its instances, the written events, the trace.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::coverage::{Coverage, CoveragePoint};
use super::executor::{Conditions, Executor};
use super::faults::Faults;
use super::flows::{Flow, Workers};
use super::plan::{Kind, Plan};
use super::scripts::Threads;
use super::sent_commands::Commands;
use super::setup;
use crate::broker::{Broker, ProducerSpec};
use crate::config::ProcessingGuarantee;
use crate::model::{Clock, ErrorClass, OutRecord, Topic};
use crate::runtime::{self, FaultPoint, Mutation};
use crate::sim::{Generator, SampleEvent, Sent, World};
use crate::store::memory::MemoryStores;

/// The names of the instances.
pub(super) const NAMES: [&str; 4] = ["a", "b", "c", "d"];
/// The topic of parents.
pub(super) const PARENTS: &str = "ctm-parent-events";
/// The topic of children.
const CHILDREN: &str = "ctm-children-events";
/// The time-out of a call to the broker by the simulation itself.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// A run.
pub(super) struct Run {
    pub(super) plan: Plan,
    pub(super) world: World,
    pub(super) executor: Executor,
    pub(super) faults: Arc<Mutex<Faults>>,
    pub(super) coverage: Coverage,
    /// The written events, in their order.
    pub(super) sent: Vec<Sent>,
    /// The values of written poison records.
    pub(super) poison: Vec<Bytes>,
    /// Events that are written in the third phase only.
    pub(super) withheld: Vec<SampleEvent>,
    /// The violations, as sentences; the run ends at the first.
    pub(super) violations: Vec<String>,
    pub(super) trace: Vec<String>,
    pub(super) rng: fastrand::Rng,
    /// Events that are not written yet.
    pub(super) pending: Vec<SampleEvent>,
    /// The paused instances, and the monotonic times at which they resume.
    pub(super) paused: BTreeMap<&'static str, Duration>,
    /// The instances that will be paused at a fault point, in the middle of a turn.
    pub(super) pause_at: BTreeMap<&'static str, FaultPoint>,
    /// The instances whose restores are paused, and the steps left.
    pub(super) slow_restores: BTreeMap<&'static str, u32>,
    /// The steps left until a broker is reachable; 0: no outage.
    pub(super) outage_steps: u32,
    /// The steps left until the sink answers; 0: it does.
    pub(super) stalled_steps: u32,
    /// The latest backup of each instance's disk.
    pub(super) backups: BTreeMap<&'static str, MemoryStores>,
    /// The number of producers so far; each write has its own.
    producers: u64,
    /// The commands so far.
    pub(super) commands: Commands,
    /// Those who answer flows; `None` in a run of bundles.
    pub(super) workers: Option<Workers>,
    /// What is written to threads of a script; `None` in a run of something else.
    pub(super) threads: Option<Threads>,
    /// True if nothing more is written.
    pub(super) is_last_written: bool,
    /// True if all that has ended must be forgotten by now.
    pub(super) is_past_retention: bool,
}

impl Run {
    pub(super) fn new(seed: u64, guarantee: ProcessingGuarantee, kind: Kind, mutation: Option<Mutation>) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        // Not drawn, so that a seed still gives the run that it gave before there were standbys.
        let standbys = usize::try_from(seed % 3).unwrap_or(0);
        let plan = match guarantee {
            ProcessingGuarantee::ExactlyOnce => Plan::draw(&mut rng),
            ProcessingGuarantee::AtLeastOnce => Plan::draw_at_least_once(&mut rng),
        };
        // Nor this.
        let history = matches!(kind, Kind::BundlesWithHistory | Kind::Flows(_));
        #[cfg(feature = "script")]
        let scripts = kind == Kind::Scripts;
        #[cfg(not(feature = "script"))]
        let scripts = false;
        let flows = if let Kind::Flows(mutation) = kind { Some((Flow::of_seed(seed), mutation)) } else { None };
        let plan = Plan { standbys, history, flows, scripts, commands: !history && !scripts && seed % 4 == 3, ..plan }
            .with_deadlines(seed);
        let faults = Arc::new(Mutex::new(Faults::new(&plan, rng.fork())));
        let executor = Executor::default();
        let (crash_policy, calls) = (Arc::clone(&faults), Arc::clone(&faults));
        let crash_policy = Arc::new(move |name: &str, point| lock(&crash_policy).on_point(name, point));
        let world = World::new(setup::setup(&plan, seed, mutation, &executor, crash_policy));
        world.broker().set_hook(Some(Arc::new(move |call| lock(&calls).on_call(call, NAMES.contains(&call.process)))));
        let mut generator = Generator::new(seed);
        let start = world.clock().now();
        let (mut pending, mut withheld) = (Vec::new(), Vec::new());
        for _ in 0..if flows.is_some() || scripts { 0 } else { plan.bundles } {
            let mut events = generator.bundle(rng.u32(1..=4), start);
            enlarge(&mut events);
            if rng.u8(0..100) < 20 {
                withheld.push(events.swap_remove(rng.usize(0..events.len())));
            }
            pending.append(&mut events);
        }
        rng.shuffle(&mut pending);
        Self {
            plan,
            world,
            executor,
            faults,
            coverage: Coverage::default(),
            sent: Vec::new(),
            poison: Vec::new(),
            withheld,
            violations: Vec::new(),
            trace: Vec::new(),
            rng,
            pending,
            paused: BTreeMap::new(),
            pause_at: BTreeMap::new(),
            slow_restores: BTreeMap::new(),
            outage_steps: 0,
            stalled_steps: 0,
            backups: BTreeMap::new(),
            producers: 0,
            commands: Commands::new(seed),
            workers: flows.map(|(flow, _)| Workers::new(flow, seed)),
            threads: scripts.then(|| Threads::new(seed)),
            is_last_written: false,
            is_past_retention: false,
        }
    }

    pub(super) fn names(&self) -> &'static [&'static str] {
        NAMES.get(..self.plan.instances).unwrap_or(&NAMES)
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// Adds a line to the trace, with the monotonic time.
    pub(super) fn log(&mut self, line: &str) {
        let at = self.world.clock().uptime();
        self.trace.push(format!("{:>9.3}s  {line}", at.as_secs_f64()));
    }

    /// Counts a fault or path, and adds a line to the trace.
    pub(super) fn cover(&mut self, point: CoveragePoint, line: &str) {
        self.coverage.count(point);
        self.log(line);
    }

    /// True with a probability per 1,000.
    pub(super) fn chance(&mut self, per_mille: u32) -> bool {
        self.rng.u32(0..1_000) < per_mille
    }

    pub(super) fn is_running(&self, name: &str) -> bool {
        self.world.running().any(|other| other == name)
    }

    pub(super) fn start(&mut self, name: &'static str) {
        if self.is_running(name) {
            return;
        }
        match self.world.start(name) {
            Ok(()) => self.log(&format!("{name}: started")),
            // `sheaf run` retries such an error with back-off; or the process has crashed during the start.
            Err(error) if error.class() == ErrorClass::Retry || error.to_string().contains("has crashed") => {
                self.log(&format!("{name}: does not start yet: {error}"));
            }
            Err(error) => self.violations.push(format!("{name} does not start: {error}")),
        }
    }

    /// Kills an instance, or removes a crashed one; its disk may be lost or restored from a backup.
    pub(super) fn remove(&mut self, name: &'static str) {
        self.world.crash(name);
        self.executor.remove_process(name);
        self.paused.remove(name);
        self.pause_at.remove(name);
        self.slow_restores.remove(name);
        let tasks = setup::tasks(&self.plan);
        let Some(task) = self.rng.choice(&tasks).cloned() else { return };
        let probabilities = self.plan.probabilities.clone();
        if !self.faults().enabled {
            return;
        }
        if self.chance(probabilities.lost_disk) {
            self.world.disk(name).wipe(&task);
            self.cover(CoveragePoint::LostDisk, &format!("{name}: the disk of {task} is lost"));
        } else if self.chance(probabilities.old_disk) {
            let Some(backup) = self.backups.get(name).cloned() else { return };
            if backup.copy(&task, self.world.disk(name)) {
                self.cover(CoveragePoint::OldDisk, &format!("{name}: {task} is restored from a backup"));
            }
        }
    }

    /// A turn of every instance that is not paused, in random order, and of Control-M. Crashed instances are removed.
    pub(super) fn turn(&mut self) {
        let mut names: Vec<&'static str> = self.names().to_vec();
        self.rng.shuffle(&mut names);
        for name in names {
            if self.paused.contains_key(name) || !self.is_running(name) {
                continue;
            }
            let result = match self.pause_at.get(name).copied() {
                None => self.world.turn_of(name).map(drop),
                Some(point) => self.world.turn_until(name, point).map(|is_paused| {
                    if is_paused {
                        self.pause_at.remove(name);
                        self.cover(CoveragePoint::ZombieInTurn, &format!("{name}: is paused at `{point}`"));
                        self.set_paused(name);
                    }
                }),
            };
            self.turn_ended(name, result);
        }
        let paused: Vec<&str> = self.paused.keys().copied().collect();
        let probabilities = self.faults().enabled.then(|| self.plan.probabilities.clone());
        let conditions = Conditions {
            probabilities: probabilities.as_ref(),
            now: self.world.clock().uptime(),
            paused: &|name| paused.contains(&name),
        };
        self.executor.turn(&mut self.rng, &conditions);
        let (coverage, log) = self.executor.take_log();
        self.coverage.add(&coverage);
        for line in &log {
            self.log(line);
        }
    }

    /// Handles the result of an instance's turn; a crashed instance is removed.
    pub(super) fn turn_ended(&mut self, name: &'static str, result: runtime::Result<()>) {
        let log = std::mem::take(&mut self.faults().log);
        for line in &log {
            self.log(line);
        }
        if self.world.is_crashed(name) {
            self.remove(name);
        } else if let Err(error) = result {
            self.violations.push(format!("{name} has stopped: {error}"));
            self.remove(name);
        }
    }

    /// The number of partitions of a topic; `None` as long as it is not there.
    pub(super) fn partitions_of(&self, topic: &str) -> Option<i32> {
        let mut admin = self.world.broker().process("outside").admin().ok()?;
        let found = admin.describe(&[Topic::new(topic)], TIMEOUT).ok()?;
        found.into_iter().next().flatten().map(|topic| topic.partitions)
    }

    pub(super) fn advance(&self, millis: u64) {
        self.world.clock().advance(Duration::from_millis(millis));
    }

    /// Writes an event to its topic.
    pub(super) fn write(&mut self, event: SampleEvent) {
        let topic = if event.is_parent() { PARENTS } else { CHILDREN };
        self.log(&format!("written: {} of {}", event.name(), event.bundle));
        self.produce(topic, Bytes::from(event.value.to_string()));
        self.sent.push(Sent { at: self.world.clock().now(), event });
    }

    /// Writes a record to a topic.
    pub(super) fn produce(&mut self, topic: &str, value: Bytes) {
        self.producers += 1;
        let spec = ProducerSpec::transactional(&format!("outside-{}", self.producers));
        let record = OutRecord::unkeyed(&Topic::new(topic), value);
        let written = self.world.broker().process("outside").producer(&spec).and_then(|mut producer| {
            producer.init(TIMEOUT)?;
            producer.transact(&[record], TIMEOUT)
        });
        if let Err(error) = written {
            self.violations.push(format!("the simulation could not write an event: {error}"));
        }
    }

    /// Ends all faults; some instances keep running, the others are removed.
    pub(super) fn heal(&mut self) {
        self.world.broker().heal();
        self.executor.set_stalled(false);
        self.outage_steps = 0;
        self.stalled_steps = 0;
        self.slow_restores.clear();
        self.pause_at.clear();
        for name in std::mem::take(&mut self.paused).into_keys() {
            self.resume(name);
        }
        for name in self.names() {
            self.world.pause_restores(name, false);
        }
        self.log("all faults end");
        let kept = self.rng.usize(1..=self.names().len());
        let names = self.names();
        for name in names.get(kept..).unwrap_or_default() {
            self.remove(name);
        }
        for name in names.get(..kept).unwrap_or_default() {
            self.start(name);
        }
        self.wait_out_timeouts();
    }

    /// Turns for longer than the session time-out and the transaction time-out.
    pub(super) fn wait_out_timeouts(&mut self) {
        for _ in 0..30 {
            self.advance(3_000);
            self.turn();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Enlarges the events of some bundles, so that these are stored in parts. Chosen by id, not drawn.
fn enlarge(events: &mut [SampleEvent]) {
    const LARGE: usize = 2_000;
    for event in events.iter_mut().filter(|event| event.bundle.as_u128() % 4 == 2) {
        if let Some(fields) = event.value.as_object_mut() {
            fields.insert("padding".to_owned(), "x".repeat(LARGE).into());
        }
    }
}
