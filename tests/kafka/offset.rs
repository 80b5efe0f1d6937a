//! Checks of group offsets in transactions, and of the generations that may commit them.

use std::time::Duration;

use sheaf::broker::{ConsumerSpec, Error, FencedBy, Waker};
use sheaf::model::TopicPartition;

use super::fixture::{Fixture, LIMIT, begin_with, share};

#[test]
fn offsets_of_a_committed_transaction_are_the_groups() {
    let Some(fixture) = Fixture::open("offsets") else { return };
    let topic = fixture.topic("t", 2);
    let partitions = [TopicPartition::new(&topic, 0), TopicPartition::new(&topic, 1)];
    let mut member = fixture.member(&[&topic]);
    member.owns(2);
    assert_eq!(member.committed(&partitions).expect("none yet"), [None, None]);
    let mut producer = fixture.producer("p", &[]);
    producer.begin().expect("begun");
    let group = member.consumer.group().expect("a member");
    assert!(group.generation >= 0);
    producer.send_offsets(&[(partitions[1].clone(), 42)], &group, LIMIT).expect("sent");
    producer.commit(LIMIT).expect("committed");
    assert_eq!(member.committed(&partitions).expect("stable"), [None, Some(42)]);
}

#[test]
fn offsets_of_an_aborted_transaction_are_not() {
    let Some(fixture) = Fixture::open("offsets-aborted") else { return };
    let topic = fixture.topic("t", 1);
    let partition = TopicPartition::new(&topic, 0);
    let mut member = fixture.member(&[&topic]);
    member.owns(1);
    let mut producer = fixture.producer("p", &[]);
    producer.begin().expect("begun");
    let group = member.consumer.group().expect("a member");
    producer.send_offsets(&[(partition.clone(), 42)], &group, LIMIT).expect("sent");
    producer.abort(LIMIT).expect("aborted");
    assert_eq!(member.committed(&[partition]).expect("stable"), [None]);
}

#[test]
fn offsets_of_an_open_transaction_are_unstable() {
    let Some(fixture) = Fixture::open("unstable") else { return };
    let topic = fixture.topic("t", 1);
    let partition = TopicPartition::new(&topic, 0);
    let mut member = fixture.member(&[&topic]);
    member.owns(1);
    let mut producer = fixture.producer("p", &[]);
    producer.begin().expect("begun");
    let group = member.consumer.group().expect("a member");
    producer.send_offsets(&[(partition.clone(), 42)], &group, LIMIT).expect("sent");
    let asked = [partition];
    let error = member.consumer.committed(&asked, Duration::from_secs(2)).expect_err("unstable");
    assert_eq!(error, Error::Unstable);
    producer.commit(LIMIT).expect("committed");
    assert_eq!(member.committed(&asked).expect("stable"), [Some(42)]);
}

#[test]
fn an_empty_list_of_offsets_is_refused() {
    let Some(fixture) = Fixture::open("no-offsets") else { return };
    let topic = fixture.topic("t", 1);
    let mut member = fixture.member(&[&topic]);
    member.owns(1);
    let mut producer = fixture.producer("p", &[]);
    producer.begin().expect("begun");
    let error = producer.send_offsets(&[], &member.consumer.group().expect("a member"), LIMIT).expect_err("refused");
    assert!(matches!(error, Error::Fatal { .. }), "{error:?}");
    producer.abort(LIMIT).expect("aborted");
}

#[test]
fn a_member_without_a_generation_cannot_commit() {
    let Some(fixture) = Fixture::open("no-generation") else { return };
    let topic = fixture.topic("t", 1);
    let spec = ConsumerSpec { group: fixture.name("group"), group_instance: None, waker: Waker::none() };
    let other = fixture.broker.consumer(&spec).expect("consumer");
    let mut producer = fixture.producer("p", &[]);
    producer.begin().expect("begun");
    let group = other.group().expect("metadata");
    let error = producer.send_offsets(&[(TopicPartition::new(&topic, 0), 1)], &group, LIMIT).expect_err("refused");
    assert!(matches!(error, Error::Fenced { by: FencedBy::Generation, .. }), "{error:?}");
    producer.abort(LIMIT).expect("aborted");
}

#[test]
fn an_older_generation_is_fenced_and_its_transaction_can_only_be_aborted() {
    let Some(fixture) = Fixture::open("old-generation") else { return };
    let topic = fixture.topic("t", 2);
    let partition = TopicPartition::new(&topic, 0);
    let mut first = fixture.member(&[&topic]);
    first.owns(2);
    let old = first.consumer.group().expect("a member");
    let mut second = fixture.member(&[&topic]);
    share(&mut first, &mut second, 1);
    let mut producer = fixture.producer("p", &[]);
    begin_with(&mut *producer, &partition, &["zombie"]);
    let error = producer.send_offsets(&[(partition.clone(), 1)], &old, LIMIT).expect_err("fenced");
    assert!(matches!(error, Error::Fenced { by: FencedBy::Generation, .. }), "{error:?}");
    let error = producer.commit(LIMIT).expect_err("it must be aborted");
    assert!(matches!(error, Error::Abortable { .. } | Error::Fenced { .. }), "{error:?}");
    producer.abort(LIMIT).expect("aborted");
    assert_eq!(first.committed(&[partition]).expect("stable"), [None]);
}
