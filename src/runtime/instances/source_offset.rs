//! The positions of source partitions, stored beside the group's committed offsets, which expire.
//!
//! Kafka deletes the offsets of a group that has been empty for `offsets.retention.minutes` (7 days). A source
//! partition without a committed offset may therefore have been read before: reading it from the beginning would gather
//! and submit every bundle again. So instances also write the offsets to the instances topic: the first one of a
//! partition in the transaction that commits it, so that partitions with a record have been read and others have not;
//! later ones with heartbeats, a little behind the group's. The topic's id is stored too: a topic that was created anew
//! has not been read.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{first_start, peek, topic};
use crate::broker::{self, Admin, Consumer};
use crate::config::ProcessingGuarantee;
use crate::model::{OutRecord, Record, Topic, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::error::{Error, MissingOffset, Result};
use crate::runtime::topology_plan::TopologyPlan;

/// The prefix of the keys of positions.
pub(super) const PREFIX: &str = "source/";
/// The prefix of the keys of first starts.
const START: &str = "start/";
/// The key of the record that a changelog has begun.
const BEGUN: &str = "begun/changelog";

/// The position of a source partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runtime) struct SourceOffset {
    /// The id of the topic; `None` if the broker has no topic ids.
    pub topic_id: Option<Uuid>,
    /// The group's committed offset.
    pub offset: i64,
}

impl SourceOffset {
    /// The record for the instances topic.
    pub(in crate::runtime) fn record(&self, plan: &TopologyPlan, partition: &TopicPartition) -> OutRecord {
        topic::record(plan, &format!("{PREFIX}{partition}"), self)
    }

    /// The partition and its position in a record of the instances topic; `None` for another record.
    pub(super) fn of(prefix: &str, record: &Record) -> Option<(TopicPartition, Self)> {
        let key = std::str::from_utf8(record.key.as_deref()?).ok()?;
        let partition = key.strip_prefix(prefix)?.parse().ok()?;
        Some((partition, serde_json::from_slice(record.value.as_deref()?).ok()?))
    }

    /// True if it belongs to a topic of the same name that was deleted. An id that is not known, now or then, does not tell.
    fn is_of_another_topic(&self, topic_id: Option<Uuid>) -> bool {
        self.topic_id.zip(topic_id).is_some_and(|(before, now)| before != now)
    }
}

/// The record for the transaction that begins a task's changelog. From then on a source partition without a position was never read,
/// although there is state: a thread may own inboxes only, and commit before any source is read.
pub(in crate::runtime) fn begun(plan: &TopologyPlan) -> OutRecord {
    topic::record(plan, BEGUN, &true)
}

/// The start offsets of source partitions without a committed offset, with the record for the first commit: the topology's choice
/// for topics that were never read, and the beginning for new partitions of others. Partitions that were read before are an error
/// with their positions.
pub(in crate::runtime) fn first_offsets(
    context: &Context,
    clients: (&mut dyn Consumer, &mut dyn Admin),
    partitions: &[TopicPartition],
) -> Result<FirstOffsets> {
    let (consumer, admin) = clients;
    let timeout = context.settings.limits.broker_timeout;
    let Known { read: known, starts, has_begun } = known(context)?;
    let (mut offsets, mut missing, mut never_read) = (Vec::new(), Vec::new(), Vec::new());
    for partition in partitions {
        let (low, high) = admin.watermarks(partition, timeout)?;
        let topic_id = admin.topic_id(&partition.topic, timeout)?;
        let is_same = |before: &SourceOffset| !before.is_of_another_topic(topic_id);
        let start = starts.get(partition).filter(|start| is_same(start));
        if let (None, Some(start)) = (known.get(partition), start) {
            offsets.push((partition.clone(), SourceOffset { topic_id, offset: start.offset.max(low) }));
            continue;
        }
        let read_to = match known.get(partition) {
            Some(before) if is_same(before) => Some(Some(before.offset)),
            Some(_) => {
                tracing::warn!(%partition, offset = low, "the topic was created anew: reading it from the beginning");
                None
            }
            // A new partition of a topic that is read.
            None if known.keys().any(|other| other.topic == partition.topic) => None,
            None if !known.is_empty() || has_begun => {
                never_read.push((partition.clone(), topic_id));
                continue;
            }
            // No position is stored: this is the first start, or a version before 0.2.0 has run.
            // Offsets of a topic expire together.
            None if committed(&partition.topic, (&mut *consumer, &mut *admin), timeout)?.iter().any(is_some) => None,
            None if !has_state(context, admin, &partition.topic)? => {
                never_read.push((partition.clone(), topic_id));
                continue;
            }
            None if context.settings.processing.guarantee == ProcessingGuarantee::AtLeastOnce => {
                // Or the process ended after the first batch, before its offsets were stored.
                tracing::warn!(%partition, "no committed offset: the source is read again from its beginning");
                None
            }
            None => Some(None),
        };
        if let Some(offset) = read_to {
            missing.push(MissingOffset { partition: partition.clone(), offset, available: low..high });
            continue;
        }
        tracing::debug!(%partition, offset = low, "no committed offset: reading from the beginning");
        offsets.push((partition.clone(), SourceOffset { topic_id, offset: low }));
    }
    if !missing.is_empty() && known.is_empty() {
        // A reset of these alone would make those of other threads look like new ones.
        missing.extend(elsewhere(context, (consumer, admin), partitions)?);
    }
    if !missing.is_empty() {
        return Err(Error::OffsetMissing { group: context.settings.application.clone(), missing });
    }
    let mut decisions = Vec::new();
    if !never_read.is_empty() {
        let decided = first_start::decide(context, admin, &never_read)?;
        for (partition, topic_id, offset) in decided {
            let start = SourceOffset { topic_id, offset };
            decisions.push(topic::record(&context.plan, &format!("{START}{partition}"), &start));
            if partitions.contains(&partition) {
                offsets.push((partition, start));
            }
        }
    }
    Ok(FirstOffsets { offsets, decisions })
}

