//! What is done to the instances while the faults rages.

use std::time::Duration;

use bytes::Bytes;

use super::coverage::Trouble;
use super::run::{PARENTS, Run, TIMEOUT};
use super::setup;
use crate::broker::Broker;
use crate::model::{Clock, Topic};
use crate::runtime::FaultPoint;
use crate::store::memory::MemoryStores;

/// How long a zombie stands still: longer than a session.
const SLEEP: Duration = Duration::from_mins(1);

impl Run {
    /// The faults: until everything is written, and some steps more.
    pub(super) fn rage(&mut self, steps_max: usize) {
        for name in self.names() {
            self.start(name);
        }
        if self.plan.odds.zombie > 0 && self.rng.bool() {
            // What an instance does first after a pause is what its timers say.
            let name = self.rng.choice(self.names()).copied().unwrap_or("a");
            self.will_stand.insert(name, FaultPoint::Begun);
        }
        self.faults().rages = true;
        let mut steps = self.rng.usize(steps_max / 3..steps_max);
        while steps > 0 && self.wrong.is_empty() {
            if self.pending.is_empty() {
                steps -= 1;
            }
            self.step();
        }
        self.faults().rages = false;
    }

    fn step(&mut self) {
        let names = self.names();
        let name = self.rng.choice(names).copied().unwrap_or("a");
        let odds = self.plan.odds.clone();
        self.outage(odds.outage);
        if self.outage == 0 && self.rng.u8(0..100) < 40 {
            self.write_some();
        }
        if !self.is_running(name) && self.rng.u8(0..100) < 30 {
            self.start(name);
        }
        if self.is_running(name) && !self.asleep.contains_key(name) {
            if self.chance(odds.kill) {
                self.met(Trouble::Kill, &format!("{name}: killed"));
                self.bury(name);
            } else if self.chance(odds.stop) {
                self.met(Trouble::Stop, &format!("{name}: stopped in order"));
                // What it could not commit is read again by whoever comes next.
                let (Ok(()) | Err(_)) = self.world.stop(name);
                self.executor.end(name);
                self.stopped.insert(name);
            } else if self.chance(odds.zombie) {
                self.stand_still(name);
            } else if self.chance(odds.slow_restore) {
                self.met(Trouble::SlowRestore, &format!("{name}: its restores do not get on"));
                self.world.slow_down(name, true);
                self.slow.insert(name, self.rng.u32(5..30));
            }
        }
        self.wake_up();
        self.stick(odds.stuck_sink);
        if self.chance(odds.clock) {
            let by = self.rng.i64(-600_000..600_000);
            let kind = if by < 0 { Trouble::ClockBack } else { Trouble::ClockForward };
            self.world.clock().set_by(by);
            self.met(kind, &format!("the wall clock is set by {by} ms"));
        }
        if self.outage == 0 && self.chance(odds.partitions) {
            self.add_partitions();
        }
        if self.rng.u8(0..10) == 0 {
            self.back_up(name);
        }
        let pause = if self.asleep.is_empty() { self.rng.u64(0..200) } else { self.rng.u64(1_000..5_000) };
        self.advance(pause);
        for _ in 0..self.rng.usize(1..5) {
            self.turn();
        }
    }

    fn write_some(&mut self) {
        let odds = self.plan.odds.clone();
        for _ in 0..self.rng.usize(1..6) {
            let Some(event) = self.pending.pop() else { return };
            self.write(event.clone());
            if self.chance(odds.duplicate) {
                self.met(Trouble::Duplicate, "the same once more");
                self.write(event);
            }
        }
        if self.chance(odds.poison) {
            let value = Bytes::from(format!("no event {}", self.poison.len()));
            self.met(Trouble::Poison, "written: a record that is no event");
            self.poison.push(value.clone());
            self.put(PARENTS, value);
        }
    }

    fn outage(&mut self, odds: u32) {
        if self.outage > 0 {
            self.outage -= 1;
            if self.outage == 0 {
                self.world.broker().set_reachable(true);
                self.tell("the brokers are back");
            }
        } else if self.chance(odds) {
            self.outage = self.rng.u32(1..15);
            self.world.broker().set_reachable(false);
            self.met(Trouble::Outage, "no broker can be reached");
        }
    }

    /// Between two turns, or in the middle of one.
    fn stand_still(&mut self, name: &'static str) {
        if self.rng.bool() {
            self.tell(&format!("{name}: stands still"));
            self.fall_asleep(name);
            return;
        }
        // A transaction of which the broker knows nothing yet is the hardest to wake up in: nobody waits for its end.
        let point = if self.rng.bool() { Some(FaultPoint::Begun) } else { self.rng.choice(FaultPoint::ALL) };
        self.will_stand.insert(name, point.unwrap_or(FaultPoint::Begun));
    }

    /// Nobody hears of an instance for longer than its session lasts.
    pub(super) fn fall_asleep(&mut self, name: &'static str) {
        self.asleep.insert(name, self.world.clock().uptime().saturating_add(SLEEP));
    }

    /// Wakes an instance that has stood still.
    pub(super) fn wake(&mut self, name: &'static str) {
        self.met(Trouble::Zombie, &format!("{name}: wakes up"));
        let result = self.world.wake(name);
        self.turned(name, result.map(drop));
    }

    fn wake_up(&mut self) {
        let now = self.world.clock().uptime();
        let awake: Vec<&'static str> =
            self.asleep.iter().filter(|(_, until)| **until <= now).map(|(name, _)| *name).collect();
        for name in awake {
            self.asleep.remove(name);
            self.wake(name);
        }
        let slow: Vec<&'static str> = self.slow.keys().copied().collect();
        for name in slow {
            let left = self.slow.get(name).copied().unwrap_or(0).saturating_sub(1);
            if left == 0 {
                self.slow.remove(name);
                self.world.slow_down(name, false);
            } else {
                self.slow.insert(name, left);
            }
        }
    }

    fn stick(&mut self, odds: u32) {
        if self.stuck > 0 {
            self.stuck -= 1;
            self.executor.set_stuck(self.stuck > 0);
        } else if self.chance(odds) {
            self.stuck = self.rng.u32(3..20);
            self.executor.set_stuck(true);
            self.met(Trouble::StuckSink, "control-m does not answer");
        }
    }

    fn add_partitions(&mut self) {
        let topic = Topic::new(PARENTS);
        let Ok(mut admin) = self.world.broker().process("outside").admin() else { return };
        let found = admin.describe(std::slice::from_ref(&topic), TIMEOUT);
        let Some(count) = found.ok().and_then(|found| Some(found.into_iter().next()??.partitions)) else { return };
        if count < 6 && admin.add_partitions(&topic, count + 1, TIMEOUT).is_ok() {
            self.met(Trouble::PartitionsAdded, &format!("{topic} has {} partitions from now on", count + 1));
        }
    }

    /// A copy of an instance's disk, to be put in its place one day.
    fn back_up(&mut self, name: &'static str) {
        let copy = MemoryStores::new();
        for task in setup::tasks(&self.plan) {
            self.world.disk(name).copy(&task, &copy);
        }
        self.backups.insert(name, copy);
    }
}
