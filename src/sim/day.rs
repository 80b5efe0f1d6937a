//! A day of events, told as a story: pairs in both orders, a duplicate, a missing child, a crash, a lost answer.
//!
//! The script is made from a seed before anything runs; [`Day::play`] carries it out in a [`World`] and reports each
//! happening as it becomes visible in Kafka, which is all that an operator would see too.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::{Generator, SampleEvent, World};
use crate::broker::{self, Broker, Producer, ProducerSpec};
use crate::model::{Clock, OutRecord, Record, Timestamp, Topic};
use crate::runtime;

/// Something to be done at a time of the day.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Write an event; `again` when it was written before.
    Send {
        /// The event.
        event: SampleEvent,
        /// A second writing of the same event.
        again: bool,
    },
    /// Start an instance.
    Start(&'static str),
    /// Kill an instance with -9.
    Kill(&'static str),
    /// Let Control-M execute the next submit and lose its answer.
    LoseAnswer,
}

/// What became visible.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "happening", rename_all = "snake_case")]
pub enum Happening {
    /// An event was written.
    Event {
        /// The bundle.
        bundle: String,
        /// `parent`, `child 2`.
        member: String,
        /// A second writing.
        again: bool,
    },
    /// An instance began.
    Started {
        /// Which.
        instance: String,
    },
    /// An instance vanished.
    Killed {
        /// Which.
        instance: String,
    },
    /// All tasks run again on these instances.
    Settled {
        /// Which.
        instances: Vec<String>,
    },
    /// Control-M will execute the next submit and lose its answer.
    AnswerWillBeLost,
    /// A submission was committed.
    Complete {
        /// The bundle.
        bundle: String,
        /// How many children it has.
        children: usize,
        /// After its deadline, by its members' times.
        late: bool,
    },
    /// A delivery has ended.
    Delivered {
        /// The bundle.
        bundle: String,
        /// `submitted`, `failed`, `unknown`.
        outcome: String,
        /// The folder at Control-M.
        folder: String,
        /// True when the answer was lost and the folder was found by a look-up.
        looked_up: bool,
    },
    /// An alert was raised.
    Alert {
        /// The bundle.
        bundle: String,
        /// What kind.
        kind: String,
        /// What it says.
        message: String,
    },
    /// An input was not accepted.
    DeadLetter {
        /// Why.
        reason: String,
    },
}

/// What was written, for the oracle.
#[derive(Clone, Debug)]
pub struct Sent {
    /// When, by the simulated clock.
    pub at: Timestamp,
    /// What.
    pub event: SampleEvent,
}

/// The story of a day.
pub struct Day {
    script: Vec<(Duration, Deed)>,
    sent: Vec<Sent>,
    /// How many records of each watched topic have been told.
    told: BTreeMap<Topic, usize>,
}

impl std::fmt::Debug for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Day").field("deeds", &self.script.len()).finish_non_exhaustive()
    }
}

/// How a record of a watched topic is told.
type Reading = fn(&Value) -> Happening;

/// What a day needs from outside of the world.
pub trait Stage {
    /// A simulated moment has passed; a demo sleeps here. It also waits until no act is under way.
    fn pass(&mut self, at: Timestamp);
    /// Something became visible.
    fn show(&mut self, at: Timestamp, happening: &Happening);
    /// Lets Control-M execute the next submit and lose its answer.
    fn lose_answer(&mut self);
}

/// The simulated time between two turns: members of the group have to be heard within their session's time-out.
const STEP: Duration = Duration::from_secs(10);
/// How long the day is: the last parent's deadline passes within it.
const LENGTH: Duration = Duration::from_hours(26);
const HOUR: u32 = 3_600;
/// The topics that samples are written to.
const PARENTS: &str = "ctm-parent-events";
const CHILDREN: &str = "ctm-children-events";
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most turns that are waited for rest.
const TURNS_MAX: usize = 20_000;

