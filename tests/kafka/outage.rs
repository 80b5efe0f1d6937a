//! Checks with unreachable brokers.

use std::time::Duration;

use sheaf::broker::Error;
use sheaf::broker::kafka::KafkaSettings;
use sheaf::model::{Topic, TopicPartition};

use super::cluster::{KafkaCluster, is_skipped};
use super::fixture::{Fixture, LIMIT, begin_with, until, values, write};
use crate::control_m::support::closed_port;

#[test]
fn an_unreachable_address_is_named() {
    let (_held, closed) = closed_port();
    let address = closed.to_string();
    let fixture = Fixture::on("unreachable", KafkaSettings::new(&address));
    let short = Duration::from_millis(1500);
    let topic = Topic::new("t");
    let errors = [
        fixture.raw_producer("p", &[]).init(short).expect_err("unreachable"),
        fixture.admin().describe(std::slice::from_ref(&topic), short).expect_err("unreachable"),
        fixture.admin().watermarks(&TopicPartition::new(&topic, 0), short).expect_err("unreachable"),
    ];
    for error in errors {
        assert!(matches!(&error, Error::Unreachable { address: named, .. } if *named == address), "{error:?}");
    }
}

#[test]
fn an_outage_passes() {
    if is_skipped() {
        return;
    }
    let cluster = KafkaCluster::start(1);
    let fixture = Fixture::on("outage", KafkaSettings::new(cluster.bootstrap_servers()));
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut member = fixture.member(&[&partition.topic]);
    let mut producer = fixture.producer("p", &[]);
    write(&mut *producer, &partition, &["before"]);
    member.until("the first record is there", |member| member.records.len() == 1);
    begin_with(&mut *producer, &partition, &["lost"]);
    cluster.stop();
    member.turn().expect("an outage is no error of the group");
    let error = producer.commit(Duration::from_secs(2)).expect_err("timed out");
    assert!(matches!(error, Error::TimedOut { .. }), "the outcome is unknown: {error:?}");
    drop(producer);
    cluster.start_again();
    let mut producer = None;
    until("a new producer is initialised", || {
        let mut new = fixture.raw_producer("p", &[]);
        let result = new.init(Duration::from_secs(10));
        producer = Some(new);
        result.is_ok()
    });
    write(&mut *producer.expect("initialised"), &partition, &["after"]);
    member
        .until("the last record is there", |member| values(&member.records).last().is_some_and(|last| last == "after"));
    let read = values(&member.records);
    println!("after the outage the member has read {read:?} (the commit's outcome was not known)");
    assert!(read == ["before", "after"] || read == ["before", "lost", "after"], "{read:?}");
    member.consumer.close(LIMIT).expect("closed");
}
