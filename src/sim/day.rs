//! The script of `sheaf demo`, a day of events: pairs in both orders, a duplicate, a missing child, a crash, a lost answer.
//!
//! The script is generated from a seed before anything runs. [`Day::run`] executes it in a [`World`] and reports what can be
//! observed from outside: operations, and records that are committed to Kafka.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::observation::{Observation, alert, complete, delivered};
use super::{Generator, SampleEvent, World, kill};
use crate::broker::{self, Broker, Producer, ProducerSpec};
use crate::model::{Clock, OutRecord, Record, Timestamp, Topic};
use crate::runtime;

/// An operation of the script.
#[derive(Clone, Debug)]
enum Operation {
    /// Write an event.
    Send {
        /// The event.
        event: SampleEvent,
        /// True if the same event was written before.
        duplicate: bool,
    },
    /// Start an instance.
    Start(&'static str),
    /// Kill the instance that processes the event written just before, with -9, in the middle of its transaction.
    Kill,
    /// Start the killed instance.
    Restart,
    /// Have Control-M execute the next submit without its answer arriving.
    LoseAnswer,
}

/// A written event: the input of the oracle.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The time of writing, by the simulated wall clock.
    pub at: Timestamp,
    /// The event.
    pub event: SampleEvent,
}

/// A day of events: its script, and what was written so far.
pub struct Day {
    script: Vec<(Duration, Operation)>,
    sent: Vec<Sent>,
    /// The name of the killed instance, until it is started again.
    killed: Option<String>,
    /// The number of reported records of each watched topic.
    reported: BTreeMap<Topic, usize>,
}

impl std::fmt::Debug for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Day").field("operations", &self.script.len()).finish_non_exhaustive()
    }
}

/// Turns the value of a watched topic's record into an observation.
type Read = fn(&Value) -> Observation;

/// Runs a [`Day`]: shows observations, waits for acts, injects faults into Control-M.
pub trait Harness {
    /// Called before the simulated clock advances; waits until no act is in flight.
    fn before_advance(&mut self, at: Timestamp);
    /// Shows an observation.
    fn observed(&mut self, at: Timestamp, happening: &Observation);
    /// Has Control-M execute the next submit without its answer arriving.
    fn lose_answer(&mut self);
    /// The number of calls to Control-M without an answer.
    fn calls_in_flight(&self) -> usize;
}

/// The simulated time between two turns, shorter than the session time-out of group members.
const STEP: Duration = Duration::from_secs(10);
/// A minute and an hour in seconds.
const MINUTE: u32 = 60;
const HOUR: u32 = 3_600;
/// The time of the kill, and the time until the instance is started again.
const KILL: Duration = Duration::from_hours(5);
const DOWN: Duration = Duration::from_hours(3);
/// The time-out of a call to the broker.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most turns until the instances are idle.
const TURNS_MAX: usize = 20_000;

impl Day {
    /// The length of the day: the last parent's deadline passes within it.
    pub const LENGTH: Duration = Duration::from_hours(26);
    /// The topic of parents.
    pub const PARENTS: &str = "ctm-parent-events";
    /// The topic of children.
    pub const CHILDREN: &str = "ctm-children-events";

