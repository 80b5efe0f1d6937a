//! Deadlines after an outage, which wait for what was written meanwhile; sources that stand still.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::{Broker as _, NewTopic, Producer, memory};
use sheaf::model::{Key, Moment, OutRecord, Reject, Timer, TimerKind, Topic};
use sheaf::processor::{Effect, Input, Processor, Transition, erase};
use sheaf::sim::World;

use super::support::{BROKER_TIMEOUT, Empty, NoSink, metric, producer, run_until_idle, send, values, world_of};

const DEADLINE: TimerKind = TimerKind::Deadline(0);

/// Opens at `open` with a deadline an hour later, and closes at any other value.
struct Gate;

impl Processor for Gate {
    type State = Empty;

    fn step(&self, _key: &Key, state: Option<Empty>, input: Input, _at: Moment) -> Result<Transition<Empty>, Reject> {
        let forward = |text: &'static str| Effect::forward("counts", text);
        Ok(match (input, state) {
            (Input::Record(event), None) if event.record.value.as_deref() == Some(b"open") => {
                let due = event.record.timestamp.saturating_add(Duration::from_hours(1));
                Transition::to(Empty).with(Effect::Schedule(Timer { kind: DEADLINE, due }))
            }
            (Input::Record(_), Some(_)) => Transition { state: None, effects: vec![forward("closed")] },
            (Input::Timer(_), _) => Transition { state: None, effects: vec![forward("breached")] },
            (_, state) => Transition { state, effects: Vec::new() },
        })
    }
}

/// An entry that is open, and an outage of the only instance that is longer than its deadline.
fn outage() -> World {
    // Longer than the tests, so that the broker does not abort an open transaction.
    let broker = memory::Settings { transaction_timeout: Duration::from_hours(1), ..memory::Settings::default() };
    let mut world = world_of(erase(Gate), Box::new(|_| Arc::new(NoSink)), broker);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("open"))]);
    run_until_idle(&mut world);
    world.crash("a");
    world.clock().advance(Duration::from_hours(3));
    world
}

fn run_for(world: &mut World, seconds: u64) {
    for _ in 0..seconds * 10 {
        while world.turn().unwrap() {}
        world.clock().advance(Duration::from_millis(100));
    }
}

