//! The nemesis: kills, stops and pauses instances, sets the clock, makes the brokers unreachable, stalls the sink.

use std::time::Duration;

use bytes::Bytes;

use super::coverage::CoveragePoint;
use super::flows::EVENTS;
use super::run::{PARENTS, Run, TIMEOUT};
use super::setup;
use crate::broker::Broker;
use crate::model::{Clock, Topic};
use crate::runtime::FaultPoint;
use crate::store::memory::MemoryStores;

/// How long a zombie is paused: longer than a session time-out.
const PAUSE: Duration = Duration::from_mins(1);

impl Run {
    /// A phase with faults: steps until all pending events are written, and some steps more.
    pub(super) fn run_with_faults(&mut self, steps_max: usize) {
        for name in self.names() {
            self.start(name);
        }
        if self.plan.probabilities.zombie > 0 && self.rng.bool() {
            // A resumed instance fires its due timers first.
            let name = self.rng.choice(self.names()).copied().unwrap_or("a");
            self.pause_at.insert(name, FaultPoint::Begun);
        }
        self.faults().enabled = true;
        let mut steps = self.rng.usize(steps_max / 3..steps_max);
        while steps > 0 && self.violations.is_empty() {
            if self.pending.is_empty() && !self.has_starts() && !self.has_thread_events() {
                steps -= 1;
            }
            self.step();
        }
        self.faults().enabled = false;
    }

    fn step(&mut self) {
        let names = self.names();
        let name = self.rng.choice(names).copied().unwrap_or("a");
        let probabilities = self.plan.probabilities.clone();
        self.outage(probabilities.outage);
        if self.outage_steps == 0 && self.rng.u8(0..100) < 40 && !self.step_flows() && !self.step_threads() {
            self.write_events();
            self.command();
        }
        if !self.is_running(name) && self.rng.u8(0..100) < 30 {
            self.start(name);
        }
        if self.is_running(name) && !self.paused.contains_key(name) {
            if self.chance(probabilities.kill) {
                self.cover(CoveragePoint::Kill, &format!("{name}: killed"));
                self.remove(name);
            } else if self.chance(probabilities.stop) {
                self.cover(CoveragePoint::Stop, &format!("{name}: stopped in order"));
                // Input that it could not commit is read again by the next owner.
                let (Ok(()) | Err(_)) = self.world.stop(name);
                self.executor.remove_process(name);
            } else if self.chance(probabilities.zombie) {
                self.pause(name);
            } else if self.chance(probabilities.slow_restore) {
                self.cover(CoveragePoint::SlowRestore, &format!("{name}: its restores are paused"));
                self.world.pause_restores(name, true);
                self.slow_restores.insert(name, self.rng.u32(5..30));
            }
        }
        self.resume_due();
        self.stall_sink(probabilities.stalled_sink);
        if self.chance(probabilities.clock) {
            let by = self.rng.i64(-600_000..600_000);
            let point = if by < 0 { CoveragePoint::ClockBack } else { CoveragePoint::ClockForward };
            self.world.clock().set_by(by);
            self.cover(point, &format!("the wall clock is set by {by} ms"));
        }
        if self.outage_steps == 0 && self.chance(probabilities.partitions) {
            self.add_partitions();
        }
        if self.rng.u8(0..10) == 0 {
            self.back_up(name);
        }
        let pause = if self.paused.is_empty() { self.rng.u64(0..200) } else { self.rng.u64(1_000..5_000) };
        self.advance(pause);
        for _ in 0..self.rng.usize(1..5) {
            self.turn();
        }
    }

    fn write_events(&mut self) {
        let probabilities = self.plan.probabilities.clone();
        for _ in 0..self.rng.usize(1..6) {
            let Some(event) = self.pending.pop() else { return };
            self.write(event.clone());
            if self.chance(probabilities.duplicate) {
                self.cover(CoveragePoint::Duplicate, "written: the same event again");
                self.write(event);
            }
        }
        if self.chance(probabilities.poison) {
            let value = Bytes::from(format!("no event {}", self.poison.len()));
            self.cover(CoveragePoint::Poison, "written: a record that is no event");
            self.poison.push(value.clone());
            self.produce(PARENTS, value);
        }
    }