    /// The script of a seed.
    pub fn new(seed: u64, start: Timestamp) -> Self {
        let mut generator = Generator::new(seed);
        let mut script = vec![(Duration::ZERO, Operation::Start("a")), (Duration::ZERO, Operation::Start("b"))];
        let mut put = |when: Duration, event: &SampleEvent, duplicate: bool| {
            script.push((when, Operation::Send { event: event.clone(), duplicate }));
        };
        for pair in 0..8_u32 {
            let bundle = generator.bundle(1, start);
            // The first two are complete soon, the others after hours.
            let (first, pause) = match pair {
                0 => (between(&mut generator, 2 * MINUTE, 9 * MINUTE), between(&mut generator, 5 * MINUTE, 9 * MINUTE)),
                1 => (between(&mut generator, HOUR, 2 * HOUR), between(&mut generator, 30 * MINUTE, HOUR)),
                _ => {
                    let first = between(&mut generator, pair * HOUR, (pair + 3) * HOUR);
                    (first, between(&mut generator, 2 * HOUR, 9 * HOUR))
                }
            };
            // Every other pair arrives child first.
            let order = if pair % 2 == 0 { [0, 1] } else { [1, 0] };
            for (when, member) in [first, first.saturating_add(pause)].into_iter().zip(order) {
                bundle.get(member).into_iter().for_each(|event| put(when, event, false));
            }
            // The second pair's child is written twice.
            if pair == 1 {
                bundle.get(1).into_iter().for_each(|event| put(first + Duration::from_mins(20), event, true));
            }
        }
        // The kill meets the transaction of the last of these.
        let mut three = generator.bundle(3, start);
        generator.shuffle(&mut three);
        let last = three.pop();
        for event in &three {
            put(between(&mut generator, 2 * HOUR, 5 * HOUR - MINUTE), event, false);
        }
        if let Some(event) = &last {
            put(KILL, event, false);
        }
        // The child of this one is never written.
        let orphan = generator.bundle(1, start);
        orphan.first().into_iter().for_each(|event| put(Duration::from_mins(40), event, false));
        script.push((Duration::from_hours(1), Operation::LoseAnswer));
        script.push((KILL, Operation::Kill));
        script.push((KILL.saturating_add(DOWN), Operation::Restart));
        script.sort_by_key(|(when, _)| *when);
        Self { script, sent: Vec::new(), killed: None, reported: BTreeMap::new() }
    }

    /// All events that were written, in their order.
    pub fn sent(&self) -> &[Sent] {
        &self.sent
    }

    /// Executes the script.
    pub fn run(&mut self, world: &mut World, harness: &mut dyn Harness) -> runtime::Result<()> {
        let start = world.clock().now();
        let spec = ProducerSpec::transactional("events");
        let mut producer = world.broker().process("events").producer(&spec)?;
        producer.init(TIMEOUT)?;
        let mut script = std::mem::take(&mut self.script).into_iter().peekable();
        while world.clock().now().since(start) < Self::LENGTH {
            let passed = world.clock().now().since(start);
            while let Some((_, operation)) = script.next_if(|(when, _)| *when <= passed) {
                self.execute(operation, world, &mut *producer, harness)?;
            }
            while world.turn()? {}
            self.report(world, harness);
            harness.before_advance(world.clock().now());
            world.clock().advance(STEP);
        }
        world.run_until_idle(TURNS_MAX)?;
        self.report(world, harness);
        Ok(())
    }

    fn execute(
        &mut self,
        operation: Operation,
        world: &mut World,
        producer: &mut dyn Producer,
        harness: &mut dyn Harness,
    ) -> runtime::Result<()> {
        let at = world.clock().now();
        match operation {
            Operation::Send { event, duplicate } => {
                write(producer, &event)?;
                let (bundle, member) = (event.bundle.to_string(), event.name());
                harness.observed(at, &Observation::Event { bundle, member, duplicate });
                self.sent.push(Sent { at, event });
            }
            Operation::Start(name) => start(name, world, harness)?,
            Operation::Restart => {
                if let Some(name) = self.killed.take() {
                    start(&name, world, harness)?;
                }
            }
            Operation::Kill => self.kill(world, harness)?,
            Operation::LoseAnswer => {
                harness.lose_answer();
                harness.observed(at, &Observation::AnswerLossInjected);
            }
        }
        Ok(())
    }

