//! Checks before any processing: committed offsets, changelogs, fencing.

use std::time::Duration;

use sheaf::broker::Broker;
use sheaf::broker::memory::{Fault, FaultKind, Operation};
use sheaf::model::{Key, OutRecord, Topic, TopicPartition};
use sheaf::sim::World;

use super::support::{BROKER_TIMEOUT, counted, failure_of, producer, run_until_idle, send, values, world};

/// A world whose instance has counted x once and was stopped.
fn stopped() -> World {
    let mut world = counted();
    world.stop("a").unwrap();
    world
}

fn delete(world: &World, topic: &str) {
    world.broker().admin().unwrap().delete(&[Topic::new(topic)], BROKER_TIMEOUT).unwrap();
}

#[test]
fn lost_offsets_are_not_replaced_by_the_next_transaction() {
    let mut world = stopped();
    // Deleting a topic deletes the group's offsets of it.
    delete(&world, "app-counter-inbox");
    send(&world, &[("x", Some("2"))]);
    for _ in 0..2 {
        world.start("a").unwrap();
        let error = failure_of(&mut world);
        assert!(error.contains("has no committed offset for app-counter-inbox-"), "{error}");
        world.crash("a");
    }
    assert_eq!(values(&world, "counts"), ["x=1"]);
}

/// The partitions and offsets in the remedy of a refusal.
fn remedies(error: &str) -> Vec<(TopicPartition, i64)> {
    let commands = error.split('`').filter(|command| command.starts_with("kafka-consumer-groups --group app "));
    let remedy = |command: &str| {
        let word = |name: &str| command.split(' ').skip_while(|word| *word != name).nth(1);
        let (topic, partition) = word("--topic")?.split_once(':')?;
        let partition = TopicPartition::new(&Topic::new(topic), partition.parse().ok()?);
        Some((partition, word("--to-offset")?.parse().ok()?))
    };
    commands.map(|command| remedy(command).unwrap_or_else(|| panic!("{command}"))).collect()
}

#[test]
fn sources_whose_offsets_have_expired_are_not_read_again_from_their_beginning() {
    let mut world = stopped();
    send(&world, &[("x", Some("2"))]);
    world.broker().expire_offsets("app");
    world.start("a").unwrap();
    let error = failure_of(&mut world);
    assert!(error.contains("has no committed offset for events-"), "{error}");
    assert!(error.contains("(read up to 2; its log has 0 to"), "{error}");
    let sources = remedies(&error);
    assert!(sources.iter().all(|(partition, _)| partition.topic.as_str() == "events"), "{error}");
    world.broker().reset_offsets("app", &sources);

    // Then those of all inboxes are reported together.
    world.crash("a");
    world.start("a").unwrap();
    let error = failure_of(&mut world);
    let inboxes = remedies(&error);
    assert!(!inboxes.is_empty() && error.contains("has no committed offset for app-counter-inbox-"), "{error}");
    world.broker().reset_offsets("app", &inboxes);
    world.crash("a");
    world.start("a").unwrap();
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2"], "no record is read twice");
}

#[test]
fn the_position_of_an_inbox_that_another_instance_has_moved_is_not_named() {
    let mut world = stopped();
    world.clock().advance(Duration::from_mins(2));
    world.start("b").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("2"))]);
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2"]);
    world.stop("b").unwrap();
    world.clock().advance(Duration::from_mins(2));
    world.broker().expire_offsets("app");
    world.start("a").unwrap();
    let sources = remedies(&failure_of(&mut world));
    world.broker().reset_offsets("app", &sources);
    world.crash("a");
    world.start("a").unwrap();
    let error = failure_of(&mut world);
    // The store of `a` has the offset of its own last commit, and then the changelog records of `b`.
    assert!(error.contains("app-counter-inbox-") && error.contains("(its last position is unknown"), "{error}");
}

