//! A custom processor on a real Kafka, started by the public API as in the example.

use std::time::Duration;

use sheaf::broker::Isolation;
use sheaf::broker::kafka::KafkaBroker;
use sheaf::codec::entry::{decode, decode_body};
use sheaf::model::{Topic, TopicPartition};
use sheaf::runtime::{Application, Instance, Settings, TopicSettings};
use sheaf::store::rocks::{RocksOptions, RocksStores};

use super::super::fixture::{Fixture, LIMIT, keyed};
use super::process::until;
use crate::driver::processor::{Tally, topology};

fn start(fixture: &Fixture, state: &std::path::Path, silence: Duration) -> Instance {
    let broker = KafkaBroker::new(fixture.settings.clone()).expect("settings");
    let stores = RocksStores::open(RocksOptions::new(state)).expect("a directory");
    let topics = TopicSettings { partitions: 1, ..TopicSettings::default() };
    let settings = Settings { topics, ..Settings::new(&fixture.name("app"), "a") };
    let application = Application::new(topology(silence).expect("wired"), settings, broker, stores);
    let status = application.status();
    let instance = application.start().expect("started");
    until("it is ready", || {
        assert!(instance.failure().is_none(), "a thread has failed");
        status.is_ready()
    });
    instance
}

#[test]
fn the_example_counts_on_a_real_kafka_and_keeps_its_count_without_its_disk() {
    let Some(fixture) = Fixture::open("e2e-own") else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let (clicks, counts) = (Topic::new("clicks"), Topic::new("click-counts"));
    let first = start(&fixture, &directory.path().join("a"), Duration::from_hours(1));
    let mut producer = fixture.producer("p", &[]);
    producer.begin().expect("begun");
    for value in ["1", "2"] {
        producer.produce(&keyed(&clicks, "ada", value)).expect("produced");
    }
    producer.commit(LIMIT).expect("committed");
    let changelog = TopicPartition::new(&Topic::new(&format!("{}-counter-changelog", fixture.name("app"))), 0);
    until("both are counted", || {
        let records = fixture.read(Isolation::ReadCommitted, &changelog);
        let last = records.iter().rfind(|record| record.key.as_deref() == Some(b"ada".as_slice()));
        let Some(bytes) = last.and_then(|record| record.value.as_deref()) else { return false };
        let tally: Tally = decode_body(&decode(bytes).expect("an entry"), Vec::new()).expect("a tally");
        tally.count == 2
    });
    first.stop().expect("stopped");

    // The same name on an empty disk, with a shorter silence: the count is restored from the changelog.
    let second = start(&fixture, &directory.path().join("b"), Duration::from_millis(500));
    producer.begin().expect("begun");
    producer.produce(&keyed(&clicks, "ada", "3")).expect("produced");
    producer.commit(LIMIT).expect("committed");
    let out = TopicPartition::new(&counts, 0);
    until("the count is there", || !fixture.read(Isolation::ReadCommitted, &out).is_empty());
    second.stop().expect("stopped");
    let records = fixture.read(Isolation::ReadCommitted, &out);
    let values: Vec<_> = records.iter().map(|record| (record.key.as_deref(), record.value.as_deref())).collect();
    assert_eq!(values, [(Some(b"ada".as_slice()), Some(b"3".as_slice()))]);
}
