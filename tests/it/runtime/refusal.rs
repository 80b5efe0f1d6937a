//! What is found out before anything is done: whose the offsets, the changelog and the name are.

use std::time::Duration;

use sheaf::broker::Broker;
use sheaf::broker::memory::{Fault, FaultKind, Operation};
use sheaf::model::{Key, OutRecord, Topic};
use sheaf::sim::World;

use super::support::{BROKER_TIMEOUT, counted, producer, send, settle, stops, values, world};

/// An instance that has counted x once and was stopped.
fn stopped() -> World {
    let mut world = counted();
    world.stop("a").unwrap();
    world
}

fn delete(world: &World, topic: &str) {
    world.broker().admin().unwrap().delete(&[Topic::new(topic)], BROKER_TIMEOUT).unwrap();
}

#[test]
fn offsets_that_are_gone_are_not_made_up_by_the_next_transaction() {
    let mut world = stopped();
    // A topic takes the group's offsets along.
    delete(&world, "app-counter-inbox");
    send(&world, &[("x", Some("2"))]);
    for _ in 0..2 {
        world.start("a").unwrap();
        let error = stops(&mut world);
        assert!(error.contains("has no committed offset for app-counter-inbox-"), "{error}");
        world.crash("a");
    }
    assert_eq!(values(&world, "counts"), ["x=1"]);
}

#[test]
fn a_changelog_that_was_emptied_is_no_first_start() {
    let mut world = stopped();
    delete(&world, "app-counter-changelog");
    // An instance that has no store of it cannot tell otherwise.
    world.start("b").unwrap();
    world.clock().advance(Duration::from_mins(1));
    let error = stops(&mut world);
    assert!(error.contains("is empty, although the group app has committed an offset of its inbox"), "{error}");
    assert!(error.contains("sheaf state republish"), "{error}");
    assert_eq!(values(&world, "counts"), ["x=1"]);
}

#[test]
fn an_old_store_is_kept_when_the_changelog_is_not_its_own() {
    let mut world = stopped();
    let task = (0..4).map(|number| format!("counter-{number}")).find(|task| {
        let copy = sheaf::store::memory::MemoryStores::new();
        world.disk("a").copy(task, &copy) && !entries(&copy, task).is_empty()
    });
    let task = task.unwrap();
    // Somebody begins again without any state, and has forgotten one disk.
    delete(&world, "app-counter-changelog");
    delete(&world, "app-counter-inbox");
    world.start("b").unwrap();
    // Until the group has given up on the first instance.
    for _ in 0..20 {
        world.clock().advance(Duration::from_secs(5));
        world.turn().unwrap();
    }
    settle(&mut world);
    for _ in 0..9 {
        send(&world, &[("x", Some("1"))]);
        settle(&mut world);
    }
    assert_eq!(values(&world, "counts").len(), 10, "the new changelog is longer than the old one was");
    world.stop("b").unwrap();
    world.clock().advance(Duration::from_hours(24 * 3));
    let before = entries(&world.disk("a").clone(), &task);
    world.start("a").unwrap();
    let error = stops(&mut world);
    assert!(error.contains("does not belong to the store"), "{error}");
    world.crash("a");
    assert_eq!(entries(&world.disk("a").clone(), &task), before);
}

fn entries(stores: &dyn sheaf::store::Stores, task: &str) -> Vec<(Key, Vec<u8>)> {
    stores.open(task).unwrap().scan(None, 100).unwrap()
}

#[test]
fn who_is_fenced_and_cannot_ask_by_whom_asks_again() {
    let mut world = world();
    world.start("a").unwrap();
    settle(&mut world);
    drop(producer(&world, "app-a-0"));
    let (process, kind) = (Some("a".to_owned()), FaultKind::Unreachable);
    world.broker().inject(Fault { operation: Operation::Admin, process, kind, times: 3 });
    send(&world, &[("x", Some("1"))]);
    settle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1"]);
}

#[test]
fn who_is_fenced_waits_for_an_open_transaction_before_it_believes_what_it_reads() {
    let mut world = world();
    world.start("a").unwrap();
    settle(&mut world);
    drop(producer(&world, "app-a-0"));
    let mut announcing = producer(&world, "somebody");
    announcing.begin().unwrap();
    let announcement = OutRecord::keyed(&Topic::new("app-instances"), &Key::new("b"), bytes::Bytes::from_static(b"{}"));
    announcing.produce(&OutRecord { partition: Some(0), ..announcement }).unwrap();
    send(&world, &[("x", Some("1"))]);
    for _ in 0..100 {
        world.turn().unwrap();
        world.clock().advance(Duration::from_millis(10));
    }
    assert!(values(&world, "counts").is_empty(), "it went on without knowing");
    announcing.abort(BROKER_TIMEOUT).unwrap();
    settle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1"]);
}