#[test]
fn sources_of_an_older_version_are_refused_without_an_offset() {
    let mut world = stopped();
    world.broker().expire_offsets("app");
    // An older version wrote only its start there.
    delete(&world, "app-instances");
    world.start("b").unwrap();
    world.clock().advance(Duration::from_mins(1));
    let error = failure_of(&mut world);
    assert!(error.contains("its last position is unknown") && error.contains("--to-offset N "), "{error}");
    assert!(error.contains("(with N=0 to read all of it again, N="), "{error}");
    assert_eq!(values(&world, "counts"), ["x=1"]);
}

#[test]
fn a_source_that_was_created_anew_is_read_from_its_beginning() {
    let mut world = stopped();
    // Deleting a topic deletes the group's offsets of it.
    delete(&world, "events");
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("2"))]);
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2"]);
}

#[test]
fn a_start_after_one_without_a_commit_is_a_first_start() {
    let mut world = world();
    world.start("a").unwrap();
    run_until_idle(&mut world);
    world.crash("a");
    // An aborted transaction leaves records in the changelog that are not read.
    let mut aborted = producer(&world, "other");
    aborted.begin().unwrap();
    let changelog = TopicPartition::new(&Topic::new("app-counter-changelog"), 0);
    aborted.produce(&OutRecord::logged(&changelog, Key::new("k"), None)).unwrap();
    aborted.abort(BROKER_TIMEOUT).unwrap();
    send(&world, &[("x", Some("1"))]);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1"]);
}

#[test]
fn an_emptied_changelog_is_not_taken_for_a_first_start() {
    let mut world = stopped();
    delete(&world, "app-counter-changelog");
    // An instance without a store of it has no other evidence.
    world.start("b").unwrap();
    world.clock().advance(Duration::from_mins(1));
    let error = failure_of(&mut world);
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
    // The application starts anew without state, and one disk is left over.
    delete(&world, "app-counter-changelog");
    delete(&world, "app-counter-inbox");
    world.start("b").unwrap();
    // Until the session of the first instance has timed out.
    for _ in 0..20 {
        world.clock().advance(Duration::from_secs(5));
        world.turn().unwrap();
    }
    run_until_idle(&mut world);
    for _ in 0..9 {
        send(&world, &[("x", Some("1"))]);
        run_until_idle(&mut world);
    }
    assert_eq!(values(&world, "counts").len(), 10, "the new changelog is longer than the old one was");
    world.stop("b").unwrap();
    world.clock().advance(Duration::from_hours(24 * 3));
    let before = entries(&world.disk("a").clone(), &task);
    world.start("a").unwrap();
    let error = failure_of(&mut world);
    assert!(error.contains("does not belong to the store"), "{error}");
    world.crash("a");
    assert_eq!(entries(&world.disk("a").clone(), &task), before);
}

fn entries(stores: &dyn sheaf::store::Stores, task: &str) -> Vec<(Key, Vec<u8>)> {
    stores.open(task).unwrap().scan(None, 100).unwrap()
}

#[test]
fn a_fenced_instance_retries_to_read_who_fenced_it() {
    let mut world = world();
    world.start("a").unwrap();
    run_until_idle(&mut world);
    drop(producer(&world, "app-0/a"));
    let (process, kind) = (Some("a".to_owned()), FaultKind::Unreachable);
    world.broker().inject(Fault { operation: Operation::Admin, process, kind, times: 3 });
    send(&world, &[("x", Some("1"))]);
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1"]);
}

#[test]
fn a_fenced_instance_waits_for_an_open_transaction_in_the_registry() {
    let mut world = world();
    world.start("a").unwrap();
    run_until_idle(&mut world);
    drop(producer(&world, "app-0/a"));
    let mut announcing = producer(&world, "other");
    announcing.begin().unwrap();
    let announcement = OutRecord::keyed(&Topic::new("app-instances"), &Key::new("b"), bytes::Bytes::from_static(b"{}"));
    announcing.produce(&OutRecord { partition: Some(0), ..announcement }).unwrap();
    send(&world, &[("x", Some("1"))]);
    for _ in 0..100 {
        world.turn().unwrap();
        world.clock().advance(Duration::from_millis(10));
    }
    assert!(values(&world, "counts").is_empty(), "it processed before the transaction ended");
    announcing.abort(BROKER_TIMEOUT).unwrap();
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1"]);
}