/// A producer that has written a record and does not commit it.
fn open_transaction(world: &World, id: &str, (key, value): (&str, &'static str)) -> Box<dyn Producer> {
    let mut stuck = producer(world, id);
    stuck.begin().unwrap();
    stuck.produce(&OutRecord::keyed(&Topic::new("events"), &Key::new(key), Bytes::from(value))).unwrap();
    stuck.drain(BROKER_TIMEOUT).unwrap();
    stuck
}

#[test]
fn a_deadline_waits_until_what_was_written_during_an_outage_is_processed() {
    let mut world = outage();
    let others: Vec<String> = (0..5_000).map(|number| format!("other-{number}")).collect();
    send(&world, &others.iter().map(|key| (&**key, Some("close"))).collect::<Vec<_>>());
    send(&world, &[("x", Some("close"))]);
    world.start("a").unwrap();
    run_for(&mut world, 10);
    assert_eq!(values(&world, "counts"), ["x=closed"]);
}

#[test]
fn a_deadline_fires_once_the_backlog_is_processed() {
    let mut world = outage();
    send(&world, &[("y", Some("open"))]);
    world.start("a").unwrap();
    run_for(&mut world, 10);
    assert_eq!(values(&world, "counts"), ["x=breached"]);
    assert!(world.status("a").unwrap().holds().is_empty());
}

#[test]
fn a_deadline_waits_for_a_source_that_stands_still_up_to_the_longest_hold() {
    let mut world = outage();
    let mut stuck = open_transaction(&world, "stuck", ("y", "open"));
    world.start("a").unwrap();
    run_for(&mut world, 14 * 60);
    assert_eq!(values(&world, "counts"), [""; 0], "the record of the open transaction may come");
    let [hold] = world.status("a").unwrap().holds().into_values().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((hold.records, hold.partitions.len()), (1, 1), "{hold:?}");
    assert!(metric(&world, "a", "sheaf_processor_deadline_hold_seconds") > 800);
    let [alert] = world.broker().committed_records(&Topic::new("app-alerts")).try_into().unwrap();
    let text = String::from_utf8(alert.value.unwrap().to_vec()).unwrap();
    crate::alert::assert_valid(&serde_json::from_str(&text).unwrap());
    assert!(text.contains("\"kind\":\"deadlines_held\"") && text.contains(&hold.partitions[0]), "{text}");
    run_for(&mut world, 90);
    assert_eq!(values(&world, "counts"), ["x=breached"]);
    stuck.commit(BROKER_TIMEOUT).unwrap();
    run_for(&mut world, 20);
    assert_eq!(metric(&world, "a", "sheaf_processor_deadline_hold_seconds"), 0);
}

#[test]
fn a_deleted_source_is_named_within_a_minute() {
    let mut world = outage();
    world.start("a").unwrap();
    run_for(&mut world, 40);
    assert_eq!(world.status("a").unwrap().missing(), [].into());
    let source = Topic::new("events");
    let mut admin = world.broker().admin().unwrap();
    let description = admin.describe(std::slice::from_ref(&source), BROKER_TIMEOUT).unwrap().remove(0).unwrap();
    admin.delete(std::slice::from_ref(&source), BROKER_TIMEOUT).unwrap();
    run_for(&mut world, 40);
    let missing = world.status("a").unwrap().missing();
    assert!(missing[&source].starts_with("it does not exist, and nothing is read from it"), "{missing:?}");
    assert_eq!(metric(&world, "a", "sheaf_consumer_missing_topics"), 1);
    let new = NewTopic { topic: source, partitions: description.partitions, replication: None, config: [].into() };
    admin.create(&[new], BROKER_TIMEOUT).unwrap();
    let ends = (0..1_000).find_map(|_| {
        world.clock().advance(Duration::from_millis(100));
        world.turn().err()
    });
    assert!(ends.unwrap().to_string().contains("was deleted and created anew while this application read it"));
}

#[test]
fn a_source_behind_an_open_transaction_is_named_within_a_minute() {
    let mut world = outage();
    world.start("a").unwrap();
    run_for(&mut world, 10);
    let mut stuck = open_transaction(&world, "stuck", ("y", "open"));
    run_for(&mut world, 25);
    let standing = |world: &World| world.status("a").unwrap().standing().into_values().collect::<Vec<_>>();
    assert_eq!(standing(&world), [""; 0], "it may be a slow transaction");
    run_for(&mut world, 30);
    let [detail] = standing(&world).try_into().unwrap();
    assert!(
        detail.starts_with("stands still at offset ") && detail.ends_with("behind an open transaction"),
        "{detail}"
    );
    assert!(metric(&world, "a", "sheaf_consumer_standing_still_seconds") >= 30);
    stuck.commit(BROKER_TIMEOUT).unwrap();
    run_for(&mut world, 25);
    assert_eq!(standing(&world), [""; 0]);
    assert_eq!(metric(&world, "a", "sheaf_consumer_standing_still_seconds"), 0);
}

#[test]
fn a_watermark_is_the_time_at_which_its_round_began() {
    let broker = memory::Settings { transaction_timeout: Duration::from_hours(1), ..memory::Settings::default() };
    let mut world = world_of(erase(Gate), Box::new(|_| Arc::new(NoSink)), broker);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("open"))]);
    run_for(&mut world, 20);
    send(&world, &[("y", Some("open"))]);
    run_for(&mut world, 3_570);
    let mut before = open_transaction(&world, "before", ("z", "open"));
    run_for(&mut world, 20);
    assert_eq!(world.status("a").unwrap().holds().len(), 1, "the round for x has begun and waits for z");
    let mut during = open_transaction(&world, "during", ("y", "close"));
    run_for(&mut world, 30);
    before.commit(BROKER_TIMEOUT).unwrap();
    run_for(&mut world, 10);
    assert_eq!(values(&world, "counts"), ["x=breached"], "y is due too, and was closed in time after the round began");
    during.commit(BROKER_TIMEOUT).unwrap();
    run_for(&mut world, 10);
    assert_eq!(values(&world, "counts"), ["x=breached", "y=closed"]);
}