/// True if the topic of a source partition is another one than that of its stored position.
pub(in crate::runtime) fn is_recreated(
    context: &Context,
    admin: &mut dyn Admin,
    partition: &TopicPartition,
) -> Result<bool> {
    let before = known(context)?.read.get(partition).and_then(|before| before.topic_id);
    let now = admin.topic_id(&partition.topic, context.settings.limits.broker_timeout)?;
    Ok(before.zip(now).is_some_and(|(before, now)| before != now))
}

/// The start offsets of source partitions without a committed offset.
#[derive(Debug, Default)]
pub(in crate::runtime) struct FirstOffsets {
    /// The partitions with their start offsets.
    pub offsets: Vec<(TopicPartition, SourceOffset)>,
    /// The records of the instances topic for all partitions of topics that are begun now. They are written before anything is
    /// read, so that every instance begins where the first one has decided.
    pub decisions: Vec<OutRecord>,
}

/// The content of the instances topic about source partitions.
#[derive(Debug, Default)]
struct Known {
    /// The positions up to which they were read.
    read: BTreeMap<TopicPartition, SourceOffset>,
    /// The offsets at which the first start begins.
    starts: BTreeMap<TopicPartition, SourceOffset>,
    /// True if a changelog has begun under a version that stores positions.
    has_begun: bool,
}

fn known(context: &Context) -> Result<Known> {
    let mut known = Known::default();
    topic::read(context, |record| {
        known.read.extend(SourceOffset::of(PREFIX, &record));
        known.starts.extend(SourceOffset::of(START, &record));
        known.has_begun |= record.key.as_deref() == Some(BEGUN.as_bytes());
    })?;
    Ok(known)
}

fn is_some(committed: &(TopicPartition, Option<i64>)) -> bool {
    committed.1.is_some()
}

/// The source partitions without a committed offset that are not among `partitions`.
fn elsewhere(
    context: &Context,
    (consumer, admin): (&mut dyn Consumer, &mut dyn Admin),
    partitions: &[TopicPartition],
) -> Result<Vec<MissingOffset>> {
    let timeout = context.settings.limits.broker_timeout;
    let mut missing = Vec::new();
    for source in &context.plan.topology.sources {
        let all = committed(&source.topic, (&mut *consumer, &mut *admin), timeout)?;
        for (partition, _) in all.into_iter().filter(|it| !is_some(it) && !partitions.contains(&it.0)) {
            let (low, high) = admin.watermarks(&partition, timeout)?;
            missing.push(MissingOffset { partition, offset: None, available: low..high });
        }
    }
    Ok(missing)
}

/// The committed offsets of all partitions of a topic.
fn committed(
    topic: &Topic,
    (consumer, admin): (&mut dyn Consumer, &mut dyn Admin),
    timeout: Duration,
) -> Result<Vec<(TopicPartition, Option<i64>)>> {
    let partitions = admin.partitions(topic, timeout)?;
    let offsets = consumer.committed(&partitions, timeout)?;
    Ok(partitions.into_iter().zip(offsets).collect())
}

