//! Groups with the cooperative protocol: assignments, hand-overs, static members, pausing.

use sheaf::broker::{Error, FencedBy, GroupEvent};
use sheaf::model::{Record, Topic, TopicPartition};

use super::driver::{
    Member, TIMEOUT, balance, create, only_member, partition, record, topic, unique_producer, until, values, write,
};
use super::{Check, Cluster};

pub(super) const CHECKS: &[Check] = &[
    ("a_member_alone_gets_every_partition", a_member_alone_gets_every_partition),
    ("a_member_reads_what_is_committed", a_member_reads_what_is_committed),
    ("two_members_share", two_members_share),
    ("a_partition_is_revoked_before_another_gets_it", a_partition_is_revoked_before_another_gets_it),
    ("partitions_that_stay_are_not_revoked", partitions_that_stay_are_not_revoked),
    ("a_member_that_closes_hands_over", a_member_that_closes_hands_over),
    ("a_static_member_restarts_without_a_rebalance", a_static_member_restarts_without_a_rebalance),
    ("a_static_member_that_died_giving_up_leaves_nothing_ownerless", a_static_member_that_died_giving_up),
    ("a_replaced_static_member_is_fenced", a_replaced_static_member_is_fenced),
    ("a_topic_that_is_created_later_is_subscribed", a_topic_that_is_created_later_is_subscribed),
    ("a_members_position_passes_markers", a_members_position_passes_markers),
];

fn a_member_alone_gets_every_partition(cluster: &dyn Cluster) {
    let topic = topic(cluster, 3, &[]);
    let member = only_member(cluster, &cluster.unique_name("group"), &topic, 3);
    let all: Vec<_> = (0..3).map(|number| TopicPartition::new(&topic, number)).collect();
    assert_eq!(member.assigned.into_iter().collect::<Vec<_>>(), all);
}

fn a_member_reads_what_is_committed(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let mut producer = unique_producer(cluster);
    write(producer.as_mut(), &to, &["a", "b"]);
    producer.begin().unwrap();
    producer.produce(&record(&to, "k", "x")).unwrap();
    producer.abort(TIMEOUT).unwrap();
    write(producer.as_mut(), &to, &["c"]);
    let mut member = only_member(cluster, &cluster.unique_name("group"), &to.topic, 1);
    assert_eq!(values(&fetch(cluster, &mut member, &to, 3)), ["a", "b", "c"]);
}

/// Fetches until this many records have arrived.
fn fetch(cluster: &dyn Cluster, member: &mut Member, from: &TopicPartition, count: usize) -> Vec<Record> {
    let mut out = Vec::new();
    until(cluster, "the records arrive", || {
        member.serve();
        member.consumer.fetch(from, count - out.len(), &mut out).unwrap();
        (out.len() >= count).then_some(())
    });
    out
}

fn two_members_share(cluster: &dyn Cluster) {
    let topic = topic(cluster, 4, &[]);
    let group = cluster.unique_name("group");
    let mut first = only_member(cluster, &group, &topic, 4);
    let mut second = Member::join(cluster, &group, None, std::slice::from_ref(&topic));
    balance(cluster, &mut [(&mut first, 2), (&mut second, 2)]);
    assert!(first.assigned.is_disjoint(&second.assigned), "{:?} {:?}", first.assigned, second.assigned);
}

fn a_partition_is_revoked_before_another_gets_it(cluster: &dyn Cluster) {
    let topic = topic(cluster, 2, &[]);
    let group = cluster.unique_name("group");
    let mut first = only_member(cluster, &group, &topic, 2);
    let mut second = Member::join(cluster, &group, None, std::slice::from_ref(&topic));
    let revoked = until(cluster, "something is revoked", || {
        second.serve();
        let event = first.consumer.poll().unwrap()?;
        if matches!(event, GroupEvent::Revoked(_)) {
            return Some(event);
        }
        first.answer(&event);
        None
    });
    // Until the revocation is answered, the other one does not get the partition.
    for _ in 0..20 {
        second.serve();
        assert_eq!(first.consumer.poll(), Ok(None), "an event came before the answer to the previous one");
        cluster.advance(std::time::Duration::from_millis(20));
    }
    assert!(second.assigned.is_empty(), "{:?}", second.assigned);
    first.answer(&revoked);
    balance(cluster, &mut [(&mut first, 1), (&mut second, 1)]);
    assert_eq!(GroupEvent::Revoked(second.assigned.into_iter().collect()), revoked);
}

fn partitions_that_stay_are_not_revoked(cluster: &dyn Cluster) {
    let topic = topic(cluster, 4, &[]);
    let group = cluster.unique_name("group");
    let mut first = only_member(cluster, &group, &topic, 4);
    first.events.clear();
    let mut second = Member::join(cluster, &group, None, std::slice::from_ref(&topic));
    balance(cluster, &mut [(&mut first, 2), (&mut second, 2)]);
    let revoked: Vec<_> = first
        .events
        .iter()
        .filter_map(|event| match event {
            GroupEvent::Revoked(partitions) => Some(partitions.len()),
            GroupEvent::Assigned(_) | GroupEvent::Lost(_) => None,
        })
        .collect();
    assert_eq!(revoked, [2]);
}

