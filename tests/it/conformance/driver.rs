//! Helpers of the checks: topics, producers, readers, and a group member.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::{
    Consumer, ConsumerSpec, GroupEvent, Isolation, NewTopic, Producer, ProducerSpec, Reader, Start, Waker,
};
use sheaf::model::{Key, OutRecord, Record, Topic, TopicPartition};

use super::Cluster;

/// The time-out of every blocking call.
pub(super) const TIMEOUT: Duration = Duration::from_mins(1);
/// The most attempts of [`until`], [`STEP`] apart.
const ATTEMPTS: u32 = 6_000;
const STEP: Duration = Duration::from_millis(20);
/// The number of polls of [`poll_for_a_while`].
const QUIET_ATTEMPTS: u32 = 10;

/// Creates a topic with this many partitions.
pub(super) fn topic(cluster: &dyn Cluster, partitions: i32, config: &[(&str, &str)]) -> Topic {
    let topic = Topic::new(&cluster.unique_name("conformance"));
    create(cluster, &topic, partitions, config);
    topic
}

/// Creates a topic and waits until the cluster describes it.
pub(super) fn create(cluster: &dyn Cluster, topic: &Topic, partitions: i32, config: &[(&str, &str)]) {
    let config: BTreeMap<_, _> = config.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut admin = cluster.broker().admin().unwrap();
    admin.create(&[NewTopic { topic: topic.clone(), partitions, replication: None, config }], TIMEOUT).unwrap();
    until(cluster, "the topic is described", || admin.describe(std::slice::from_ref(topic), TIMEOUT).ok()?.pop()?);
}

/// Partition 0 of a new topic of one partition.
pub(super) fn partition(cluster: &dyn Cluster) -> TopicPartition {
    TopicPartition::new(&topic(cluster, 1, &[]), 0)
}

/// An initialised producer with this transactional id, without tracked topics.
pub(super) fn producer(cluster: &dyn Cluster, transactional_id: &str) -> Box<dyn Producer> {
    let spec = ProducerSpec::transactional(transactional_id);
    let mut producer = cluster.broker().producer(&spec).unwrap();
    producer.init(TIMEOUT).unwrap();
    producer
}

/// An initialised producer with a unique transactional id.
pub(super) fn unique_producer(cluster: &dyn Cluster) -> Box<dyn Producer> {
    producer(cluster, &cluster.unique_name("writer"))
}

/// A record for a partition.
pub(super) fn record(to: &TopicPartition, key: &str, value: &str) -> OutRecord {
    OutRecord::logged(to, Key::new(key), Some(Bytes::copy_from_slice(value.as_bytes())))
}

/// Begins a transaction and writes the values, acknowledged; the transaction stays open.
pub(super) fn open(producer: &mut dyn Producer, to: &TopicPartition, values: &[&str]) {
    producer.begin().unwrap();
    for value in values {
        producer.produce(&record(to, "k", value)).unwrap();
    }
    producer.drain(TIMEOUT).unwrap();
}

/// Writes the values in one committed transaction.
pub(super) fn write(producer: &mut dyn Producer, to: &TopicPartition, values: &[&str]) {
    open(producer, to, values);
    producer.commit(TIMEOUT).unwrap();
}

/// A reader of these partitions, from a start.
pub(super) fn reader(
    cluster: &dyn Cluster,
    isolation: Isolation,
    partitions: &[TopicPartition],
    start: Start,
) -> Box<dyn Reader> {
    let mut reader = cluster.broker().reader(isolation).unwrap();
    let from: Vec<_> = partitions.iter().map(|partition| (partition.clone(), start)).collect();
    reader.assign(&from).unwrap();
    reader
}

/// Polls until this many records have arrived.
pub(super) fn take(cluster: &dyn Cluster, reader: &mut dyn Reader, count: usize) -> Vec<Record> {
    let mut out = Vec::new();
    until(cluster, "the records arrive", || {
        reader.poll(100, &mut out, STEP).unwrap();
        (out.len() >= count).then_some(())
    });
    assert_eq!(out.len(), count, "{:?}", values(&out));
    out
}

