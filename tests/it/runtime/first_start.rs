//! The first start on sources that hold records.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::{Admin, Broker, NewTopic, memory};
use sheaf::model::{Clock as _, Key, OutRecord, Topic};
use sheaf::processor::erase;
use sheaf::sim::World;
use sheaf::topology::StartAt;

use super::support::{BROKER_TIMEOUT, Counter, NoSink, failure_of, produce, run_until_idle, send_to, setup, values};

/// A world whose source has one record that is eight days old for each of `old` keys, and one of today for each of `young` keys.
fn with_history(start: Option<StartAt>, old: usize, young: usize) -> World {
    let mut setup = setup(erase(Counter), Box::new(|_| std::sync::Arc::new(NoSink)), memory::Settings::default());
    setup.topology.sources[0].start = start;
    let world = World::new(setup);
    create(&mut *world.broker().admin().unwrap());
    let record = |number: usize| {
        let key = Key::new(&format!("old-{number:04}"));
        OutRecord::keyed(&Topic::new("events"), &key, Bytes::from_static(b"1"))
    };
    if old > 0 {
        produce(&world, (0..old).map(record));
    }
    world.clock().advance(Duration::from_hours(8 * 24));
    if young > 0 {
        send_to(&world, young);
    }
    world
}

fn create(admin: &mut dyn Admin) {
    let events = NewTopic {
        topic: Topic::new("events"),
        partitions: 4,
        replication: None,
        config: [("message.timestamp.type".to_owned(), "LogAppendTime".to_owned())].into(),
    };
    admin.create(&[events], BROKER_TIMEOUT).unwrap();
}

/// The number of keys that were counted.
fn counted_by(mut world: World) -> usize {
    world.start("a").unwrap();
    run_until_idle(&mut world);
    values(&world, "counts").len()
}

#[test]
fn a_history_that_a_transactional_producer_has_just_copied_is_a_history() {
    let mut setup = setup(erase(Counter), Box::new(|_| std::sync::Arc::new(NoSink)), memory::Settings::default());
    setup.topology.sources[0].start = None;
    let mut world = World::new(setup);
    let events = NewTopic { topic: Topic::new("events"), partitions: 4, replication: None, config: BTreeMap::new() };
    world.broker().admin().unwrap().create(&[events], BROKER_TIMEOUT).unwrap();
    let written = world.clock().now();
    world.clock().advance(Duration::from_hours(8 * 24));
    for number in 0..150 {
        let key = Key::new(&format!("old-{number:04}"));
        let record = OutRecord::keyed(&Topic::new("events"), &key, Bytes::from_static(b"1"));
        produce(&world, [OutRecord { timestamp: Some(written), ..record }].into_iter());
    }
    world.start("a").unwrap();
    let error = failure_of(&mut world);
    assert!(error.contains("first start of app"), "{error}");
}

#[test]
fn a_history_is_not_read_without_a_decision_and_the_refusal_has_the_numbers_of_each() {
    let mut world = with_history(None, 150, 7);
    world.start("a").unwrap();
    let error = failure_of(&mut world);
    assert!(error.contains("first start of app") && error.contains("`start: latest`"), "{error}");
    let table: Vec<Vec<&str>> = error.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(table[0], ["records", "of", "earliest", "7d", "24h", "1h", "latest"]);
    // Each of the transactions has a marker in each of its partitions, which counts for Kafka.
    let number = |at: usize| table[1][at].parse::<i64>().unwrap();
    assert!((157..=165).contains(&number(1)) && (7..=11).contains(&number(2)), "{table:?}");
    assert_eq!(number(5), 0);
    assert!(values(&world, "counts").is_empty());
    // The refusal decides nothing: the next start is the first one too.
    world.crash("a");
    world.start("a").unwrap();
    assert!(failure_of(&mut world).contains("first start of app"));
}

#[test]
fn a_short_history_and_a_young_one_are_read_without_a_decision() {
    assert_eq!(counted_by(with_history(None, 80, 0)), 80);
    assert_eq!(counted_by(with_history(None, 0, 300)), 300);
}

#[test]
fn the_decision_says_where_a_source_begins() {
    let week = StartAt::Ago(Duration::from_hours(7 * 24));
    for (start, counted) in [(StartAt::Earliest, 157), (week, 7), (StartAt::Latest, 0)] {
        assert_eq!(counted_by(with_history(Some(start), 150, 7)), counted, "{start:?}");
    }
}

#[test]
fn every_instance_begins_where_the_first_one_has_decided() {
    let mut world = with_history(Some(StartAt::Latest), 150, 7);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    // The first instance has committed nothing, so the second one has no position to go by.
    world.crash("a");
    send_to(&world, 5);
    world.start("b").unwrap();
    world.clock().advance(Duration::from_mins(2));
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts").len(), 5, "what came after the decision is read");
}
