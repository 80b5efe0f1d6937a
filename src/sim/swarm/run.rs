//! One run, step by step: what is done to the instances, and what is told of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::coverage::{Coverage, Trouble};
use super::executor::{Executor, Moment};
use super::faults::Faults;
use super::plan::Plan;
use super::setup;
use crate::broker::{Broker, ProducerSpec};
use crate::model::{Clock, ErrorClass, OutRecord, Topic};
use crate::runtime::{self, FaultPoint, Guarantee, Mutation};
use crate::sim::{Generator, SampleEvent, Sent, World};
use crate::store::memory::MemoryStores;

pub(super) const NAMES: [&str; 4] = ["a", "b", "c", "d"];
pub(super) const PARENTS: &str = "ctm-parent-events";
const CHILDREN: &str = "ctm-children-events";
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// A run.
pub(super) struct Run {
    pub(super) plan: Plan,
    pub(super) world: World,
    pub(super) executor: Executor,
    pub(super) faults: Arc<Mutex<Faults>>,
    pub(super) met: Coverage,
    pub(super) sent: Vec<Sent>,
    pub(super) poison: Vec<Bytes>,
    /// Members that come at the very end.
    pub(super) held: Vec<SampleEvent>,
    /// What is wrong, in sentences.
    pub(super) wrong: Vec<String>,
    pub(super) trace: Vec<String>,
    pub(super) rng: fastrand::Rng,
    pub(super) pending: Vec<SampleEvent>,
    /// Instances that stand still, until when, on the monotonic clock.
    pub(super) asleep: BTreeMap<&'static str, Duration>,
    /// Instances that will stand still in the middle of a turn, at which point.
    pub(super) will_stand: BTreeMap<&'static str, FaultPoint>,
    pub(super) slow: BTreeMap<&'static str, u32>,
    pub(super) outage: u32,
    pub(super) stuck: u32,
    pub(super) backups: BTreeMap<&'static str, MemoryStores>,
    pub(super) stopped: BTreeSet<&'static str>,
    writes: u64,
}

