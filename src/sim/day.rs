//! The script of `sheaf demo`, a day of events: pairs in both orders, a duplicate, a missing child, a crash, a lost answer.
//!
//! The script is generated from a seed before anything runs. [`Day::run`] executes it in a [`World`] and reports what can be
//! observed from outside: operations, and records that are committed to Kafka.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::{Generator, SampleEvent, World};
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
    /// Kill an instance with -9.
    Kill(&'static str),
    /// Have Control-M execute the next submit without its answer arriving.
    LoseAnswer,
}

/// An observation from outside of the instances.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Observation {
    /// An event was written.
    Event {
        /// The bundle's id.
        bundle: String,
        /// `parent`, `child 2`.
        member: String,
        /// True if the same event was written before.
        duplicate: bool,
    },
    /// An instance was started.
    Started {
        /// Its name.
        instance: String,
    },
    /// An instance was killed.
    Killed {
        /// Its name.
        instance: String,
    },
    /// All partitions are assigned, and all tasks run.
    Assigned {
        /// The names of the running instances.
        instances: Vec<String>,
    },
    /// Control-M will execute the next submit, and its answer will be lost.
    AnswerLossInjected,
    /// A submission was committed.
    Complete {
        /// The bundle's id.
        bundle: String,
        /// The number of its children.
        children: usize,
        /// True if it was completed after its deadline, by its members' times.
        late: bool,
    },
    /// A delivery has ended.
    Delivered {
        /// The bundle's id.
        bundle: String,
        /// `submitted`, `failed`, `unknown`.
        outcome: String,
        /// The folder at Control-M.
        folder: String,
        /// True if the answer was lost and a look-up found the folder.
        looked_up: bool,
    },
    /// An alert was raised.
    Alert {
        /// The bundle's id.
        bundle: String,
        /// The kind of alert.
        kind: String,
        /// Its message.
        message: String,
    },
    /// An input was rejected.
    DeadLetter {
        /// The reason, a word of [`RejectReason`](crate::model::RejectReason).
        reason: String,
    },
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
}

/// The simulated time between two turns, shorter than the session time-out of group members.
const STEP: Duration = Duration::from_secs(10);
/// The length of the day: the last parent's deadline passes within it.
const LENGTH: Duration = Duration::from_hours(26);
/// An hour in seconds.
const HOUR: u32 = 3_600;
/// The topic of parents.
const PARENTS: &str = "ctm-parent-events";
/// The topic of children.
const CHILDREN: &str = "ctm-children-events";
/// The time-out of a call to the broker.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most turns until the instances are idle.
const TURNS_MAX: usize = 20_000;

impl Day {
    /// The script of a seed.
    pub fn new(seed: u64, start: Timestamp) -> Self {
        let mut generator = Generator::new(seed);
        let mut script = vec![(Duration::ZERO, Operation::Start("a")), (Duration::ZERO, Operation::Start("b"))];
        let at = |generator: &mut Generator, from: u32, to: u32| {
            Duration::from_secs(u64::from(generator.number(from * HOUR..=to * HOUR)))
        };
        let mut put = |when: Duration, event: &SampleEvent, duplicate: bool| {
            script.push((when, Operation::Send { event: event.clone(), duplicate }));
        };
        for pair in 0..8_u32 {
            let bundle = generator.bundle(1, start);
            let (first, second) = (at(&mut generator, pair, pair + 3), at(&mut generator, pair + 4, pair + 12));
            // Every other pair arrives child first.
            let order = if pair % 2 == 0 { [0, 1] } else { [1, 0] };
            for (when, member) in [first, second].into_iter().zip(order) {
                bundle.get(member).into_iter().for_each(|event| put(when, event, false));
            }
            // The second pair's child is written twice.
            if pair == 1 {
                bundle.get(1).into_iter().for_each(|event| put(first + Duration::from_mins(20), event, true));
            }
        }
        let mut three = generator.bundle(3, start);
        generator.shuffle(&mut three);
        for event in &three {
            put(at(&mut generator, 2, 15), event, false);
        }
        // The child of this one is never written.
        let orphan = generator.bundle(1, start);
        orphan.first().into_iter().for_each(|event| put(Duration::from_mins(40), event, false));
        let hour = |hours: u64| Duration::from_hours(hours);
        script.push((hour(5), Operation::LoseAnswer));
        script.push((hour(9), Operation::Kill("a")));
        script.push((hour(12), Operation::Start("a")));
        script.sort_by_key(|(when, _)| *when);
        Self { script, sent: Vec::new(), reported: BTreeMap::new() }
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
        while world.clock().now().since(start) < LENGTH {
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
            Operation::Start(name) => {
                world.start(name)?;
                harness.observed(at, &Observation::Started { instance: name.to_owned() });
                world.run_until_idle(TURNS_MAX)?;
                let instances = world.running().map(str::to_owned).collect();
                harness.observed(world.clock().now(), &Observation::Assigned { instances });
            }
            Operation::Kill(name) => {
                world.crash(name);
                harness.observed(at, &Observation::Killed { instance: name.to_owned() });
                // Its partitions are assigned to others only when its session has timed out.
                for _ in 0..6 {
                    world.clock().advance(STEP);
                    while world.turn()? {}
                    harness.before_advance(world.clock().now());
                }
                world.run_until_idle(TURNS_MAX)?;
                let instances = world.running().map(str::to_owned).collect();
                harness.observed(world.clock().now(), &Observation::Assigned { instances });
            }
            Operation::LoseAnswer => {
                harness.lose_answer();
                harness.observed(at, &Observation::AnswerLossInjected);
            }
        }
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

fn write(producer: &mut dyn Producer, event: &SampleEvent) -> broker::Result<()> {
    let topic = Topic::new(if event.is_parent() { PARENTS } else { CHILDREN });
    let record = OutRecord::unkeyed(&topic, Bytes::from(event.value.to_string()));
    producer.transact(&[record], TIMEOUT).map(drop)
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn complete(value: &Value) -> Observation {
    Observation::Complete {
        bundle: text(value, "bundle_id"),
        children: value.get("children").and_then(Value::as_array).map_or(0, Vec::len),
        late: value.get("late").and_then(Value::as_bool).unwrap_or(false),
    }
}

fn delivered(value: &Value) -> Observation {
    Observation::Delivered {
        bundle: text(value, "bundle_id"),
        outcome: text(value, "outcome"),
        folder: text(value, "folder"),
        looked_up: value.get("job_id").is_some(),
    }
}

fn alert(value: &Value) -> Observation {
    Observation::Alert { bundle: text(value, "key"), kind: text(value, "kind"), message: text(value, "message") }
}