    fn outage(&mut self, probabilities: u32) {
        if self.outage_steps > 0 {
            self.outage_steps -= 1;
            if self.outage_steps == 0 {
                self.world.broker().set_reachable(true);
                self.log("the brokers are back");
            }
        } else if self.chance(probabilities) {
            self.outage_steps = self.rng.u32(1..15);
            self.world.broker().set_reachable(false);
            self.cover(CoveragePoint::Outage, "no broker can be reached");
        }
    }

    /// Pauses an instance: at once, between two turns, or at a fault point in the middle of a turn.
    fn pause(&mut self, name: &'static str) {
        if self.rng.bool() {
            self.log(&format!("{name}: is paused"));
            self.set_paused(name);
            return;
        }
        // A pause before the broker knows of the transaction is the hardest case: no new owner waits for its end.
        let point = if self.rng.bool() { Some(FaultPoint::Begun) } else { self.rng.choice(FaultPoint::ALL) };
        self.pause_at.insert(name, point.unwrap_or(FaultPoint::Begun));
    }

    /// Keeps an instance paused for longer than its session time-out.
    pub(super) fn set_paused(&mut self, name: &'static str) {
        self.paused.insert(name, self.world.clock().uptime().saturating_add(PAUSE));
    }

    /// Resumes a paused instance.
    pub(super) fn resume(&mut self, name: &'static str) {
        self.cover(CoveragePoint::Zombie, &format!("{name}: resumes"));
        let result = self.world.resume(name);
        self.turn_ended(name, result.map(drop));
    }

    /// Resumes the instances and restores whose pauses have ended.
    fn resume_due(&mut self) {
        let now = self.world.clock().uptime();
        let due: Vec<&'static str> =
            self.paused.iter().filter(|(_, until)| **until <= now).map(|(name, _)| *name).collect();
        for name in due {
            self.paused.remove(name);
            self.resume(name);
        }
        let slow: Vec<&'static str> = self.slow_restores.keys().copied().collect();
        for name in slow {
            let left = self.slow_restores.get(name).copied().unwrap_or(0).saturating_sub(1);
            if left == 0 {
                self.slow_restores.remove(name);
                self.world.pause_restores(name, false);
            } else {
                self.slow_restores.insert(name, left);
            }
        }
    }

    fn stall_sink(&mut self, probabilities: u32) {
        if self.stalled_steps > 0 {
            self.stalled_steps -= 1;
            self.executor.set_stalled(self.stalled_steps > 0);
        } else if self.chance(probabilities) {
            self.stalled_steps = self.rng.u32(3..20);
            self.executor.set_stalled(true);
            self.cover(CoveragePoint::StalledSink, "control-m does not answer");
        }
    }

    fn add_partitions(&mut self) {
        let topic = Topic::new(if self.workers.is_some() { EVENTS } else { PARENTS });
        let Ok(mut admin) = self.world.broker().process("outside").admin() else { return };
        let found = admin.describe(std::slice::from_ref(&topic), TIMEOUT);
        let Some(count) = found.ok().and_then(|found| Some(found.into_iter().next()??.partitions)) else { return };
        if count < 6 && admin.add_partitions(&topic, count + 1, TIMEOUT).is_ok() {
            self.cover(CoveragePoint::PartitionsAdded, &format!("{topic} has {} partitions from now on", count + 1));
        }
    }

    /// Takes a backup of an instance's disk, which may be restored later.
    fn back_up(&mut self, name: &'static str) {
        let copy = MemoryStores::new();
        for task in setup::tasks(&self.plan) {
            self.world.disk(name).copy(&task, &copy);
        }
        self.backups.insert(name, copy);
    }
}