/// True if any task of the processor that reads this source has a commit in its changelog. A processor that a newer version has
/// added has none, so its sources were never read, although those of others were.
fn has_state(context: &Context, admin: &mut dyn Admin, source: &Topic) -> Result<bool> {
    let timeout = context.settings.limits.broker_timeout;
    let reads = |index: usize| context.plan.topology.sources.iter().any(|it| it.topic == *source && it.node == index);
    let nodes = context.plan.nodes.iter().enumerate().filter(|(index, _)| reads(*index)).map(|(_, node)| node);
    let mut ends = BTreeMap::new();
    for node in nodes {
        for partition in (0..node.partitions).map(|number| TopicPartition::new(&node.changelog, number)) {
            let (low, high) = admin.watermarks(&partition, timeout)?;
            if low < high {
                ends.insert(partition, high);
            }
        }
    }
    if ends.is_empty() {
        return Ok(false);
    }
    let mut has_records = false;
    let is_known = peek::first_records(context, &ends, 1, |records| {
        has_records = !records.is_empty();
        has_records
    })?;
    if !is_known {
        let detail = "a changelog ends with a transaction that is still open".to_owned();
        return Err(broker::Error::TimedOut { operation: "reading the changelogs' first records", detail }.into());
    }
    Ok(has_records)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::broker::memory::{self, MemoryBroker};
    use crate::broker::{ConsumerSpec, ProducerSpec, Waker};
    use crate::model::Key;
    use crate::runtime::SystemClock;
    use crate::runtime::application::Application;
    use crate::runtime::settings::Settings;
    use crate::store::memory::MemoryStores;
    use crate::topology::Spec;

    const TIMEOUT: Duration = Duration::from_secs(1);
    const TOPOLOGY: &str = "
name: t
sources:
  - { topic: parents, member: parent, bundle: /id, id: /id }
  - { topic: children, member: child, bundle: /parent, id: /id }
";

    fn context() -> Context {
        let broker = MemoryBroker::new(memory::Settings::default(), Arc::new(SystemClock));
        let topology = Spec::parse("t", TOPOLOGY).unwrap().assemble("app", |_| None).unwrap();
        let application = Application::new(topology, Settings::new("app", "a"), broker, MemoryStores::new());
        application.prepare(&mut *application.admin().unwrap(), TIMEOUT).unwrap()
    }

    fn parents() -> TopicPartition {
        TopicPartition::new(&Topic::new("parents"), 0)
    }

    fn first(context: &Context) -> Result<FirstOffsets> {
        let spec = ConsumerSpec { group: "app".to_owned(), group_instance: None, waker: Waker::none() };
        let mut clients = (context.broker.consumer(&spec).unwrap(), context.broker.admin().unwrap());
        first_offsets(context, (&mut *clients.0, &mut *clients.1), &[parents()])
    }

    fn write(context: &Context, record: OutRecord) {
        let mut producer = context.broker.producer(&ProducerSpec::transactional("w")).unwrap();
        producer.init(TIMEOUT).unwrap();
        producer.transact(&[record], TIMEOUT).unwrap();
    }

    #[test]
    fn a_topic_whose_id_is_not_known_is_not_taken_for_one_that_was_created_anew() {
        let context = context();
        write(&context, SourceOffset { topic_id: None, offset: 3 }.record(&context.plan, &parents()));
        let Err(Error::OffsetMissing { missing, .. }) = first(&context) else { panic!("it is refused") };
        assert_eq!(missing[0].offset, Some(3));
        let another = SourceOffset { topic_id: Some(Uuid::from_u128(7)), offset: 3 };
        write(&context, another.record(&context.plan, &parents()));
        assert_eq!(first(&context).unwrap().offsets[0].1.offset, 0, "another id is another topic");
    }

    #[test]
    fn partitions_of_other_threads_are_refused_too_where_no_position_is_stored() {
        let context = context();
        assert_eq!(first(&context).unwrap().offsets.len(), 1, "without state it is the first start");

        let changelog = TopicPartition::new(&context.plan.nodes[0].changelog, 0);
        write(&context, OutRecord::logged(&changelog, Key::new("k"), None));
        let Err(Error::OffsetMissing { missing, .. }) = first(&context) else { panic!("it is refused") };
        let named: Vec<String> = missing.iter().map(|it| it.partition.to_string()).collect();
        let all = ["parents", "children"].map(|topic| (0..4).map(move |number| format!("{topic}-{number}")));
        assert_eq!(named, all.into_iter().flatten().collect::<Vec<_>>());
    }
}
