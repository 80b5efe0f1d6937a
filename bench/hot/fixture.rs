//! The fixed inputs: a topology, bundles of a parent and three children from a seed.

use bytes::Bytes;
use sheaf::model::{Headers, Key, OutRecord, Record, Timestamp, Topic, TopicPartition};
use sheaf::processor::{Event, Keyed};
use sheaf::sim::{Generator, SampleEvent};
use sheaf::topology::{Source, Spec, Topology};

use crate::Result;

/// Children of a bundle.
pub(crate) const CHILDREN: u32 = 3;
/// 2026-01-01T00:00:00Z, the time of all events and the start of the `TestDriver`.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

const SEED: u64 = 1;
const PARENTS: &str = "parents";
const CHILDREN_TOPIC: &str = "children";
pub(crate) const SUBMISSIONS: &str = "submissions";
/// `topologies/control-m.yaml` without delivery. It is not read from there, so that the counts depend on code only.
const TOPOLOGY: &str = "\
name: hot
sources:
  - { topic: parents,  member: parent, bundle: /id,        id: /id, expects: /children }
  - { topic: children, member: child,  bundle: /parent_id, id: /id, position: /position }
bundle: { children: 1, sla: 24h }
submissions: submissions
";

pub(crate) fn topology() -> Result<Topology> {
    Ok(Spec::parse("hot.yaml", TOPOLOGY)?.assemble("test", |_| None)?)
}

/// Bundles from a fixed seed: the parent first, then its children in their order.
pub(crate) fn bundles(count: u32) -> Vec<Vec<SampleEvent>> {
    let mut generator = Generator::new(SEED);
    (0..count).map(|_| generator.bundle(CHILDREN, NOW)).collect()
}

/// All events of a number of bundles, shuffled.
pub(crate) fn shuffled(count: u32) -> Vec<OutRecord> {
    let mut events = bundles(count).concat();
    Generator::new(SEED).shuffle(&mut events);
    events.iter().map(written).collect()
}

/// An event as its producer writes it.
pub(crate) fn written(event: &SampleEvent) -> OutRecord {
    OutRecord::unkeyed(&topic(event), value(event)).at(NOW)
}

/// An event as it is read from its source.
pub(crate) fn record(event: &SampleEvent) -> Record {
    Record {
        source: TopicPartition::new(&topic(event), 0),
        offset: i64::from(event.position),
        timestamp: NOW,
        key: None,
        value: Some(value(event)),
        headers: Headers::new(),
    }
}

/// An event after keying, and its bundle's key.
pub(crate) fn keyed(sources: &[Source], event: &SampleEvent) -> Result<(Key, Event)> {
    let record = record(event);
    match source(sources, event)?.keying.key(&record).map_err(|reject| reject.detail)? {
        Keyed::To(keyed) => Ok(keyed.into_event(record)),
        Keyed::Pass | Keyed::Foreign(_) => Err("the event is for no bundle".into()),
    }
}

/// The source of an event.
pub(crate) fn source<'a>(sources: &'a [Source], event: &SampleEvent) -> Result<&'a Source> {
    let topic = topic(event);
    Ok(sources.iter().find(|source| source.topic == topic).ok_or("the topology has no source of that topic")?)
}

fn topic(event: &SampleEvent) -> Topic {
    Topic::new(if event.is_parent() { PARENTS } else { CHILDREN_TOPIC })
}

fn value(event: &SampleEvent) -> Bytes {
    Bytes::from(event.value.to_string())
}