impl Day {
    /// The script of a seed.
    pub fn new(seed: u64, start: Timestamp) -> Self {
        let mut generator = Generator::new(seed);
        let mut script = vec![(Duration::ZERO, Deed::Start("a")), (Duration::ZERO, Deed::Start("b"))];
        let at = |generator: &mut Generator, from: u32, to: u32| {
            Duration::from_secs(u64::from(generator.number(from * HOUR..=to * HOUR)))
        };
        let mut put = |when: Duration, event: &SampleEvent, again: bool| {
            script.push((when, Deed::Send { event: event.clone(), again }));
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
        // The child of this one never comes.
        let orphan = generator.bundle(1, start);
        orphan.first().into_iter().for_each(|event| put(Duration::from_mins(40), event, false));
        let hour = |hours: u64| Duration::from_hours(hours);
        script.push((hour(5), Deed::LoseAnswer));
        script.push((hour(9), Deed::Kill("a")));
        script.push((hour(12), Deed::Start("a")));
        script.sort_by_key(|(when, _)| *when);
        Self { script, sent: Vec::new(), told: BTreeMap::new() }
    }

    /// Everything that was written.
    pub fn sent(&self) -> &[Sent] {
        &self.sent
    }

    /// Carries the script out.
    pub fn play(&mut self, world: &mut World, stage: &mut dyn Stage) -> runtime::Result<()> {
        let start = world.clock().now();
        let spec = ProducerSpec { transactional_id: "events".to_owned(), tracked: Vec::new() };
        let mut producer = world.broker().process("events").producer(&spec)?;
        producer.init(TIMEOUT)?;
        let mut script = std::mem::take(&mut self.script).into_iter().peekable();
        while world.clock().now().since(start) < LENGTH {
            let passed = world.clock().now().since(start);
            while let Some((_, deed)) = script.next_if(|(when, _)| *when <= passed) {
                self.carry_out(deed, world, &mut *producer, stage)?;
            }
            while world.turn()? {}
            self.tell(world, stage);
            stage.pass(world.clock().now());
            world.clock().advance(STEP);
        }
        world.settle(TURNS_MAX)?;
        self.tell(world, stage);
        Ok(())
    }

    fn carry_out(
        &mut self,
        deed: Deed,
        world: &mut World,
        producer: &mut dyn Producer,
        stage: &mut dyn Stage,
    ) -> runtime::Result<()> {
        let at = world.clock().now();
        match deed {
            Deed::Send { event, again } => {
                write(producer, &event)?;
                let (bundle, member) = (event.bundle.to_string(), event.name());
                stage.show(at, &Happening::Event { bundle, member, again });
                self.sent.push(Sent { at, event });
            }
            Deed::Start(name) => {
                world.start(name)?;
                stage.show(at, &Happening::Started { instance: name.to_owned() });
                world.settle(TURNS_MAX)?;
                let instances = world.running().map(str::to_owned).collect();
                stage.show(world.clock().now(), &Happening::Settled { instances });
            }
            Deed::Kill(name) => {
                world.crash(name);
                stage.show(at, &Happening::Killed { instance: name.to_owned() });
                // Its partitions are free when its session has ended; until then nobody has them.
                for _ in 0..6 {
                    world.clock().advance(STEP);
                    while world.turn()? {}
                    stage.pass(world.clock().now());
                }
                world.settle(TURNS_MAX)?;
                let instances = world.running().map(str::to_owned).collect();
                stage.show(world.clock().now(), &Happening::Settled { instances });
            }
            Deed::LoseAnswer => {
                stage.lose_answer();
                stage.show(at, &Happening::AnswerWillBeLost);
            }
        }
        Ok(())
    }

    /// Tells what has been committed since the last time.
    fn tell(&mut self, world: &World, stage: &mut dyn Stage) {
        let plan = world.plan();
        let output = |name: &str| plan.topology.nodes.iter().find_map(|node| node.output(name)).cloned();
        let watched: [(Option<Topic>, Reading); 3] = [
            (output(crate::processor::bundle::SUBMISSIONS), complete),
            (output(crate::processor::delivery::OUTCOMES), delivered),
            (Some(plan.alerts.clone()), alert),
        ];
        let at = world.clock().now();
        for (topic, read) in watched {
            let Some(topic) = topic else { continue };
            for record in self.news(world, &topic) {
                let value = record.value.as_deref().and_then(|value| serde_json::from_slice(value).ok());
                stage.show(at, &read(&value.unwrap_or(Value::Null)));
            }
        }
        for record in self.news(world, &plan.dead_letters.clone()) {
            let reason = record.headers.text("__sheaf.errors.reason").unwrap_or("unknown").to_owned();
            stage.show(at, &Happening::DeadLetter { reason });
        }
    }

    fn news(&mut self, world: &World, topic: &Topic) -> Vec<Record> {
        let mut records = world.broker().committed_records(topic);
        let told = self.told.entry(topic.clone()).or_default();
        if records.len() == *told {
            return Vec::new();
        }
        // Of all partitions, in the order of their writing.
        records.sort_by_key(|record| record.timestamp);
        let news = records.split_off((*told).min(records.len()));
        *told += news.len();
        news
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

fn complete(value: &Value) -> Happening {
    Happening::Complete {
        bundle: text(value, "bundle_id"),
        children: value.get("children").and_then(Value::as_array).map_or(0, Vec::len),
        late: value.get("late").and_then(Value::as_bool).unwrap_or(false),
    }
}

fn delivered(value: &Value) -> Happening {
    Happening::Delivered {
        bundle: text(value, "bundle_id"),
        outcome: text(value, "outcome"),
        folder: text(value, "folder"),
        looked_up: value.get("job_id").is_some(),
    }
}

fn alert(value: &Value) -> Happening {
    Happening::Alert { bundle: text(value, "key"), kind: text(value, "kind"), message: text(value, "message") }
}