/// Polls for a while; returns the records that arrive.
pub(super) fn poll_for_a_while(cluster: &dyn Cluster, reader: &mut dyn Reader) -> Vec<Record> {
    let mut out = Vec::new();
    for _ in 0..QUIET_ATTEMPTS {
        reader.poll(100, &mut out, Duration::from_millis(100)).unwrap();
        cluster.advance(STEP);
    }
    out
}

/// Reads a partition from its beginning until the position reaches its high watermark.
pub(super) fn read_all(cluster: &dyn Cluster, isolation: Isolation, partition: &TopicPartition) -> Vec<Record> {
    let mut reader = reader(cluster, isolation, std::slice::from_ref(partition), Start::Beginning);
    let (_, end) = cluster.broker().admin().unwrap().watermarks(partition, TIMEOUT).unwrap();
    let mut out = Vec::new();
    until(cluster, "the position reaches the high watermark", || {
        reader.poll(100, &mut out, STEP).unwrap();
        (reader.position(partition)? >= end).then_some(())
    });
    out
}

/// The committed values of a partition.
pub(super) fn committed(cluster: &dyn Cluster, partition: &TopicPartition) -> Vec<String> {
    values(&read_all(cluster, Isolation::ReadCommitted, partition))
}

/// The values as text.
pub(super) fn values(records: &[Record]) -> Vec<String> {
    let text = |record: &Record| String::from_utf8_lossy(record.value.as_deref().unwrap_or(b"null")).into_owned();
    records.iter().map(text).collect()
}

/// Retries until there is a result, advancing the time in between.
pub(super) fn until<T>(cluster: &dyn Cluster, what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    for _ in 0..ATTEMPTS {
        if let Some(answer) = attempt() {
            return answer;
        }
        cluster.advance(STEP);
    }
    panic!("timed out waiting until {what}");
}

/// A group member that answers rebalance events at once, and keeps them.
pub(super) struct Member {
    pub(super) consumer: Box<dyn Consumer>,
    pub(super) assigned: BTreeSet<TopicPartition>,
    pub(super) events: Vec<GroupEvent>,
}

impl Member {
    pub(super) fn join(cluster: &dyn Cluster, group: &str, instance: Option<&str>, topics: &[Topic]) -> Self {
        let group_instance = instance.map(str::to_owned);
        let spec = ConsumerSpec { group: group.to_owned(), group_instance, waker: Waker::none() };
        let mut consumer = cluster.broker().consumer(&spec).unwrap();
        consumer.subscribe(topics).unwrap();
        Self { consumer, assigned: BTreeSet::new(), events: Vec::new() }
    }

    /// Polls once and answers the event.
    pub(super) fn serve(&mut self) {
        let Some(event) = self.consumer.poll().unwrap() else { return };
        self.answer(&event);
        self.events.push(event);
    }

    pub(super) fn answer(&mut self, event: &GroupEvent) {
        match event {
            GroupEvent::Assigned(partitions) => {
                let from: Vec<_> = partitions.iter().map(|partition| (partition.clone(), Start::Beginning)).collect();
                self.consumer.assign(&from).unwrap();
                self.assigned.extend(partitions.iter().cloned());
            }
            GroupEvent::Revoked(partitions) | GroupEvent::Lost(partitions) => {
                self.consumer.unassign(partitions).unwrap();
                self.assigned.retain(|partition| !partitions.contains(partition));
            }
        }
    }

    pub(super) fn generation(&self) -> i32 {
        self.consumer.group().unwrap().generation
    }
}

/// Serves the members until each has its number of partitions.
pub(super) fn balance(cluster: &dyn Cluster, members: &mut [(&mut Member, usize)]) {
    until(cluster, "every member has its share", || {
        for (member, _) in members.iter_mut() {
            member.serve();
        }
        members.iter().all(|(member, share)| member.assigned.len() == *share).then_some(())
    });
}

/// The only member of a group, with all partitions of the topic.
pub(super) fn only_member(cluster: &dyn Cluster, group: &str, topic: &Topic, partitions: usize) -> Member {
    let mut member = Member::join(cluster, group, None, std::slice::from_ref(topic));
    balance(cluster, &mut [(&mut member, partitions)]);
    member
}
