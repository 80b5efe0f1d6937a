//! Transactions: visibility, fencing, and their ends.

use std::collections::BTreeMap;

use sheaf::broker::{Error, FencedBy, Isolation, Producer, ProducerSpec, Start};
use sheaf::model::TopicPartition;

use super::driver::{
    TIMEOUT, committed, open, partition, poll_for_a_while, producer, read_all, reader, record, take, topic,
    unique_producer, values, write,
};
use super::{Check, Cluster};

pub(super) const CHECKS: &[Check] = &[
    ("a_committed_transaction_is_seen", a_committed_transaction_is_seen),
    ("an_aborted_transaction_is_not_seen", an_aborted_transaction_is_not_seen),
    ("a_read_uncommitted_reader_sees_aborted_records", a_read_uncommitted_reader_sees_aborted_records),
    ("an_open_transaction_hides_its_records_and_later_ones", an_open_transaction_hides_its_records_and_later_ones),
    ("the_high_watermark_counts_an_open_transaction", the_high_watermark_counts_an_open_transaction),
    ("a_transaction_over_several_partitions_is_one", a_transaction_over_several_partitions_is_one),
    ("a_zombie_is_fenced_by_its_successor", a_zombie_is_fenced_by_its_successor),
    ("a_successor_aborts_the_open_transaction_of_the_zombie", a_successor_aborts_the_open_transaction_of_the_zombie),
    ("an_abort_without_a_transaction_is_harmless", an_abort_without_a_transaction_is_harmless),
    ("an_empty_transaction_commits", an_empty_transaction_commits),
    ("drain_reports_the_offsets_of_tracked_topics", drain_reports_the_offsets_of_tracked_topics),
    ("records_without_a_transaction_are_there_at_once", records_without_a_transaction_are_there_at_once),
    ("a_producer_is_usable_after_an_abort", a_producer_is_usable_after_an_abort),
];

fn a_committed_transaction_is_seen(cluster: &dyn Cluster) {
    let to = partition(cluster);
    write(unique_producer(cluster).as_mut(), &to, &["a", "b"]);
    let found = read_all(cluster, Isolation::ReadCommitted, &to);
    assert_eq!(values(&found), ["a", "b"]);
    assert_eq!(found.iter().map(|record| record.offset).collect::<Vec<_>>(), [0, 1]);
}

fn an_aborted_transaction_is_not_seen(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let mut producer = unique_producer(cluster);
    open(producer.as_mut(), &to, &["x"]);
    producer.abort(TIMEOUT).unwrap();
    write(producer.as_mut(), &to, &["a"]);
    assert_eq!(committed(cluster, &to), ["a"]);
}

fn a_read_uncommitted_reader_sees_aborted_records(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let mut producer = unique_producer(cluster);
    open(producer.as_mut(), &to, &["x"]);
    producer.abort(TIMEOUT).unwrap();
    write(producer.as_mut(), &to, &["a"]);
    assert_eq!(values(&read_all(cluster, Isolation::ReadUncommitted, &to)), ["x", "a"]);
}

fn an_open_transaction_hides_its_records_and_later_ones(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let (mut slow, mut quick) = (unique_producer(cluster), unique_producer(cluster));
    write(quick.as_mut(), &to, &["before"]);
    open(slow.as_mut(), &to, &["slow"]);
    write(quick.as_mut(), &to, &["quick"]);
    let mut reader = reader(cluster, Isolation::ReadCommitted, std::slice::from_ref(&to), Start::Beginning);
    assert_eq!(values(&poll_for_a_while(cluster, reader.as_mut())), ["before"]);
    slow.commit(TIMEOUT).unwrap();
    assert_eq!(values(&take(cluster, reader.as_mut(), 2)), ["slow", "quick"]);
}

fn the_high_watermark_counts_an_open_transaction(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let mut producer = unique_producer(cluster);
    open(producer.as_mut(), &to, &["a", "b"]);
    assert_eq!(cluster.broker().admin().unwrap().watermarks(&to, TIMEOUT), Ok((0, 2)));
    let mut everything = reader(cluster, Isolation::ReadUncommitted, std::slice::from_ref(&to), Start::Beginning);
    assert_eq!(values(&take(cluster, everything.as_mut(), 2)), ["a", "b"]);
}

fn a_transaction_over_several_partitions_is_one(cluster: &dyn Cluster) {
    let topic = topic(cluster, 2, &[]);
    let (zero, one) = (TopicPartition::new(&topic, 0), TopicPartition::new(&topic, 1));
    let mut producer = unique_producer(cluster);
    open(producer.as_mut(), &zero, &["a"]);
    producer.produce(&record(&one, "k", "b")).unwrap();
    producer.drain(TIMEOUT).unwrap();
    let mut reader = reader(cluster, Isolation::ReadCommitted, &[zero, one], Start::Beginning);
    assert_eq!(poll_for_a_while(cluster, reader.as_mut()).len(), 0);
    producer.commit(TIMEOUT).unwrap();
    let mut found = values(&take(cluster, reader.as_mut(), 2));
    found.sort();
    assert_eq!(found, ["a", "b"]);
}