    fn kill(&mut self, world: &mut World, harness: &mut dyn Harness) -> runtime::Result<()> {
        let Some(target) = target(world) else { return Ok(()) };
        let calls_in_flight = harness.calls_in_flight();
        let Some(killed) = kill::kill(world, &target)? else { return Ok(()) };
        self.killed = Some(killed.instance.clone());
        let observation = Observation::Killed {
            instance: killed.instance,
            open_bundles: killed.open,
            uncommitted_events: killed.inputs,
            uncommitted_submissions: killed.outputs,
            calls_in_flight,
        };
        harness.observed(world.clock().now(), &observation);
        // Its partitions are assigned to others only when its session has timed out.
        for _ in 0..6 {
            world.clock().advance(STEP);
            while world.turn()? {}
            harness.before_advance(world.clock().now());
        }
        world.run_until_idle(TURNS_MAX)?;
        assigned(world, harness);
        Ok(())
    }

    /// Reports the records that were committed since the last call.
    fn report(&mut self, world: &World, harness: &mut dyn Harness) {
        let plan = world.plan();
        let output = |name: &str| plan.topology.nodes.iter().find_map(|node| node.output(name)).cloned();
        let watched: [(Option<Topic>, Read); 3] = [
            (output(crate::processor::bundle::SUBMISSIONS), complete),
            (output(crate::processor::delivery::OUTCOMES), delivered),
            (Some(plan.alerts.clone()), alert),
        ];
        let at = world.clock().now();
        for (topic, read) in watched {
            let Some(topic) = topic else { continue };
            for record in self.new_records(world, &topic) {
                let value = record.value.as_deref().and_then(|value| serde_json::from_slice(value).ok());
                harness.observed(at, &read(&value.unwrap_or(Value::Null)));
            }
        }
        for record in self.new_records(world, &plan.dead_letters.clone()) {
            let reason = record.headers.text("__sheaf.errors.reason").unwrap_or("unknown").to_owned();
            harness.observed(at, &Observation::DeadLetter { reason });
        }
    }

    fn new_records(&mut self, world: &World, topic: &Topic) -> Vec<Record> {
        let mut records = world.broker().committed_records(topic);
        let reported = self.reported.entry(topic.clone()).or_default();
        if records.len() == *reported {
            return Vec::new();
        }
        // The records of all partitions, in the order in which they were written.
        records.sort_by_key(|record| record.timestamp);
        let new = records.split_off((*reported).min(records.len()));
        *reported += new.len();
        new
    }
}

/// The bundles, as the target of the kill; `None` without a processor that has submissions.
fn target(world: &World) -> Option<kill::Target> {
    let plan = world.plan();
    let mut nodes = plan.topology.nodes.iter().zip(&plan.nodes);
    nodes.find_map(|(node, topics)| {
        let output = node.output(crate::processor::bundle::SUBMISSIONS)?.clone();
        let inputs = vec![Topic::new(Day::PARENTS), Topic::new(Day::CHILDREN), topics.inbox.clone()];
        Some(kill::Target { processor: node.name.to_string(), inputs, output })
    })
}

fn start(name: &str, world: &mut World, harness: &mut dyn Harness) -> runtime::Result<()> {
    world.start(name)?;
    harness.observed(world.clock().now(), &Observation::Started { instance: name.to_owned() });
    world.run_until_idle(TURNS_MAX)?;
    assigned(world, harness);
    Ok(())
}

/// Reports the instances that have all partitions now.
fn assigned(world: &World, harness: &mut dyn Harness) {
    let instances = world.running().map(str::to_owned).collect();
    harness.observed(world.clock().now(), &Observation::Assigned { instances });
}

/// A time from `from` to `to` seconds.
fn between(generator: &mut Generator, from: u32, to: u32) -> Duration {
    Duration::from_secs(u64::from(generator.number(from..=to)))
}

fn write(producer: &mut dyn Producer, event: &SampleEvent) -> broker::Result<()> {
    let topic = Topic::new(if event.is_parent() { Day::PARENTS } else { Day::CHILDREN });
    let record = OutRecord::unkeyed(&topic, Bytes::from(event.value.to_string()));
    producer.transact(&[record], TIMEOUT).map(drop)
}
