//! Group offsets in transactions: committed, aborted, pending, and refused to a zombie.

use std::time::Duration;

use sheaf::broker::{Error, FencedBy, GroupMetadata, ProducerSpec};
use sheaf::model::TopicPartition;

use super::driver::{Member, TIMEOUT, balance, only_member, open, partition, topic, unique_producer, until, write};
use super::{Check, Cluster};

pub(super) const CHECKS: &[Check] = &[
    ("a_group_without_offsets_has_none", a_group_without_offsets_has_none),
    ("committed_offsets_are_read_by_a_new_member", committed_offsets_are_read_by_a_new_member),
    ("aborted_offsets_leave_the_old_ones", aborted_offsets_leave_the_old_ones),
    ("offsets_of_an_open_transaction_are_unstable", offsets_of_an_open_transaction_are_unstable),
    ("an_empty_list_of_offsets_is_refused", an_empty_list_of_offsets_is_refused),
    ("offsets_without_a_generation_are_refused", offsets_without_a_generation_are_refused),
    ("offsets_of_an_older_generation_are_refused", offsets_of_an_older_generation_are_refused),
    ("offsets_of_a_member_that_has_left_are_refused", offsets_of_a_member_that_has_left_are_refused),
    ("offsets_are_committed_without_a_transaction", offsets_are_committed_without_a_transaction),
    ("a_producer_without_transactions_takes_no_offsets", a_producer_without_transactions_takes_no_offsets),
];

fn a_group_without_offsets_has_none(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let mut member = only_member(cluster, &cluster.unique_name("group"), &to.topic, 1);
    assert_eq!(member.consumer.committed(&[to], TIMEOUT), Ok(vec![None]));
}

fn committed_offsets_are_read_by_a_new_member(cluster: &dyn Cluster) {
    let topic = topic(cluster, 2, &[]);
    let (zero, one) = (TopicPartition::new(&topic, 0), TopicPartition::new(&topic, 1));
    let group = cluster.unique_name("group");
    let member = only_member(cluster, &group, &topic, 2);
    let mut producer = unique_producer(cluster);
    open(producer.as_mut(), &zero, &["a"]);
    let metadata = member.consumer.group().unwrap();
    producer.send_offsets(&[(zero.clone(), 42)], &metadata, TIMEOUT).unwrap();
    producer.commit(TIMEOUT).unwrap();
    member.consumer.close(TIMEOUT).unwrap();
    let mut next = only_member(cluster, &group, &topic, 2);
    assert_eq!(stable(cluster, &mut next, &[one, zero]), [None, Some(42)]);
}

/// The committed offsets. The markers of a commit may reach the group a moment after its answer.
fn stable(cluster: &dyn Cluster, member: &mut Member, partitions: &[TopicPartition]) -> Vec<Option<i64>> {
    until(cluster, "the offsets are stable", || match member.consumer.committed(partitions, TIMEOUT) {
        Ok(offsets) => Some(offsets),
        Err(Error::Unstable | Error::TimedOut { .. }) => None,
        Err(error) => panic!("{error}"),
    })
}

fn aborted_offsets_leave_the_old_ones(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let mut member = only_member(cluster, &cluster.unique_name("group"), &to.topic, 1);
    let mut producer = unique_producer(cluster);
    for (offset, is_committed) in [(1, true), (2, false)] {
        producer.begin().unwrap();
        let metadata = member.consumer.group().unwrap();
        producer.send_offsets(&[(to.clone(), offset)], &metadata, TIMEOUT).unwrap();
        if is_committed { producer.commit(TIMEOUT) } else { producer.abort(TIMEOUT) }.unwrap();
    }
    assert_eq!(stable(cluster, &mut member, &[to]), [Some(1)]);
}

fn offsets_of_an_open_transaction_are_unstable(cluster: &dyn Cluster) {
    let topic = topic(cluster, 2, &[]);
    let (zero, one) = (TopicPartition::new(&topic, 0), TopicPartition::new(&topic, 1));
    let mut member = only_member(cluster, &cluster.unique_name("group"), &topic, 2);
    let mut producer = unique_producer(cluster);
    producer.begin().unwrap();
    let metadata = member.consumer.group().unwrap();
    producer.send_offsets(&[(zero.clone(), 1)], &metadata, TIMEOUT).unwrap();
    let answer = member.consumer.committed(&[one.clone(), zero.clone()], Duration::from_secs(2));
    assert!(matches!(answer, Err(Error::Unstable | Error::TimedOut { .. })), "{answer:?}");
    producer.commit(TIMEOUT).unwrap();
    assert_eq!(stable(cluster, &mut member, &[one, zero]), [None, Some(1)]);
}

