//! The assignment that a group has, as its coordinator tells it: whether a static member that returns would leave something unread.
//!
//! The broker hands a returning static member its predecessor's assignment, and compares neither the topics of the two nor the
//! partitions of today (`updateStaticMemberAndRebalance`; KIP-345).

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;

use super::context::BaseConsumer;
use super::deadline::Deadline;
use super::native::{Client, GroupState, MemberState};
use crate::model::Topic;

/// The time-out of reading the group and the topics, before the member joins. All brokers are asked for the group, so a broker that is
/// down makes it the wait of a start.
const TIMEOUT: Duration = Duration::from_secs(2);

/// True if this static member would get an assignment that is not that of its topics: its predecessor in the group read others, or a
/// partition of them is assigned to nobody. True as well if the cluster does not tell, because a rebalance is harmless.
pub(super) fn is_outdated(
    (consumer, native): (&BaseConsumer, &Client),
    group: &str,
    instance: &str,
    topics: &[Topic],
) -> bool {
    let deadline = Deadline::after(TIMEOUT);
    match native.group_state(group, deadline.left_ms()) {
        Ok(Some(found)) => compare(&found, instance, topics, &|topic| partitions(consumer, topic, &deadline)),
        Ok(None) => false,
        Err(failure) => {
            let error = failure.detail;
            tracing::info!(
                error,
                group,
                "the assignment of the group cannot be read before joining: joining with a rebalance, to be sure that no topic is left out"
            );
            true
        }
    }
}

/// The number of partitions of a topic; `None` if the cluster does not tell it, or it does not exist.
fn partitions(consumer: &BaseConsumer, topic: &Topic, deadline: &Deadline) -> Option<i32> {
    match consumer.fetch_metadata(Some(topic.as_str()), deadline.left()) {
        Ok(metadata) => metadata.topics().first().and_then(|found| i32::try_from(found.partitions().len()).ok()),
        Err(error) => {
            tracing::debug!(%topic, %error, "the partitions of a topic cannot be read before joining");
            None
        }
    }
}

fn compare(found: &GroupState, instance: &str, topics: &[Topic], partitions: &dyn Fn(&Topic) -> Option<i32>) -> bool {
    // In every other state the join of this member is part of a rebalance.
    if found.state != "Stable" {
        return false;
    }
    // The coordinator makes a static member's id of its instance's: `INSTANCE-UUID`.
    let is_predecessor = |member: &&MemberState| {
        let rest = member.id.strip_prefix(instance).and_then(|rest| rest.strip_prefix('-'));
        rest.is_some_and(|rest| rest.parse::<uuid::Uuid>().is_ok())
    };
    let Some(predecessor) = found.members.iter().find(is_predecessor) else { return false };
    let read: BTreeSet<&str> = subscription(&predecessor.metadata).unwrap_or_default();
    let reads: BTreeSet<&str> = topics.iter().map(Topic::as_str).collect();
    if read != reads {
        return true;
    }
    let members = found.members.iter();
    let assigned: BTreeSet<(&str, i32)> =
        members.flat_map(|member| assignment(&member.assignment).unwrap_or_default()).collect();
    topics.iter().any(|topic| {
        let count = partitions(topic).unwrap_or_default();
        (0..count).any(|partition| !assigned.contains(&(topic.as_str(), partition)))
    })
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

    /// Version 1: the topics `a` and `bc`, no user data, no owned partitions.
    const SUBSCRIPTION: &[u8] = b"\0\x01\0\0\0\x02\0\x01a\0\x02bc\xff\xff\xff\xff\0\0\0\0";
    /// Version 0: partitions 0 and 7 of `a`.
    const ASSIGNMENT: &[u8] = b"\0\0\0\0\0\x01\0\x01a\0\0\0\x02\0\0\0\0\0\0\0\x07\xff\xff\xff\xff";

    #[test]
    fn topics_and_partitions_are_those_of_the_bytes_and_cut_bytes_are_none() {
        assert_eq!(subscription(SUBSCRIPTION), Some(BTreeSet::from(["a", "bc"])));
        assert_eq!(subscription(&SUBSCRIPTION[..11]), None);
        assert_eq!(assignment(ASSIGNMENT), Some(vec![("a", 0), ("a", 7)]));
        assert_eq!(assignment(&ASSIGNMENT[..18]), None);
        assert_eq!((assignment(b""), subscription(b"\0")), (None, None));
    }

    #[test]
    fn an_assignment_is_outdated_if_topics_differ_or_a_partition_has_no_owner() {
        let (id, [a, bc]) = ("app-0-3f2504e0-4f89-11d3-9a0c-0305e82c3301", ["a", "bc"].map(Topic::new));
        let group = |state: &str, id: &str, assignment: &[u8]| GroupState {
            state: state.to_owned(),
            members: vec![MemberState {
                id: id.to_owned(),
                client_id: String::new(),
                client_host: String::new(),
                metadata: SUBSCRIPTION.to_vec(),
                assignment: assignment.to_vec(),
            }],
        };
        let of_a = |count: i32| move |topic: &Topic| Some(if topic.as_str() == "a" { count } else { 0 });
        let both = [a.clone(), bc];
        let found = group("Stable", id, ASSIGNMENT);
        assert!(compare(&found, "app-0", std::slice::from_ref(&a), &of_a(1)), "it reads one less");
        assert!(compare(&found, "app-0", &both, &of_a(2)), "nobody has partition 1");
        assert!(!compare(&found, "app-0", &both, &of_a(1)));
        assert!(!compare(&found, "app-0", &both, &|_| None), "the cluster does not tell");
        assert!(!compare(&found, "app", std::slice::from_ref(&a), &of_a(1)), "that is another instance");
        assert!(!compare(&group("Empty", id, b""), "app-0", &both, &of_a(1)));
    }
}
