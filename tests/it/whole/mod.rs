//! Topology files as a whole, on the memory broker and a clock that is set by hand.
//!
//! | file | what |
//! |---|---|
//! | `balance` | the balance sheet of hostile inputs |
//! | `hostile` | hostile inputs from a seed |
//! | `original` | the defects of the original consumer |
//! | `replay` | a recorded day that is replayed |
//! | `reprocess` | replays, and offsets that were set back |
//! | `series` | how many series there are |

mod balance;
mod hostile;
mod original;
mod replay;
mod reprocess;
mod series;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sheaf::broker::{Broker as _, ProducerSpec, memory};
use sheaf::metric::{Build, Metrics};
use sheaf::model::{Clock as _, Completion, Execution, OutRecord, Record, Sink, Target, Timestamp, Topic};
use sheaf::runtime::{Limits, Processing, Settings, TopicSettings};
use sheaf::sim::{ManualClock, Setup, World, never_crash};
use sheaf::topology::{Spec, StartAt};

/// The time at which worlds begin.
const START: Timestamp = Timestamp::from_millis(1_795_221_600_000);
/// The application.
const APPLICATION: &str = "app";
/// The time-out of a call to the broker.
const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct NoSink;

impl Sink for NoSink {
    fn execute(&self, _: Execution, _: Completion) {}

    fn capacity(&self, _: &Target) -> usize {
        1
    }
}

/// A world that runs this topology, which delivers nothing.
fn world(topology: &str, start: Timestamp, direct_handover: bool) -> World {
    let mut topology = Spec::parse("t.yaml", topology).unwrap().assemble(APPLICATION, |_| None).unwrap();
    for source in &mut topology.sources {
        source.start = Some(StartAt::Earliest);
    }
    let of_metrics = topology.clone();
    World::new(Setup {
        topology,
        settings: Settings {
            topics: TopicSettings { partitions: 4, ..TopicSettings::default() },
            limits: Limits { broker_timeout: TIMEOUT, ..Limits::default() },
            processing: Processing { direct_handover, ..Processing::default() },
            ..Settings::new(APPLICATION, "unnamed")
        },
        broker: memory::Settings::default(),
        clock: Arc::new(ManualClock::new(start)),
        sink: Box::new(|_| Arc::new(NoSink)),
        metrics: Box::new(move || Arc::new(Metrics::of(APPLICATION, &Build::default(), &of_metrics).unwrap())),
        spans: None,
        crash_policy: never_crash(),
    })
}

/// Writes records in one transaction.
fn write(world: &World, records: impl IntoIterator<Item = OutRecord>) {
    let mut producer = world.broker().producer(&ProducerSpec::transactional("outside")).unwrap();
    producer.init(TIMEOUT).unwrap();
    producer.begin().unwrap();
    for record in records {
        producer.produce(&record).unwrap();
    }
    producer.drain(TIMEOUT).unwrap();
    producer.commit(TIMEOUT).unwrap();
}

/// Runs the world for this long, in steps of this length.
fn run_for(world: &mut World, length: Duration, step: Duration) {
    let end = world.clock().now().saturating_add(length);
    while world.clock().now() < end {
        while world.turn().unwrap() {}
        world.clock().advance(step);
    }
    while world.turn().unwrap() {}
}

fn records(world: &World, topic: &str) -> Vec<Record> {
    world.broker().committed_records(&Topic::new(topic))
}

fn json(record: &Record) -> Value {
    serde_json::from_slice(record.value.as_deref().unwrap()).unwrap()
}
