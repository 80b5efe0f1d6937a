//! Tests that only the cluster in memory can run: time-outs, crashes, faults, the eager protocol, compaction.
//!
//! Tests that run on Kafka too are in `tests/it/conformance`.

mod bench;
mod fault;
mod group;
mod log;
mod transaction;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::{MemoryBroker, Settings};
use crate::broker::{
    Broker, Consumer, ConsumerSpec, GroupEvent, NewTopic, Producer, ProducerSpec, Result, Start, Wake, Waker,
};
use crate::model::{Clock, Key, OutRecord, Timestamp, Topic, TopicPartition};

/// The time-out of calls; no call waits.
const NO_TIME: Duration = Duration::ZERO;

/// A clock that is set by hand.
#[derive(Debug, Default)]
struct ManualClock(AtomicU64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_000_000).saturating_add(self.uptime())
    }

    fn uptime(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Counts its wake-ups.
#[derive(Debug, Default)]
struct CountingWaker(AtomicUsize);

impl Wake for CountingWaker {
    fn wake(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl CountingWaker {
    fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

/// A cluster with a topic `t` of two partitions.
struct Bench {
    broker: MemoryBroker,
    clock: Arc<ManualClock>,
    topic: Topic,
}

impl Bench {
    fn new(settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::default());
        let broker = MemoryBroker::new(settings, Arc::<ManualClock>::clone(&clock));
        let bench = Self { broker, clock, topic: Topic::new("t") };
        bench.create("t", 2);
        bench
    }

    fn create(&self, name: &str, partitions: i32) {
        let new = NewTopic { topic: Topic::new(name), partitions, replication: None, config: BTreeMap::new() };
        self.broker.admin().unwrap().create(&[new], NO_TIME).unwrap();
    }

    fn pass(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.clock.0.fetch_add(millis, Ordering::Relaxed);
    }

    fn at(&self, partition: i32) -> TopicPartition {
        TopicPartition::new(&self.topic, partition)
    }

    /// The committed values of the topic.
    fn committed(&self) -> Vec<String> {
        let records = self.broker.committed_records(&self.topic);
        records
            .iter()
            .map(|record| String::from_utf8_lossy(record.value.as_deref().unwrap_or(b"null")).into())
            .collect()
    }
}

fn producer(broker: &MemoryBroker, id: &str) -> Box<dyn Producer> {
    let spec = ProducerSpec::transactional(id);
    let mut producer = broker.producer(&spec).unwrap();
    producer.init(NO_TIME).unwrap();
    producer
}

fn record(to: &TopicPartition, key: &str, value: &str) -> OutRecord {
    OutRecord::logged(to, Key::new(key), Some(Bytes::copy_from_slice(value.as_bytes())))
}

fn open(producer: &mut dyn Producer, to: &TopicPartition, value: &str) {
    producer.begin().unwrap();
    producer.produce(&record(to, "k", value)).unwrap();
}

fn write(producer: &mut dyn Producer, to: &TopicPartition, value: &str) {
    open(producer, to, value);
    producer.commit(NO_TIME).unwrap();
}

fn join(broker: &MemoryBroker, instance: Option<&str>, waker: Waker) -> Box<dyn Consumer> {
    join_to(broker, instance, waker, &[Topic::new("t")])
}

fn join_to(broker: &MemoryBroker, instance: Option<&str>, waker: Waker, topics: &[Topic]) -> Box<dyn Consumer> {
    let spec = ConsumerSpec { group: "g".into(), group_instance: instance.map(str::to_owned), waker };
    let mut consumer = broker.consumer(&spec).unwrap();
    consumer.subscribe(topics).unwrap();
    consumer
}

/// Polls once and answers the event.
fn serve(consumer: &mut dyn Consumer) -> Result<Option<GroupEvent>> {
    let event = consumer.poll()?;
    match &event {
        None => {}
        Some(GroupEvent::Assigned(partitions)) => {
            let from: Vec<_> = partitions.iter().map(|partition| (partition.clone(), Start::Beginning)).collect();
            consumer.assign(&from)?;
        }
        Some(GroupEvent::Revoked(partitions) | GroupEvent::Lost(partitions)) => consumer.unassign(partitions)?,
    }
    Ok(event)
}

/// Polls all consumers until there are no more events; returns the events of each.
fn settle<const N: usize>(mut consumers: [&mut dyn Consumer; N]) -> [Vec<GroupEvent>; N] {
    let mut events = [const { Vec::new() }; N];
    for _ in 0..20 {
        for (consumer, events) in consumers.iter_mut().zip(&mut events) {
            events.extend(serve(*consumer).unwrap());
        }
    }
    events
}