fn a_member_that_closes_hands_over(cluster: &dyn Cluster) {
    let topic = topic(cluster, 2, &[]);
    let group = cluster.unique_name("group");
    let mut first = only_member(cluster, &group, &topic, 2);
    let mut second = Member::join(cluster, &group, None, std::slice::from_ref(&topic));
    balance(cluster, &mut [(&mut first, 1), (&mut second, 1)]);
    first.consumer.close(TIMEOUT).unwrap();
    balance(cluster, &mut [(&mut second, 2)]);
}

fn a_static_member_restarts_without_a_rebalance(cluster: &dyn Cluster) {
    let topic = topic(cluster, 4, &[]);
    let group = cluster.unique_name("group");
    let mut one = Member::join(cluster, &group, Some("one"), std::slice::from_ref(&topic));
    let mut two = Member::join(cluster, &group, Some("two"), std::slice::from_ref(&topic));
    balance(cluster, &mut [(&mut one, 2), (&mut two, 2)]);
    let (before, assigned) = (two.generation(), one.assigned.clone());
    two.events.clear();
    one.consumer.close(TIMEOUT).unwrap();
    let mut again = Member::join(cluster, &group, Some("one"), std::slice::from_ref(&topic));
    balance(cluster, &mut [(&mut again, 2), (&mut two, 2)]);
    assert_eq!((again.assigned.clone(), again.generation(), two.generation()), (assigned, before, before));
    assert_eq!(two.events, []);
}

/// A static member that crashes between a revocation and its answer: its partitions are assigned to others anyway.
fn a_static_member_that_died_giving_up(cluster: &dyn Cluster) {
    for answers in [false, true] {
        let topics = [topic(cluster, 4, &[]), topic(cluster, 4, &[])];
        let group = cluster.unique_name("group");
        let mut one = Member::join(cluster, &group, Some("one"), &topics);
        balance(cluster, &mut [(&mut one, 8)]);
        let mut two = Member::join(cluster, &group, Some("two"), &topics);
        let revoked = until(cluster, "partitions are revoked", || {
            two.serve();
            let event = one.consumer.poll().unwrap()?;
            if matches!(event, GroupEvent::Revoked(_)) {
                return Some(event);
            }
            one.answer(&event);
            None
        });
        if answers {
            one.answer(&revoked);
        }
        one.consumer.close(TIMEOUT).unwrap();
        let mut again = Member::join(cluster, &group, Some("one"), &topics);
        balance(cluster, &mut [(&mut again, 4), (&mut two, 4)]);
        assert!(again.assigned.is_disjoint(&two.assigned), "{:?} {:?}", again.assigned, two.assigned);
    }
}

fn a_replaced_static_member_is_fenced(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let group = cluster.unique_name("group");
    let mut old = Member::join(cluster, &group, Some("one"), std::slice::from_ref(&to.topic));
    balance(cluster, &mut [(&mut old, 1)]);
    let metadata = old.consumer.group().unwrap();
    let mut new = Member::join(cluster, &group, Some("one"), std::slice::from_ref(&to.topic));
    balance(cluster, &mut [(&mut new, 1)]);
    let error = until(cluster, "the old one hears of it", || {
        new.serve();
        old.consumer.poll().err()
    });
    assert!(matches!(error, Error::Fenced { by: FencedBy::Instance, .. }), "{error}");
    let mut producer = unique_producer(cluster);
    producer.begin().unwrap();
    let error = producer.send_offsets(&[(to, 1)], &metadata, TIMEOUT).unwrap_err();
    assert!(matches!(error, Error::Fenced { by: FencedBy::Instance, .. }), "{error}");
    producer.abort(TIMEOUT).unwrap();
}

fn a_topic_that_is_created_later_is_subscribed(cluster: &dyn Cluster) {
    let (there, later) = (topic(cluster, 1, &[]), Topic::new(&cluster.unique_name("later")));
    let mut member = Member::join(cluster, &cluster.unique_name("group"), None, &[there, later.clone()]);
    balance(cluster, &mut [(&mut member, 1)]);
    create(cluster, &later, 2, &[]);
    balance(cluster, &mut [(&mut member, 3)]);
}

fn a_members_position_passes_markers(cluster: &dyn Cluster) {
    let to = partition(cluster);
    write(unique_producer(cluster).as_mut(), &to, &["a"]);
    let mut member = only_member(cluster, &cluster.unique_name("group"), &to.topic, 1);
    until(cluster, "the position is after the marker", || {
        member.serve();
        member.consumer.fetch(&to, 10, &mut Vec::new()).unwrap();
        (member.consumer.position(&to) == Some(2)).then_some(())
    });
}
