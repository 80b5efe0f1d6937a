//! What is found out before anything is done: whose the offsets, the changelog and the name are.

use std::time::Duration;

use sheaf::broker::Broker;
use sheaf::broker::memory::{Fault, FaultKind, Operation};
use sheaf::model::{Key, OutRecord, Topic, TopicPartition};
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
fn lost_offsets_are_not_replaced_by_the_next_transaction() {
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

/// The partitions and offsets that a refusal tells to set.
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
    let error = stops(&mut world);
    assert!(error.contains("has no committed offset for events-"), "{error}");
    assert!(error.contains("(read up to 2; its log has 0 to"), "{error}");
    let sources = remedies(&error);
    assert!(sources.iter().all(|(partition, _)| partition.topic.as_str() == "events"), "{error}");
    world.broker().reset_offsets("app", &sources);

    // Those of the inboxes are told next, all at once.
    world.crash("a");
    world.start("a").unwrap();
    let error = stops(&mut world);
    let inboxes = remedies(&error);
    assert!(!inboxes.is_empty() && error.contains("has no committed offset for app-counter-inbox-"), "{error}");
    world.broker().reset_offsets("app", &inboxes);
    world.crash("a");
    world.start("a").unwrap();
    settle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2"], "what was read before is not read again");
}

#[test]
fn sources_of_an_older_version_are_refused_without_an_offset() {
    let mut world = stopped();
    world.broker().expire_offsets("app");
    // An older sheaf wrote nothing there but its start.
    delete(&world, "app-instances");
    world.start("b").unwrap();
    world.clock().advance(Duration::from_mins(1));
    let error = stops(&mut world);
    assert!(error.contains("its last position is unknown") && error.contains("--to-offset N "), "{error}");
    assert_eq!(values(&world, "counts"), ["x=1"]);
}

#[test]
fn a_source_that_was_created_anew_is_read_from_its_beginning() {
    let mut world = stopped();
    // A topic takes the group's offsets along.
    delete(&world, "events");
    world.start("a").unwrap();
    settle(&mut world);
    send(&world, &[("x", Some("2"))]);
    settle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2"]);
}

#[test]
fn a_start_after_one_without_a_commit_is_a_first_start() {
    let mut world = world();
    world.start("a").unwrap();
    settle(&mut world);
    world.crash("a");
    // A transaction that was aborted leaves records in a changelog that nobody reads.
    let mut aborted = producer(&world, "somebody");
    aborted.begin().unwrap();
    let changelog = TopicPartition::new(&Topic::new("app-counter-changelog"), 0);
    aborted.produce(&OutRecord::logged(&changelog, Key::new("k"), None)).unwrap();
    aborted.abort(BROKER_TIMEOUT).unwrap();
    send(&world, &[("x", Some("1"))]);
    world.start("a").unwrap();
    settle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1"]);
}

#[test]
fn an_emptied_changelog_is_not_taken_for_a_first_start() {
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
fn a_fenced_instance_retries_to_read_who_fenced_it() {
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
fn a_fenced_instance_waits_for_an_open_transaction_in_the_registry() {
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
