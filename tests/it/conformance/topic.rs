//! Topics: creation, configuration, partitions, and the partitions of keys.

use bytes::Bytes;
use sheaf::broker::{Error, Isolation};
use sheaf::model::{OutRecord, Topic, TopicPartition};

use super::driver::{
    TIMEOUT, committed, create, partition, producer, read_all, record, topic, unique_producer, until, write,
};
use super::{Check, Cluster};

pub(super) const CHECKS: &[Check] = &[
    ("a_topic_is_described_as_it_was_created", a_topic_is_described_as_it_was_created),
    ("a_topic_that_does_not_exist_is_described_as_none", a_topic_that_does_not_exist_is_described_as_none),
    ("creating_a_topic_again_leaves_it_as_it_is", creating_a_topic_again_leaves_it_as_it_is),
    ("deleting_a_topic_that_does_not_exist_is_harmless", deleting_a_topic_that_does_not_exist_is_harmless),
    ("added_partitions_can_be_written_to", added_partitions_can_be_written_to),
    ("fewer_partitions_are_refused", fewer_partitions_are_refused),
    ("a_key_goes_to_the_partition_of_javas_murmur2", a_key_goes_to_the_partition_of_javas_murmur2),
    ("a_record_that_is_too_large_leaves_the_transaction_usable", too_large_leaves_the_transaction_usable),
    ("a_compacted_topic_takes_no_record_without_a_key", a_compacted_topic_takes_no_record_without_a_key),
    ("a_compacted_topic_cannot_be_purged", a_compacted_topic_cannot_be_purged),
    ("a_topic_that_is_created_anew_has_another_id", a_topic_that_is_created_anew_has_another_id),
];

fn a_topic_is_described_as_it_was_created(cluster: &dyn Cluster) {
    let config = [("cleanup.policy", "compact"), ("message.timestamp.type", "LogAppendTime")];
    let topic = topic(cluster, 3, &config);
    let found = cluster.broker().admin().unwrap().describe(&[topic], TIMEOUT).unwrap().pop().unwrap().unwrap();
    assert_eq!((found.partitions, found.replication), (3, 1));
    for (name, value) in config {
        assert_eq!(found.config.get(name).map(String::as_str), Some(value), "{name}");
    }
    // Settings that were not set have their defaults.
    assert_eq!(found.config.get("delete.retention.ms").map(String::as_str), Some("86400000"));
}

fn a_topic_that_does_not_exist_is_described_as_none(cluster: &dyn Cluster) {
    let (there, missing) = (topic(cluster, 1, &[]), Topic::new(&cluster.unique_name("missing")));
    let found = cluster.broker().admin().unwrap().describe(&[missing, there], TIMEOUT).unwrap();
    assert_eq!((found[0].is_some(), found[1].is_some()), (false, true));
}

fn creating_a_topic_again_leaves_it_as_it_is(cluster: &dyn Cluster) {
    let to = partition(cluster);
    write(unique_producer(cluster).as_mut(), &to, &["a"]);
    create(cluster, &to.topic, 5, &[("cleanup.policy", "compact")]);
    let found = cluster
        .broker()
        .admin()
        .unwrap()
        .describe(std::slice::from_ref(&to.topic), TIMEOUT)
        .unwrap()
        .pop()
        .unwrap()
        .unwrap();
    assert_eq!((found.partitions, found.config.get("cleanup.policy").map(String::as_str)), (1, Some("delete")));
    assert_eq!(committed(cluster, &to), ["a"]);
}

fn deleting_a_topic_that_does_not_exist_is_harmless(cluster: &dyn Cluster) {
    let (there, missing) = (topic(cluster, 1, &[]), Topic::new(&cluster.unique_name("missing")));
    let mut admin = cluster.broker().admin().unwrap();
    admin.delete(&[missing, there.clone()], TIMEOUT).unwrap();
    until(cluster, "the topic is gone", || {
        admin.describe(std::slice::from_ref(&there), TIMEOUT).unwrap().pop().unwrap().is_none().then_some(())
    });
}

fn added_partitions_can_be_written_to(cluster: &dyn Cluster) {
    let topic = topic(cluster, 1, &[]);
    let mut admin = cluster.broker().admin().unwrap();
    admin.add_partitions(&topic, 2, TIMEOUT).unwrap();
    until(cluster, "the partition is described", || {
        let found = admin.describe(std::slice::from_ref(&topic), TIMEOUT).unwrap().pop().unwrap()?;
        (found.partitions == 2).then_some(())
    });
    let to = TopicPartition::new(&topic, 1);
    write(unique_producer(cluster).as_mut(), &to, &["a"]);
    assert_eq!(committed(cluster, &to), ["a"]);
}

