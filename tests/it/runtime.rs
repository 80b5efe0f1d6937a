//! The runtime over the memory broker: what a transaction holds together through crashes, hand-overs and lost answers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::memory::{self, Fault, FaultKind, Operation};
use sheaf::broker::{Broker, ProducerSpec};
use sheaf::codec::{self, Versioned};
use sheaf::metric::{Build, Metrics};
use sheaf::model::{
    Act, Completion, Headers, InstanceId, Key, OutRecord, Record, Reject, RejectReason, Sink, TaskId, Timer, TimerKind,
    Timestamp, Topic,
};
use sheaf::processor::{Effect, Event, Forward, Input, Keyed, Keying, Processor, Transition, erase};
use sheaf::runtime::{CommitLimits, Settings};
use sheaf::sim::{ManualClock, Setting, World};
use sheaf::topology::{Node, Output, Source, Topology};

/// Counts records per key, forwards each count, and says `done` an hour after the first one.
struct Counter;

#[derive(Clone)]
struct Count(u64);

impl Versioned for Count {
    const VERSION: u16 = 1;
    const NAME: &'static str = "count";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        codec::binary::encode(&self.0, out)
    }

    fn decode(_version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        Ok(Self(codec::binary::decode(bytes)?))
    }
}

const TIMEOUT: TimerKind = TimerKind::Delay(0);

impl Processor for Counter {
    type State = Count;

    fn step(
        &self,
        _key: &Key,
        state: Option<Count>,
        input: Input,
        now: Timestamp,
    ) -> Result<Transition<Count>, Reject> {
        let forward = |text: String| {
            Effect::Forward(Forward { output: "counts", value: Bytes::from(text), headers: Headers::new() })
        };
        match input {
            Input::Record(Event { record, .. }) => {
                if record.value.as_deref() == Some(b"poison") {
                    return Err(Reject::new(RejectReason::Unparsable, "poison"));
                }
                let first = state.is_none();
                let count = state.map_or(1, |count| count.0 + 1);
                let mut next = Transition::to(Count(count)).with(forward(count.to_string()));
                if first {
                    let due = now.saturating_add(Duration::from_hours(1));
                    next = next.with(Effect::Schedule(Timer { kind: TIMEOUT, due }));
                }
                Ok(next)
            }
            Input::Timer(_) => {
                let effects = vec![forward(format!("done at {}", state.map_or(0, |count| count.0)))];
                Ok(Transition { state: None, effects })
            }
            Input::Command(_) | Input::Outcome(_) => Ok(Transition { state, effects: Vec::new() }),
        }
    }
}

/// The value's first word is the key.
struct FirstWord;

impl Keying for FirstWord {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        let value = record.value.as_ref().ok_or_else(|| Reject::new(RejectReason::NoValue, "tombstone"))?;
        let key = record.key.as_ref().unwrap_or(value);
        Ok(Keyed { key: Key::from_bytes(key.clone()), role: "event".to_owned(), at: record.timestamp })
    }
}

#[derive(Debug)]
struct NoSink;

impl Sink for NoSink {
    fn execute(&self, _: &TaskId, _: &Key, _: Act, _: Duration, _: Completion) {}

    fn capacity(&self) -> usize {
        1
    }
}

fn world() -> World {
    let topic = |name: &str| Topic::new(name);
    let topology = Topology {
        name: "counting".to_owned(),
        sources: vec![Source { topic: topic("events"), node: 0, keying: Arc::new(FirstWord) }],
        nodes: vec![Node {
            name: Arc::from("counter"),
            processor: erase(Counter),
            outputs: vec![Output { name: "counts", topic: topic("counts") }],
        }],
    };
    let settings = Settings {
        application: "app".to_owned(),
        instance: InstanceId::new("unnamed"),
        http: String::new(),
        stream_threads: 1,
        partitions: 4,
        replication: None,
        commit: CommitLimits::default(),
        broker_timeout: Duration::from_secs(5),
    };
    World::new(Setting {
        topology,
        settings,
        broker: memory::Settings::default(),
        clock: Arc::new(ManualClock::new(Timestamp::from_millis(1_700_000_000_000))),
        sink: Box::new(|_| Arc::new(NoSink)),
        metrics: Box::new(|| Arc::new(Metrics::new("app", &Build::default(), []).unwrap())),
    })
}

fn send(world: &World, events: &[(&str, Option<&str>)]) {
    let spec = ProducerSpec { transactional_id: "outside".to_owned(), tracked: Vec::new() };
    let mut producer = world.broker().producer(&spec).unwrap();
    let timeout = Duration::from_secs(5);
    producer.init(timeout).unwrap();
    producer.begin().unwrap();
    for (key, value) in events {
        let mut record = OutRecord::keyed(&Topic::new("events"), &Key::new(key), Bytes::new());
        record.value = value.map(|value| Bytes::copy_from_slice(value.as_bytes()));
        producer.produce(&record).unwrap();
    }
    producer.drain(timeout).unwrap();
    producer.commit(timeout).unwrap();
}