fn a_zombie_is_fenced_by_its_successor(cluster: &dyn Cluster) {
    let (to, id) = (partition(cluster), cluster.unique_name("writer"));
    let mut zombie = producer(cluster, &id);
    write(zombie.as_mut(), &to, &["zombie"]);
    let mut successor = producer(cluster, &id);
    let error = try_to_write(zombie.as_mut(), &to).unwrap_err();
    assert!(matches!(error, Error::Fenced { by: FencedBy::Producer, .. }), "{error}");
    write(successor.as_mut(), &to, &["successor"]);
    assert_eq!(committed(cluster, &to), ["zombie", "successor"]);
}

/// Writes one record in a transaction; which of its calls is fenced depends on the adapter.
fn try_to_write(producer: &mut dyn Producer, to: &TopicPartition) -> Result<(), Error> {
    producer.begin()?;
    producer.produce(&record(to, "k", "too late"))?;
    producer.drain(TIMEOUT)?;
    producer.commit(TIMEOUT)
}

fn a_successor_aborts_the_open_transaction_of_the_zombie(cluster: &dyn Cluster) {
    let (to, id) = (partition(cluster), cluster.unique_name("writer"));
    let mut zombie = producer(cluster, &id);
    open(zombie.as_mut(), &to, &["left open"]);
    let mut successor = producer(cluster, &id);
    write(successor.as_mut(), &to, &["a"]);
    assert_eq!(committed(cluster, &to), ["a"]);
    let error = zombie.commit(TIMEOUT).unwrap_err();
    assert!(matches!(error, Error::Fenced { by: FencedBy::Producer, .. }), "{error}");
    assert_eq!(committed(cluster, &to), ["a"]);
}

fn an_abort_without_a_transaction_is_harmless(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let mut producer = unique_producer(cluster);
    producer.abort(TIMEOUT).unwrap();
    write(producer.as_mut(), &to, &["a"]);
    producer.abort(TIMEOUT).unwrap();
    assert_eq!(committed(cluster, &to), ["a"]);
}

fn an_empty_transaction_commits(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let mut producer = unique_producer(cluster);
    producer.begin().unwrap();
    assert_eq!(producer.drain(TIMEOUT), Ok(BTreeMap::new()));
    producer.commit(TIMEOUT).unwrap();
    write(producer.as_mut(), &to, &["a"]);
    assert_eq!(committed(cluster, &to), ["a"]);
}

fn drain_reports_the_offsets_of_tracked_topics(cluster: &dyn Cluster) {
    let (tracked, also, other) = (topic(cluster, 2, &[]), partition(cluster), partition(cluster));
    let tracks = vec![tracked.clone(), also.topic.clone()];
    let spec = ProducerSpec { tracked: tracks, ..ProducerSpec::transactional(&cluster.unique_name("writer")) };
    let mut producer = cluster.broker().producer(&spec).unwrap();
    producer.init(TIMEOUT).unwrap();
    let one = TopicPartition::new(&tracked, 1);
    // In another order than that of the topics.
    open(producer.as_mut(), &other, &["c"]);
    producer.produce(&record(&also, "k", "d")).unwrap();
    for value in ["a", "b"] {
        producer.produce(&record(&one, "k", value)).unwrap();
    }
    assert_eq!(producer.drain(TIMEOUT), Ok(BTreeMap::from([(one.clone(), 2), (also, 1)])));
    producer.commit(TIMEOUT).unwrap();
    // Two records and a marker precede this one.
    open(producer.as_mut(), &one, &["d"]);
    assert_eq!(producer.drain(TIMEOUT), Ok(BTreeMap::from([(one, 4)])));
    producer.abort(TIMEOUT).unwrap();
}

fn records_without_a_transaction_are_there_at_once(cluster: &dyn Cluster) {
    let tracked = topic(cluster, 1, &[]);
    let to = TopicPartition::new(&tracked, 0);
    let mut producer =
        cluster.broker().producer(&ProducerSpec { tracked: vec![tracked], ..ProducerSpec::default() }).unwrap();
    producer.init(TIMEOUT).unwrap();
    open(producer.as_mut(), &to, &["a", "b"]);
    assert_eq!(producer.drain(TIMEOUT), Ok(BTreeMap::from([(to.clone(), 2)])));
    assert_eq!(committed(cluster, &to), ["a", "b"], "before the end of the batch");
    producer.commit(TIMEOUT).unwrap();
    // There is no marker between the batches, and written records cannot be aborted.
    open(producer.as_mut(), &to, &["c"]);
    assert_eq!(producer.drain(TIMEOUT), Ok(BTreeMap::from([(to.clone(), 3)])));
    producer.abort(TIMEOUT).unwrap();
    assert_eq!(committed(cluster, &to), ["a", "b", "c"]);
}

fn a_producer_is_usable_after_an_abort(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let mut producer = unique_producer(cluster);
    for value in ["a", "b", "c"] {
        open(producer.as_mut(), &to, &["x"]);
        producer.abort(TIMEOUT).unwrap();
        write(producer.as_mut(), &to, &[value]);
    }
    assert_eq!(committed(cluster, &to), ["a", "b", "c"]);
}