fn an_empty_list_of_offsets_is_refused(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let member = only_member(cluster, &cluster.unique_name("group"), &to.topic, 1);
    let mut producer = unique_producer(cluster);
    open(producer.as_mut(), &to, &["a"]);
    let metadata = member.consumer.group().unwrap();
    assert!(producer.send_offsets(&[], &metadata, TIMEOUT).is_err());
    producer.abort(TIMEOUT).unwrap();
}

fn offsets_without_a_generation_are_refused(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let member = only_member(cluster, &cluster.unique_name("group"), &to.topic, 1);
    let mut producer = unique_producer(cluster);
    producer.begin().unwrap();
    let metadata = GroupMetadata { generation: -1, ..member.consumer.group().unwrap() };
    assert!(producer.send_offsets(&[(to, 1)], &metadata, TIMEOUT).is_err());
    producer.abort(TIMEOUT).unwrap();
}

fn offsets_of_an_older_generation_are_refused(cluster: &dyn Cluster) {
    let topic = topic(cluster, 2, &[]);
    let zero = TopicPartition::new(&topic, 0);
    let group = cluster.unique_name("group");
    let mut first = only_member(cluster, &group, &topic, 2);
    let old = first.consumer.group().unwrap();
    let mut second = Member::join(cluster, &group, None, std::slice::from_ref(&topic));
    balance(cluster, &mut [(&mut first, 1), (&mut second, 1)]);
    assert!(first.generation() > old.generation);
    let mut producer = unique_producer(cluster);
    open(producer.as_mut(), &zero, &["x"]);
    let error = producer.send_offsets(&[(zero.clone(), 7)], &old, TIMEOUT).unwrap_err();
    assert!(matches!(error, Error::Fenced { by: FencedBy::Generation, .. }), "{error}");
    assert!(producer.commit(TIMEOUT).is_err(), "a transaction with refused offsets cannot be committed");
    producer.abort(TIMEOUT).unwrap();
    assert_eq!(stable(cluster, &mut first, std::slice::from_ref(&zero)), [None]);
    // The producer itself stays usable.
    write(producer.as_mut(), &zero, &["a"]);
}

fn offsets_of_a_member_that_has_left_are_refused(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let group = cluster.unique_name("group");
    let gone = only_member(cluster, &group, &to.topic, 1);
    let old = gone.consumer.group().unwrap();
    gone.consumer.close(TIMEOUT).unwrap();
    let mut member = only_member(cluster, &group, &to.topic, 1);
    let mut producer = unique_producer(cluster);
    producer.begin().unwrap();
    let error = producer.send_offsets(&[(to.clone(), 7)], &old, TIMEOUT).unwrap_err();
    assert!(matches!(error, Error::Fenced { by: FencedBy::Generation, .. }), "{error}");
    producer.abort(TIMEOUT).unwrap();
    assert_eq!(stable(cluster, &mut member, &[to]), [None]);
}

fn offsets_are_committed_without_a_transaction(cluster: &dyn Cluster) {
    let topic = topic(cluster, 2, &[]);
    let (zero, one) = (TopicPartition::new(&topic, 0), TopicPartition::new(&topic, 1));
    let group = cluster.unique_name("group");
    let mut member = only_member(cluster, &group, &topic, 2);
    member.consumer.commit(&[(zero.clone(), 1), (one.clone(), 7)], TIMEOUT).unwrap();
    member.consumer.commit(&[(zero.clone(), 2)], TIMEOUT).unwrap();
    member.consumer.close(TIMEOUT).unwrap();
    let mut next = only_member(cluster, &group, &topic, 2);
    assert_eq!(stable(cluster, &mut next, &[zero, one]), [Some(2), Some(7)]);
}

fn a_producer_without_transactions_takes_no_offsets(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let member = only_member(cluster, &cluster.unique_name("group"), &to.topic, 1);
    let mut producer = cluster.broker().producer(&ProducerSpec::default()).unwrap();
    producer.init(TIMEOUT).unwrap();
    producer.begin().unwrap();
    let metadata = member.consumer.group().unwrap();
    assert!(producer.send_offsets(&[(to, 1)], &metadata, TIMEOUT).is_err());
}