fn values(world: &World, topic: &str) -> Vec<String> {
    let records = world.broker().committed_records(&Topic::new(topic));
    let mut values: Vec<String> = records
        .iter()
        .map(|record| {
            let text = |bytes: &Option<Bytes>| {
                bytes.as_ref().map_or("null".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
            };
            format!("{}={}", text(&record.key), text(&record.value))
        })
        .collect();
    values.sort();
    values
}

fn settle(world: &mut World) {
    assert!(world.settle(5_000).unwrap(), "the world does not come to rest");
}

#[test]
fn records_are_keyed_counted_and_forwarded() {
    let mut world = world();
    world.start("a").unwrap();
    settle(&mut world);
    send(&world, &[("x", Some("1")), ("y", Some("1")), ("x", Some("2"))]);
    settle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2", "y=1"]);
}

#[test]
fn a_rejected_input_becomes_a_dead_letter_and_the_partition_goes_on() {
    let mut world = world();
    world.start("a").unwrap();
    settle(&mut world);
    send(&world, &[("x", Some("1")), ("x", None), ("x", Some("poison")), ("x", Some("2"))]);
    settle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2"]);
    assert_eq!(values(&world, "app-dead-letters"), ["x=null", "x=poison"]);
    let letters = world.broker().committed_records(&Topic::new("app-dead-letters"));
    let mut reasons: Vec<_> = letters.iter().filter_map(|it| it.headers.text("__sheaf.errors.reason")).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["no_value", "unparsable"]);
    assert!(letters.iter().all(|it| it.headers.text("__sheaf.errors.topic") == Some("events")));
}

#[test]
fn a_timer_fires_after_a_crash_and_a_lost_disk() {
    let mut world = world();
    world.start("a").unwrap();
    settle(&mut world);
    send(&world, &[("x", Some("1")), ("x", Some("2"))]);
    settle(&mut world);
    world.crash("a");
    for partition in 0..4 {
        world.disk("a").wipe(&format!("counter-{partition}"));
    }
    world.start("a").unwrap();
    settle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2"]);
    for _ in 0..400 {
        world.clock().advance(Duration::from_secs(10));
        world.turn().unwrap();
    }
    settle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2", "x=done at 2"]);
}

#[test]
fn a_second_instance_takes_over_what_the_first_has_counted() {
    let mut world = world();
    world.start("a").unwrap();
    settle(&mut world);
    let keys: Vec<String> = (0..40).map(|number| format!("key-{number:02}")).collect();
    let events: Vec<_> = keys.iter().map(|key| (key.as_str(), Some("1"))).collect();
    send(&world, &events);
    settle(&mut world);
    world.start("b").unwrap();
    settle(&mut world);
    send(&world, &events);
    settle(&mut world);
    world.crash("a");
    for _ in 0..20 {
        world.clock().advance(Duration::from_secs(5));
        world.turn().unwrap();
    }
    settle(&mut world);
    send(&world, &events);
    settle(&mut world);
    let mut expected: Vec<String> = keys.iter().flat_map(|key| (1..=3).map(move |n| format!("{key}={n}"))).collect();
    expected.sort();
    assert_eq!(values(&world, "counts"), expected);
}

/// Each transactional call in turn fails in each way, while events flow; nothing is lost or counted twice.
#[test]
fn a_lost_answer_of_any_transactional_call_loses_and_doubles_nothing() {
    let operations =
        [Operation::Begin, Operation::Produce, Operation::Drain, Operation::SendOffsets, Operation::Commit];
    let kinds = [
        FaultKind::TimeoutBefore,
        FaultKind::TimeoutAfter,
        FaultKind::TimeoutPrepared,
        FaultKind::Transient,
        FaultKind::Unreachable,
    ];
    for operation in operations {
        for kind in kinds {
            let mut world = world();
            world.start("a").unwrap();
            settle(&mut world);
            send(&world, &[("x", Some("1"))]);
            settle(&mut world);
            world.broker().inject(Fault { operation, process: Some("a".to_owned()), kind, times: 1 });
            send(&world, &[("x", Some("1")), ("x", Some("1"))]);
            settle(&mut world);
            send(&world, &[("x", Some("1"))]);
            settle(&mut world);
            assert_eq!(values(&world, "counts"), ["x=1", "x=2", "x=3", "x=4"], "{operation:?} {kind:?}");
        }
    }
}
