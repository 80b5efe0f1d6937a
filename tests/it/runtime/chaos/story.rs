//! What happens to the instances of one seed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sheaf::broker::memory::{self, Protocol};
use sheaf::model::{ErrorClass, Verdict};
use sheaf::processor::erase;
use sheaf::sim::World;

use super::super::support::{Held, send, setting};
use super::acting::Acting;
use super::storm::{KINDS, Storm};

const STEPS: usize = 120;
pub(super) const NAMES: [&str; 3] = ["a", "b", "c"];
const KEYS: u64 = 12;
pub(super) const PARTITIONS: i32 = 4;

/// One seed's story.
pub(super) struct Story {
    pub(super) seed: u64,
    rng: fastrand::Rng,
    pub(super) world: World,
    pub(super) storm: Arc<Mutex<Storm>>,
    pub(super) names: &'static [&'static str],
    pub(super) sent: BTreeMap<String, u64>,
    pub(super) sink: Held,
    pub(super) told: BTreeMap<&'static str, u64>,
}

impl Story {
    /// The beginning of a seed.
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let protocol = if rng.bool() { Protocol::Cooperative } else { Protocol::Eager };
        let broker = memory::Settings { protocol, fetch_records_max: rng.usize(1..20), seed, ..Default::default() };
        let sink = Held::with_room(rng.usize(1..40));
        let held = sink.clone();
        let mut setting = setting(erase(Acting), Box::new(move |_| Arc::new(held.clone())), broker);
        setting.settings.stream_threads = rng.usize(1..3);
        let world = World::new(setting);
        let storm = Storm { rng: rng.fork(), per_mille: rng.u32(1..40), struck: [0; KINDS.len()] };
        let storm = Arc::new(Mutex::new(storm));
        let names = &NAMES[..rng.usize(1..=NAMES.len())];
        Self { seed, rng, world, storm, names, sent: BTreeMap::new(), sink, told: BTreeMap::new() }
    }

    fn tell(&mut self, what: &'static str) {
        *self.told.entry(what).or_default() += 1;
    }

    fn any(&mut self) -> &'static str {
        self.names[self.rng.usize(0..self.names.len())]
    }

    fn is_running(&self, name: &str) -> bool {
        self.world.running().any(|other| other == name)
    }

    fn start(&mut self, name: &str) {
        if self.is_running(name) {
            return;
        }
        if let Err(error) = self.world.start(name) {
            // What `sheaf run` tries again with back-off; or the process vanished in the middle.
            let passes = error.class() == ErrorClass::Retry || error.to_string().contains("has crashed");
            assert!(passes, "seed {}: {name} does not start: {error}", self.seed);
        }
    }

    fn crash(&mut self, name: &str) {
        self.world.crash(name);
        if self.rng.u8(0..3) == 0 {
            self.tell("disk lost");
            let partition = self.rng.i32(0..PARTITIONS);
            self.world.disk(name).wipe(&format!("counter-{partition}"));
        }
    }

    fn send(&mut self) {
        let keys: Vec<String> = (0..self.rng.usize(1..8)).map(|_| format!("key-{}", self.rng.u64(0..KEYS))).collect();
        let events: Vec<_> = keys.iter().map(|key| (key.as_str(), Some("1"))).collect();
        send(&self.world, &events);
        for key in keys {
            *self.sent.entry(key).or_default() += 1;
        }
    }

    /// One turn of every instance that runs; the ones that a fault has ended are taken away.
    fn turn(&mut self) {
        for name in self.names {
            let result = self.world.turn_of(name);
            if self.world.is_crashed(name) {
                self.tell("crash at a call");
                self.crash(name);
            } else if let Err(error) = result {
                panic!("seed {}: {name} has stopped: {error}", self.seed);
            }
        }
    }

    fn advance(&self, millis: u64) {
        self.world.clock().advance(Duration::from_millis(millis));
    }

    fn step(&mut self) {
        let name = self.any();
        match self.rng.u8(0..100) {
            0..35 => {
                self.world.broker().set_reachable(true);
                self.send();
            }
            35..50 => self.start(name),
            50..53 => {
                self.tell("crash");
                self.crash(name);
            }
            53..56 => {
                self.tell("stop");
                // What it could not commit is read again by whoever comes next.
                if let Err(error) = self.world.stop(name) {
                    tracing::debug!(%error, "not stopped in order");
                }
            }
            56..60 => {
                self.tell("outage");
                self.world.broker().set_reachable(false);
            }
            60..65 => self.world.broker().set_reachable(true),
            65..70 => {
                self.tell("long pause");
                let pause = self.rng.u64(1_000..40_000);
                self.advance(pause);
            }
            70..85 => drop(self.sink.answer(&Verdict::Answered(String::new()))),
            _ => {}
        }
        let pause = self.rng.u64(0..120);
        self.advance(pause);
        for _ in 0..self.rng.usize(1..4) {
            self.turn();
        }
    }

    /// The faults end, some instances stay, and the rest of the work is done.
    fn heal(&mut self) {
        self.world.broker().heal();
        let stay = self.rng.usize(1..=self.names.len());
        for name in &self.names[stay..] {
            self.crash(name);
        }
        for name in &self.names[..stay] {
            self.start(name);
        }
        // Longer than a session and a transaction last.
        for _ in 0..30 {
            self.advance(3_000);
            self.turn();
        }
        self.settle();
    }

    fn settle(&mut self) {
        for _ in 0..1_000 {
            let settled = self.world.settle(3_000);
            assert!(matches!(settled, Ok(true)), "seed {}: the world does not come to rest: {settled:?}", self.seed);
            if self.sink.answer(&Verdict::Answered(String::new())) == 0 {
                return;
            }
        }
        panic!("seed {}: there is always one more act", self.seed);
    }

    /// From the beginning to the end.
    pub(super) fn run(&mut self) {
        // In fair weather, so that the topics are there.
        for name in self.names {
            self.start(name);
        }
        let storm = Arc::clone(&self.storm);
        self.world.broker().set_hook(Some(Arc::new(move |call| storm.lock().unwrap().strike(call.process))));
        for _ in 0..STEPS {
            self.step();
        }
        self.world.broker().set_reachable(true);
        self.heal();
        self.check_acts();
        self.check_counts(false);
        self.check_stores();
        for _ in 0..200 {
            self.advance(30_000);
            self.turn();
        }
        self.settle();
        self.check_counts(true);
        self.check_stores();
    }
}
