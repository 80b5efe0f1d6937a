//! A counting topology, a world that runs it, and functions that write and read its topics.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::memory;
use sheaf::broker::{Broker, Producer, ProducerSpec};
use sheaf::codec::{self, Versioned};
use sheaf::metric::{Build, Declared, Metrics};
use sheaf::model::{
    Act, Completion, Execution, Key, Listing, Moment, OutRecord, Outcome, Record, Reject, RejectReason, Sink, Status,
    Target, Timer, TimerKind, Timestamp, Topic, Verdict,
};
use sheaf::processor::{AnyProcessor, Effect, Event, Input, Keyed, Keying, Processor, Transition, erase};
use sheaf::runtime::{Limits, Settings};
use sheaf::sim::{MakeSink, ManualClock, Setup, World};
use sheaf::topology::{Node, Output, Source, Topology};

/// A state without content.
#[derive(Clone)]
pub(super) struct Empty;

impl Versioned for Empty {
    const VERSION: u16 = 1;
    const NAME: &'static str = "nothing";

    fn encode(&self, _out: &mut Vec<u8>) -> Result<(), codec::Error> {
        Ok(())
    }

    fn decode(_version: u16, _bytes: &[u8]) -> Result<Self, codec::Error> {
        Ok(Self)
    }
}

/// Counts records per key, forwards each count, and forwards `done` an hour after the first record.
pub(super) struct Counter;

#[derive(Clone)]
pub(super) struct Count(pub(super) u64);

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

/// The time-out of a call to the broker.
pub(super) const BROKER_TIMEOUT: Duration = Duration::from_secs(5);

impl Processor for Counter {
    type State = Count;

    /// Sorted by its timer, which is due an hour after the first record.
    fn listing(&self, _: &Count) -> Listing {
        Listing::of(Status(1), None)
    }

    fn open_since(&self, _: Status, at: Timestamp) -> Option<Timestamp> {
        Some(at.saturating_sub(Duration::from_hours(1)))
    }

