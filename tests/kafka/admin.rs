//! Checks of the administration of topics.

use std::collections::BTreeMap;

use sheaf::broker::{Error, NewTopic};
use sheaf::model::{Topic, TopicPartition};

use super::fixture::{Fixture, LIMIT, begin_with, until, write};

#[test]
fn a_topic_is_created_as_requested() {
    let Some(fixture) = Fixture::open("create") else { return };
    let topic =
        fixture.topic_with("t", 3, &[("cleanup.policy", "compact"), ("message.timestamp.type", "LogAppendTime")]);
    let missing = Topic::new(&fixture.name("missing"));
    let found = fixture.admin().describe(&[topic, missing], LIMIT).expect("described");
    let [Some(found), None] = &found[..] else { panic!("{found:?}") };
    assert_eq!((found.partitions, found.replication), (3, 1));
    assert_eq!(found.config.get("cleanup.policy").map(String::as_str), Some("compact"));
    assert_eq!(found.config.get("message.timestamp.type").map(String::as_str), Some("LogAppendTime"));
}

#[test]
fn a_topic_that_exists_is_left_as_it_is() {
    let Some(fixture) = Fixture::open("exists") else { return };
    let topic = fixture.topic("t", 2);
    let again = NewTopic { topic: topic.clone(), partitions: 5, replication: Some(1), config: BTreeMap::new() };
    let mut admin = fixture.admin();
    admin.create(&[again], LIMIT).expect("left as it is");
    let found = admin.describe(&[topic], LIMIT).expect("described");
    assert_eq!(found[0].as_ref().map(|found| found.partitions), Some(2));
}

#[test]
fn an_impossible_topic_is_refused_by_name() {
    let Some(fixture) = Fixture::open("impossible") else { return };
    let topic = Topic::new(&fixture.name("t"));
    let new = NewTopic { topic: topic.clone(), partitions: 1, replication: Some(7), config: BTreeMap::new() };
    let error = fixture.admin().create(&[new], LIMIT).expect_err("one broker holds no seven replicas");
    assert!(matches!(&error, Error::Fatal { detail, .. } if detail.contains(topic.as_str())), "{error:?}");
}

#[test]
fn a_deleted_topic_is_gone_and_can_be_deleted_again() {
    let Some(fixture) = Fixture::open("delete") else { return };
    let topic = fixture.topic("t", 1);
    let mut admin = fixture.admin();
    admin.delete(std::slice::from_ref(&topic), LIMIT).expect("deleted");
    until("the topic is gone", || admin.describe(std::slice::from_ref(&topic), LIMIT).expect("described") == [None]);
    admin.delete(&[topic], LIMIT).expect("nothing to delete");
}

#[test]
fn partitions_are_added() {
    let Some(fixture) = Fixture::open("add") else { return };
    let topic = fixture.topic("t", 1);
    let mut admin = fixture.admin();
    admin.add_partitions(&topic, 4, LIMIT).expect("added");
    until("they are seen", || {
        let found = admin.describe(std::slice::from_ref(&topic), LIMIT).expect("described");
        found[0].as_ref().is_some_and(|found| found.partitions == 4)
    });
    assert!(admin.add_partitions(&topic, 2, LIMIT).is_err(), "partitions cannot be taken away");
}

#[test]
fn watermarks_do_not_wait_for_open_transactions() {
    let Some(fixture) = Fixture::open("watermarks") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut admin = fixture.admin();
    assert_eq!(admin.watermarks(&partition, LIMIT).expect("watermarks"), (0, 0));
    let mut producer = fixture.producer("p", &[]);
    begin_with(&mut *producer, &partition, &["0", "1"]);
    assert_eq!(admin.watermarks(&partition, LIMIT).expect("watermarks"), (0, 2));
    producer.commit(LIMIT).expect("committed");
    until("the marker is written", || admin.watermarks(&partition, LIMIT).expect("watermarks") == (0, 3));
}

#[test]
fn deleted_records_move_the_low_watermark() {
    let Some(fixture) = Fixture::open("purge") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    write(&mut *fixture.producer("p", &[]), &partition, &["0", "1", "2"]);
    let mut admin = fixture.admin();
    admin.delete_records(&[(partition.clone(), 2)], LIMIT).expect("deleted");
    // The marker is written a moment after the commit has returned.
    until("the marker is written", || admin.watermarks(&partition, LIMIT).expect("watermarks") == (2, 4));
    let error = admin.delete_records(&[(partition.clone(), 100)], LIMIT).expect_err("beyond the log");
    assert_eq!(error, Error::OutOfRange { partition });
}
