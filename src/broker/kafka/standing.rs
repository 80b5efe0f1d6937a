//! The assignment that a group has, as its coordinator tells it: whether a static member that returns would leave something unread.
//!
//! The broker hands a returning static member its predecessor's assignment, and compares neither the topics of the two nor the
//! partitions of today (`updateStaticMemberAndRebalance`; KIP-345).

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaResult;
use rdkafka::groups::GroupMemberInfo;

use super::context::BaseConsumer;
use crate::model::{Topic, TopicPartition};

/// The time-out of each of the two requests, before the member joins.
const TIMEOUT: Duration = Duration::from_secs(5);

/// True if this static member would get an assignment that is not that of its topics: its predecessor in the group read others, or a
/// partition of them is assigned to nobody. True as well if the cluster does not tell, because a rebalance is harmless.
pub(super) fn is_outdated(consumer: &BaseConsumer, group: &str, instance: &str, topics: &[Topic]) -> bool {
    compare(consumer, group, instance, topics).unwrap_or_else(|error| {
        tracing::debug!(%error, group, "the standing assignment of the group could not be read");
        true
    })
}

fn compare(consumer: &BaseConsumer, group: &str, instance: &str, topics: &[Topic]) -> KafkaResult<bool> {
    let groups = consumer.fetch_group_list(Some(group), TIMEOUT)?;
    // In every other state the join of this member is part of a rebalance.
    let Some(found) = groups.groups().iter().find(|found| found.name() == group && found.state() == "Stable") else {
        return Ok(false);
    };
    // The coordinator makes a static member's id of its instance's: `INSTANCE-UUID`.
    let is_predecessor = |member: &&GroupMemberInfo| {
        let rest = member.id().strip_prefix(instance).and_then(|rest| rest.strip_prefix('-'));
        rest.is_some_and(|rest| rest.parse::<uuid::Uuid>().is_ok())
    };
    let Some(predecessor) = found.members().iter().find(is_predecessor) else { return Ok(false) };
    let read: BTreeSet<&str> = predecessor.metadata().and_then(subscription).unwrap_or_default();
    let reads: BTreeSet<&str> = topics.iter().map(Topic::as_str).collect();
    if read != reads {
        return Ok(true);
    }
    let assigned: BTreeSet<TopicPartition> = found
        .members()
        .iter()
        .flat_map(|member| member.assignment().and_then(assignment).unwrap_or_default())
        .map(|(topic, partition)| TopicPartition::new(&Topic::new(topic), partition))
        .collect();
    // All topics in one answer: the request for a single one is a request each.
    let cluster = consumer.fetch_metadata(None, TIMEOUT)?;
    let there = cluster.topics().iter().filter(|found| reads.contains(found.name()));
    let mut partitions = there.flat_map(|found| {
        let topic = Topic::new(found.name());
        found.partitions().iter().map(move |partition| TopicPartition::new(&topic, partition.id()))
    });
    Ok(partitions.any(|partition| !assigned.contains(&partition)))
}

/// The topics of a `ConsumerProtocolSubscription`, of any version: version INT16, topics ARRAY of STRING, and more.
fn subscription(bytes: &[u8]) -> Option<BTreeSet<&str>> {
    let mut rest = bytes.get(2..)?;
    let count = int(&mut rest)?;
    (0..count).map(|_| string(&mut rest)).collect()
}

/// The partitions of a `ConsumerProtocolAssignment`, of any version: version INT16, ARRAY of topic STRING and partitions
/// ARRAY of INT32, and more.
fn assignment(bytes: &[u8]) -> Option<Vec<(&str, i32)>> {
    let mut rest = bytes.get(2..)?;
    let mut partitions = Vec::new();
    for _ in 0..int(&mut rest)? {
        let topic = string(&mut rest)?;
        for _ in 0..int(&mut rest)? {
            partitions.push((topic, int(&mut rest)?));
        }
    }
    Some(partitions)
}

fn int(rest: &mut &[u8]) -> Option<i32> {
    let (value, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(i32::from_be_bytes(*value))
}

fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, after) = rest.split_first_chunk()?;
    let (text, after) = after.split_at_checked(usize::try_from(i16::from_be_bytes(*length)).ok()?)?;
    *rest = after;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_and_partitions_are_those_of_the_bytes_and_cut_bytes_are_none() {
        // Version 1: the topics `a` and `bc`, no user data, no owned partitions.
        let bytes = b"\0\x01\0\0\0\x02\0\x01a\0\x02bc\xff\xff\xff\xff\0\0\0\0";
        assert_eq!(subscription(bytes), Some(BTreeSet::from(["a", "bc"])));
        assert_eq!(subscription(&bytes[..11]), None);
        // Version 0: partitions 0 and 7 of `a`.
        let bytes = b"\0\0\0\0\0\x01\0\x01a\0\0\0\x02\0\0\0\0\0\0\0\x07\xff\xff\xff\xff";
        assert_eq!(assignment(bytes), Some(vec![("a", 0), ("a", 7)]));
        assert_eq!(assignment(&bytes[..18]), None);
        assert_eq!((assignment(b""), subscription(b"\0")), (None, None));
    }
}
