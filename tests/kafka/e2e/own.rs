//! A processor of one's own on a real Kafka, started as the example starts it: by the public API.

use std::time::Duration;

use sheaf::broker::Isolation;
use sheaf::broker::kafka::KafkaBroker;
use sheaf::codec::entry::{decode, decode_body};
use sheaf::model::{Topic, TopicPartition};
use sheaf::runtime::{Application, Instance, Settings, TopicSettings};
use sheaf::store::rocks::{RocksOptions, RocksStores};

use super::super::scene::{LIMIT, Scene, keyed};
use super::process::until;
use crate::driver::processor::{Tally, topology};

fn start(scene: &Scene, state: &std::path::Path, silence: Duration) -> Instance {
    let broker = KafkaBroker::new(scene.settings.clone()).expect("settings");
    let stores = RocksStores::open(RocksOptions::new(state)).expect("a directory");
    let topics = TopicSettings { partitions: 1, replication: None };
    let settings = Settings { topics, ..Settings::new(&scene.name("app"), "a") };
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
    let Some(scene) = Scene::open("e2e-own") else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let (clicks, counts) = (Topic::new("clicks"), Topic::new("click-counts"));
    let patient = start(&scene, &directory.path().join("a"), Duration::from_hours(1));
    let mut producer = scene.producer("p", &[]);
    producer.begin().expect("begun");
    for value in ["1", "2"] {
        producer.produce(&keyed(&clicks, "ada", value)).expect("produced");
    }
    producer.commit(LIMIT).expect("committed");
    let changelog = TopicPartition::new(&Topic::new(&format!("{}-counter-changelog", scene.name("app"))), 0);
    until("both are counted", || {
        let records = scene.read(Isolation::ReadCommitted, &changelog);
        let last = records.iter().rfind(|record| record.key.as_deref() == Some(b"ada".as_slice()));
        let Some(bytes) = last.and_then(|record| record.value.as_deref()) else { return false };
        let tally: Tally = decode_body(&decode(bytes).expect("an entry"), Vec::new()).expect("a tally");
        tally.count == 2
    });
    patient.stop().expect("stopped");

    // The same name on an empty disk, and with less patience: what is counted comes from the changelog.
    let hasty = start(&scene, &directory.path().join("b"), Duration::from_millis(500));
    producer.begin().expect("begun");
    producer.produce(&keyed(&clicks, "ada", "3")).expect("produced");
    producer.commit(LIMIT).expect("committed");
    let out = TopicPartition::new(&counts, 0);
    until("the count is there", || !scene.read(Isolation::ReadCommitted, &out).is_empty());
    hasty.stop().expect("stopped");
    let records = scene.read(Isolation::ReadCommitted, &out);
    let values: Vec<_> = records.iter().map(|record| (record.key.as_deref(), record.value.as_deref())).collect();
    assert_eq!(values, [(Some(b"ada".as_slice()), Some(b"3".as_slice()))]);
}