    fn step(&self, _key: &Key, state: Option<Count>, input: Input, at: Moment) -> Result<Transition<Count>, Reject> {
        let forward = |text: String| Effect::forward("counts", text);
        match input {
            Input::Record(Event { record, .. }) => {
                if record.value.as_deref() == Some(b"poison") {
                    return Err(Reject::new(RejectReason::Unparsable, "poison"));
                }
                let first = state.is_none();
                let count = state.map_or(1, |count| count.0 + 1);
                let mut next = Transition::to(Count(count)).with(forward(count.to_string()));
                if first {
                    let due = at.wall.saturating_add(Duration::from_hours(1));
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

/// The key is the record's key, or its value if it has none.
pub(super) struct KeyOrValue;

impl Keying for KeyOrValue {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        let value = record.value.as_ref().ok_or_else(|| Reject::new(RejectReason::NoValue, "tombstone"))?;
        let key = record.key.as_ref().unwrap_or(value);
        Ok(Keyed::new(Key::from_bytes(key.clone()), "event", record.timestamp))
    }
}

#[derive(Debug)]
pub(super) struct NoSink;

impl Sink for NoSink {
    fn execute(&self, _: Execution, _: Completion) {}

    fn capacity(&self, _: &Target) -> usize {
        1
    }
}

/// The counting topology on a cluster with the default settings.
pub(super) fn world() -> World {
    world_of(erase(Counter), Box::new(|_| Arc::new(NoSink)), memory::Settings::default())
}

/// The counting topology with an instance that has counted x once.
pub(super) fn counted() -> World {
    let mut world = world();
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("1"))]);
    run_until_idle(&mut world);
    world
}

/// The same topology with another processor.
pub(super) fn world_of(processor: Arc<dyn AnyProcessor>, sink: MakeSink, broker: memory::Settings) -> World {
    World::new(setup(processor, sink, broker))
}

/// The setup of [`world_of`].
pub(super) fn setup(processor: Arc<dyn AnyProcessor>, sink: MakeSink, broker: memory::Settings) -> Setup {
    let topic = |name: &str| Topic::new(name);
    let topology = Topology {
        name: "counting".to_owned(),
        sources: vec![Source { topic: topic("events"), node: 0, keying: Arc::new(KeyOrValue), start: None }],
        nodes: vec![Node::new("counter", processor, vec![Output::own("counts", topic("counts"))])],
    };
    let settings = Settings {
        limits: Limits { broker_timeout: Duration::from_secs(5), ..Limits::default() },
        ..Settings::new("app", "unnamed")
    };
    Setup {
        topology,
        settings,
        broker,
        clock: Arc::new(ManualClock::new(Timestamp::from_millis(1_700_000_000_000))),
        sink,
        metrics: Box::new(|| Arc::new(Metrics::new("app", &Build::default(), Declared::default()).unwrap())),
        spans: None,
        crash_policy: sheaf::sim::never_crash(),
    }
}

/// Writes events (key and value) in one transaction.
pub(super) fn send(world: &World, events: &[(&str, Option<&str>)]) {
    produce(
        world,
        events.iter().map(|(key, value)| {
            let mut record = OutRecord::keyed(&Topic::new("events"), &Key::new(key), Bytes::new());
            record.value = value.map(|value| Bytes::copy_from_slice(value.as_bytes()));
            record
        }),
    );
}

/// Writes one event for each of `keys` keys.
pub(super) fn send_to(world: &World, keys: usize) {
    let keys: Vec<String> = (0..keys).map(|number| format!("key-{number:03}")).collect();
    let events: Vec<_> = keys.iter().map(|key| (key.as_str(), Some("1"))).collect();
    send(world, &events);
}

/// Sends records in one transaction.
pub(super) fn produce(world: &World, records: impl Iterator<Item = OutRecord>) {
    let mut producer = producer(world, "outside");
    producer.begin().unwrap();
    for record in records {
        producer.produce(&record).unwrap();
    }
    producer.drain(BROKER_TIMEOUT).unwrap();
    producer.commit(BROKER_TIMEOUT).unwrap();
}

/// A producer with this transactional id; it fences older ones.
pub(super) fn producer(world: &World, transactional_id: &str) -> Box<dyn Producer> {
    let spec = ProducerSpec::transactional(transactional_id);
    let mut producer = world.broker().producer(&spec).unwrap();
    producer.init(BROKER_TIMEOUT).unwrap();
    producer
}

/// The committed records of a topic as `key=value`, sorted.
pub(super) fn values(world: &World, topic: &str) -> Vec<String> {
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

/// The sum of a metric of an instance over all labels.
pub(super) fn metric(world: &World, instance: &str, name: &str) -> u64 {
    let text = world.metrics(instance).unwrap().encode().unwrap();
    let values = text.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{')));
    values.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}

/// Runs the world until it is idle.
pub(super) fn run_until_idle(world: &mut World) {
    assert!(world.run_until_idle(5_000).unwrap(), "the world does not become idle");
}

/// Turns until an instance fails; returns its error.
pub(super) fn failure_of(world: &mut World) -> String {
    for _ in 0..500 {
        if let Err(error) = world.turn() {
            return error.to_string();
        }
        world.clock().advance(Duration::from_millis(10));
    }
    panic!("the instance does not fail");
}

/// A sink that answers its acts when the test says so.
#[derive(Clone, Default)]
pub(super) struct ManualSink {
    capacity: Option<usize>,
    requests: Arc<Mutex<Vec<String>>>,
    acts: Arc<Mutex<Vec<(Act, Completion)>>>,
}

impl ManualSink {
    /// A sink with a limited capacity.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { capacity: Some(capacity), ..Self::default() }
    }

    /// All requests so far, in their order.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Answers all pending acts; returns their number.
    pub(super) fn answer(&self, verdict: &Verdict) -> usize {
        let acts: Vec<_> = self.acts.lock().unwrap().drain(..).collect();
        let count = acts.len();
        for (act, done) in acts {
            done(Outcome { slot: act.slot, attempt: act.attempt, verdict: verdict.clone() });
        }
        count
    }
}

impl std::fmt::Debug for ManualSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ManualSink")
    }
}

impl Sink for ManualSink {
    fn execute(&self, execution: Execution, done: Completion) {
        let Execution { act, .. } = execution;
        self.requests.lock().unwrap().push(act.request.clone());
        self.acts.lock().unwrap().push((act, done));
    }

    fn capacity(&self, _: &Target) -> usize {
        self.capacity.unwrap_or(1_000).saturating_sub(self.acts.lock().unwrap().len())
    }
}