impl Run {
    pub(super) fn new(seed: u64, guarantee: Guarantee, mutation: Option<Mutation>) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        // Not drawn, so that a seed's nemesis is what it was before there were standbys.
        let standbys = usize::try_from(seed % 3).unwrap_or(0);
        let plan = match guarantee {
            Guarantee::ExactlyOnce => Plan::draw(&mut rng),
            Guarantee::AtLeastOnce => Plan::draw_at_least_once(&mut rng),
        };
        let plan = Plan { standbys, ..plan };
        let faults = Arc::new(Mutex::new(Faults::new(&plan, rng.fork())));
        let executor = Executor::default();
        let (strikes, calls) = (Arc::clone(&faults), Arc::clone(&faults));
        let strikes = Arc::new(move |name: &str, point| lock(&strikes).on_point(name, point));
        let world = World::new(setup::setting(&plan, seed, mutation, &executor, strikes));
        world.broker().set_hook(Some(Arc::new(move |call| lock(&calls).on_call(call, NAMES.contains(&call.process)))));
        let mut generator = Generator::new(seed);
        let start = world.clock().now();
        let (mut pending, mut held) = (Vec::new(), Vec::new());
        for _ in 0..plan.bundles {
            let mut events = generator.bundle(rng.u32(1..=4), start);
            enlarge(&mut events);
            if rng.u8(0..100) < 20 {
                held.push(events.swap_remove(rng.usize(0..events.len())));
            }
            pending.append(&mut events);
        }
        rng.shuffle(&mut pending);
        Self {
            plan,
            world,
            executor,
            faults,
            met: Coverage::default(),
            sent: Vec::new(),
            poison: Vec::new(),
            held,
            wrong: Vec::new(),
            trace: Vec::new(),
            rng,
            pending,
            asleep: BTreeMap::new(),
            will_stand: BTreeMap::new(),
            slow: BTreeMap::new(),
            outage: 0,
            stuck: 0,
            backups: BTreeMap::new(),
            stopped: BTreeSet::new(),
            writes: 0,
        }
    }

    pub(super) fn names(&self) -> &'static [&'static str] {
        NAMES.get(..self.plan.instances).unwrap_or(&NAMES)
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// A line of the run, with the monotonic time.
    pub(super) fn tell(&mut self, line: &str) {
        let at = self.world.clock().uptime();
        self.trace.push(format!("{:>9.3}s  {line}", at.as_secs_f64()));
    }

    pub(super) fn met(&mut self, kind: Trouble, line: &str) {
        self.met.count(kind);
        self.tell(line);
    }

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
            Ok(()) => self.tell(&format!("{name}: started")),
            // What `sheaf run` tries again with back-off; or the process vanished in the middle.
            Err(error) if error.class() == ErrorClass::Retry || error.to_string().contains("has crashed") => {
                self.tell(&format!("{name}: does not start yet: {error}"));
            }
            Err(error) => self.wrong.push(format!("{name} does not start: {error}")),
        }
    }

    /// What is left of a process is taken away; its disk may be damaged.
    pub(super) fn bury(&mut self, name: &'static str) {
        self.world.crash(name);
        self.executor.end(name);
        self.asleep.remove(name);
        self.will_stand.remove(name);
        self.slow.remove(name);
        let tasks = setup::tasks(&self.plan);
        let Some(task) = self.rng.choice(&tasks).cloned() else { return };
        let odds = self.plan.odds.clone();
        if !self.faults().rages {
            return;
        }
        if self.chance(odds.lost_disk) {
            self.world.disk(name).wipe(&task);
            self.met(Trouble::LostDisk, &format!("{name}: the disk of {task} is lost"));
        } else if self.chance(odds.old_disk) {
            let Some(backup) = self.backups.get(name).cloned() else { return };
            if backup.copy(&task, self.world.disk(name)) {
                self.met(Trouble::OldDisk, &format!("{name}: a backup of {task} is put in its place"));
            }
        }
    }

    /// Some turns of every instance that is awake, in an order of its own; the ones that have ended are taken away.
    pub(super) fn turn(&mut self) {
        let mut names: Vec<&'static str> = self.names().to_vec();
        self.rng.shuffle(&mut names);
        for name in names {
            if self.asleep.contains_key(name) || !self.is_running(name) {
                continue;
            }
            let result = match self.will_stand.get(name).copied() {
                None => self.world.turn_of(name).map(drop),
                Some(point) => self.world.turn_until(name, point).map(|stands| {
                    if stands {
                        self.will_stand.remove(name);
                        self.met(Trouble::ZombieInTurn, &format!("{name}: stands still at `{point}`"));
                        self.fall_asleep(name);
                    }
                }),
            };
            self.turned(name, result);
        }
        let asleep: Vec<&str> = self.asleep.keys().copied().collect();
        let odds = self.faults().rages.then(|| self.plan.odds.clone());
        let moment =
            Moment { odds: odds.as_ref(), now: self.world.clock().uptime(), asleep: &|name| asleep.contains(&name) };
        self.executor.turn(&mut self.rng, &moment);
        let (met, told) = self.executor.news();
        self.met.add(&met);
        for line in &told {
            self.tell(line);
        }
    }

    /// What came of an instance's turn: whoever has ended is taken away.
    pub(super) fn turned(&mut self, name: &'static str, result: runtime::Result<()>) {
        let told = std::mem::take(&mut self.faults().told);
        for line in &told {
            self.tell(line);
        }
        if self.world.is_crashed(name) {
            self.bury(name);
        } else if let Err(error) = result {
            self.wrong.push(format!("{name} has stopped: {error}"));
            self.bury(name);
        }
    }

    pub(super) fn advance(&self, millis: u64) {
        self.world.clock().advance(Duration::from_millis(millis));
    }

    /// Writes an event, as somebody outside does.
    pub(super) fn write(&mut self, event: SampleEvent) {
        let topic = if event.is_parent() { PARENTS } else { CHILDREN };
        self.tell(&format!("written: {} of {}", event.name(), event.bundle));
        self.put(topic, Bytes::from(event.value.to_string()));
        self.sent.push(Sent { at: self.world.clock().now(), event });
    }

    pub(super) fn put(&mut self, topic: &str, value: Bytes) {
        self.writes += 1;
        let spec = ProducerSpec { transactional_id: format!("outside-{}", self.writes), tracked: Vec::new() };
        let record = OutRecord::unkeyed(&Topic::new(topic), value);
        let written = self.world.broker().process("outside").producer(&spec).and_then(|mut producer| {
            producer.init(TIMEOUT)?;
            producer.transact(&[record], TIMEOUT)
        });
        if let Err(error) = written {
            self.wrong.push(format!("the simulation could not write an event: {error}"));
        }
    }

    /// All trouble ends; some instances stay.
    pub(super) fn heal(&mut self) {
        self.world.broker().heal();
        self.executor.set_stuck(false);
        self.outage = 0;
        self.stuck = 0;
        self.slow.clear();
        self.will_stand.clear();
        for name in std::mem::take(&mut self.asleep).into_keys() {
            self.wake(name);
        }
        for name in self.names() {
            self.world.slow_down(name, false);
        }
        self.tell("all trouble ends");
        let stay = self.rng.usize(1..=self.names().len());
        let names = self.names();
        for name in names.get(stay..).unwrap_or_default() {
            self.bury(name);
        }
        for name in names.get(..stay).unwrap_or_default() {
            self.start(name);
        }
        self.breathe();
    }

    /// Longer than a session and a transaction last.
    pub(super) fn breathe(&mut self) {
        for _ in 0..30 {
            self.advance(3_000);
            self.turn();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the events of some bundles so large that these are stored in parts. Not drawn either.
fn enlarge(events: &mut [SampleEvent]) {
    const LARGE: usize = 2_000;
    for event in events.iter_mut().filter(|event| event.bundle.as_u128() % 4 == 2) {
        if let Some(fields) = event.value.as_object_mut() {
            fields.insert("padding".to_owned(), "x".repeat(LARGE).into());
        }
    }
}