fn fewer_partitions_are_refused(cluster: &dyn Cluster) {
    let topic = topic(cluster, 3, &[]);
    let answer = cluster.broker().admin().unwrap().add_partitions(&topic, 2, TIMEOUT);
    assert!(matches!(answer, Err(Error::Fatal { .. })), "{answer:?}");
}

fn a_key_goes_to_the_partition_of_javas_murmur2(cluster: &dyn Cluster) {
    let topic = topic(cluster, 7, &[]);
    // toPositive(hash) % 7, with the hashes of org.apache.kafka.common.utils.UtilsTest.testMurmur2.
    let golden = [("21", 3), ("foobar", 0), ("a-little-bit-long-string", 1), ("abc", 4)];
    let mut producer = unique_producer(cluster);
    producer.begin().unwrap();
    for (key, number) in golden {
        let to = TopicPartition::new(&topic, number);
        producer.produce(&OutRecord { partition: None, ..record(&to, key, key) }).unwrap();
    }
    producer.commit(TIMEOUT).unwrap();
    for (key, number) in golden {
        let found = committed(cluster, &TopicPartition::new(&topic, number));
        assert!(found.contains(&key.to_owned()), "{key} is not in partition {number}: {found:?}");
    }
}

fn too_large_leaves_the_transaction_usable(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let huge = Bytes::from(vec![b'x'; cluster.record_bytes_max() + 1]);
    let mut producer = unique_producer(cluster);
    producer.begin().unwrap();
    producer.produce(&record(&to, "k", "before")).unwrap();
    let answer = producer.produce(&OutRecord { value: Some(huge), ..record(&to, "k", "") });
    assert!(matches!(answer, Err(Error::TooLarge { .. })), "{answer:?}");
    producer.produce(&record(&to, "k", "after")).unwrap();
    producer.commit(TIMEOUT).unwrap();
    assert_eq!(committed(cluster, &to), ["before", "after"]);
}

fn a_compacted_topic_takes_no_record_without_a_key(cluster: &dyn Cluster) {
    let to = TopicPartition::new(&topic(cluster, 1, &[("cleanup.policy", "compact")]), 0);
    let mut producer = producer(cluster, &cluster.unique_name("writer"));
    producer.begin().unwrap();
    // The broker refuses the record when it arrives, not when it is produced.
    producer.produce(&OutRecord { key: None, ..record(&to, "", "v") }).unwrap();
    let answer = producer.drain(TIMEOUT);
    assert!(matches!(answer, Err(Error::Abortable { .. })), "{answer:?}");
    let answer = producer.commit(TIMEOUT);
    assert!(matches!(answer, Err(Error::Abortable { .. })), "{answer:?}");
    producer.abort(TIMEOUT).unwrap();
    write(producer.as_mut(), &to, &["a"]);
    assert_eq!(read_all(cluster, Isolation::ReadCommitted, &to).len(), 1);
}

fn a_compacted_topic_cannot_be_purged(cluster: &dyn Cluster) {
    let to = TopicPartition::new(&topic(cluster, 1, &[("cleanup.policy", "compact")]), 0);
    write(unique_producer(cluster).as_mut(), &to, &["a"]);
    let answer = cluster.broker().admin().unwrap().delete_records(&[(to.clone(), 1)], TIMEOUT);
    assert!(matches!(answer, Err(Error::Fatal { .. })), "{answer:?}");
    assert_eq!(committed(cluster, &to), ["a"]);
}

fn a_topic_that_is_created_anew_has_another_id(cluster: &dyn Cluster) {
    let mut admin = cluster.broker().admin().unwrap();
    let [one, other] = std::array::from_fn(|_| topic(cluster, 1, &[]));
    let first = admin.topic_id(&one, TIMEOUT).unwrap();
    assert!(first.is_some() && first != admin.topic_id(&other, TIMEOUT).unwrap());
    assert_eq!(admin.topic_id(&one, TIMEOUT).unwrap(), first, "the id stays the same");
    admin.delete(std::slice::from_ref(&one), TIMEOUT).unwrap();
    until(cluster, "the topic is gone", || admin.topic_id(&one, TIMEOUT).ok()?.is_none().then_some(()));
    create(cluster, &one, 1, &[]);
    let second = admin.topic_id(&one, TIMEOUT).unwrap();
    assert!(second.is_some() && second != first);
}
