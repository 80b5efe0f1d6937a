//! Standby tasks: their placement, their entries, and the restores that they save.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sheaf::broker::{Broker, NewTopic, memory};
use sheaf::model::{Key, OutRecord, TaskId, Topic};
use sheaf::processor::erase;
use sheaf::runtime::FaultPoint;
use sheaf::sim::{CrashPolicy, Setup, World};
use sheaf::store::Stores;
use sheaf::store::memory::MemoryStores;

use super::support::{Counter, NoSink, metric, produce, run_until_idle, send_to, setup, values};

const CHANGELOG: &str = "app-counter-changelog";
const RESTORED: &str = "sheaf_store_restored_records_total";

fn with_standbys(replicas: usize, change: impl FnOnce(&mut Setup)) -> World {
    let mut setup = setup(erase(Counter), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setup.settings.standby_replicas = replicas;
    change(&mut setup);
    World::new(setup)
}

/// Advances the clock by some seconds, with turns of all instances.
fn advance(world: &mut World, seconds: u32) {
    for _ in 0..seconds * 10 {
        world.turn().unwrap();
        world.clock().advance(Duration::from_millis(100));
    }
}

type Entries = BTreeMap<Key, Vec<u8>>;

/// The entries of a task in the changelog.
fn logged(world: &World, task: &TaskId) -> Entries {
    let mut entries = Entries::new();
    for record in world.broker().committed_records(&Topic::new(CHANGELOG)) {
        let key = record.key.unwrap();
        if record.source.partition != task.partition || key.starts_with(b"\0") {
            continue;
        }
        match record.value {
            Some(value) => entries.insert(Key::from_bytes(key), value.to_vec()),
            None => entries.remove(&Key::from_bytes(key)),
        };
    }
    entries
}

/// The entries of a task on an instance's disk, open or not.
fn stored(world: &mut World, instance: &str, task: &TaskId) -> Entries {
    let copy = MemoryStores::new();
    world.disk(instance).copy(&task.to_string(), &copy);
    copy.open(&task.to_string()).unwrap().scan(None, 10_000).unwrap().into_iter().collect()
}

fn owned(world: &World, instance: &str) -> BTreeSet<TaskId> {
    world.status(instance).unwrap().owned()
}

fn standbys(world: &World, instance: &str) -> BTreeSet<TaskId> {
    (*world.status(instance).unwrap().standbys()).clone()
}

/// Checks that each task has this many standbys, none on its owner, each with the entries of the changelog.
fn check(world: &mut World, instances: &[&str], replicas: usize) {
    let tasks: BTreeSet<TaskId> = instances.iter().flat_map(|name| owned(world, name)).collect();
    assert_eq!(tasks.len(), 4, "every task has an owner");
    for task in tasks {
        let expected = logged(world, &task);
        assert!(!expected.is_empty(), "{task} has entries");
        let standbys: Vec<&&str> = instances.iter().filter(|name| standbys(world, name).contains(&task)).collect();
        assert_eq!(standbys.len(), replicas, "{task} has the standbys {standbys:?}");
        for name in standbys {
            assert!(!owned(world, name).contains(&task), "{name} owns {task}");
            assert_eq!(stored(world, name, &task), expected, "{task} on {name}");
        }
    }
}

#[test]
fn each_task_has_complete_standbys_on_instances_that_do_not_own_it() {
    for replicas in 0..=2 {
        let mut world = with_standbys(replicas, |_| {});
        let names = ["a", "b", "c"];
        for name in names {
            world.start(name).unwrap();
            run_until_idle(&mut world);
        }
        send_to(&world, 100);
        advance(&mut world, 5);
        send_to(&world, 150);
        advance(&mut world, 12);
        check(&mut world, &names, replicas);
        let lag: u64 = names.iter().map(|name| metric(&world, name, "sheaf_standby_lag_records")).sum();
        assert_eq!(lag, 0, "the last measured lag");
        // A crashed one is replaced after it was silent for long enough.
        world.crash("b");
        advance(&mut world, 120);
        check(&mut world, &["a", "c"], replicas.min(1));
    }
}

/// Two instances that have counted, and their names: first the one that owns more tasks.
fn pair(mut world: World) -> (World, &'static str, &'static str) {
    for name in ["a", "b"] {
        world.start(name).unwrap();
        run_until_idle(&mut world);
    }
    let (of_a, of_b) = (owned(&world, "a").len(), owned(&world, "b").len());
    let (owner, other) = if of_a >= of_b { ("a", "b") } else { ("b", "a") };
    for _ in 0..3 {
        send_to(&world, 100);
        advance(&mut world, 5);
    }
    (world, owner, other)
}

/// The number of records that the successor restores after the owner has crashed; its standbys have not seen `later` of them.
fn restored_after_a_crash(replicas: usize, later: usize) -> u64 {
    let (mut world, owner, successor) = pair(with_standbys(replicas, |_| {}));
    send_to(&world, later);
    // First the successor alone, which reads sources, then the owner alone, whose counts the successor does not apply.
    for name in [successor, owner] {
        for _ in 0..50 {
            world.turn_of(name).unwrap();
            world.clock().advance(Duration::from_millis(10));
        }
    }
    let before = metric(&world, successor, RESTORED);
    // It fetches the rest only after the session of the owner has timed out.
    world.broker().set_fetch_delay(Duration::from_secs(100));
    world.crash(owner);
    advance(&mut world, 150);
    world.broker().set_fetch_delay(Duration::ZERO);
    assert_eq!(owned(&world, successor).len(), 4);
    send_to(&world, 100);
    run_until_idle(&mut world);
    let counts = values(&world, "counts");
    assert!((0..100).all(|number| counts.contains(&format!("key-{number:03}=4"))), "{counts:?}");
    assert_eq!(counts.len(), 400 + later);
    metric(&world, successor, RESTORED) - before
}

#[test]
fn a_promoted_standby_replays_only_the_rest() {
    let all = restored_after_a_crash(0, 0);
    assert!(all > 100, "without a standby everything is restored: {all}");
    assert_eq!(restored_after_a_crash(1, 0), 0, "records that the standby has applied are not restored");
    let rest = restored_after_a_crash(1, 30);
    assert!((1..=30).contains(&rest), "{rest} records restored, of at most 30");
}

#[test]
fn a_standby_that_crashes_during_a_restore_resumes() {
    let crashing = Arc::new(Mutex::new((String::new(), 0)));
    let observed = crashing.clone();
    // Of the first 12 batches that the named instance applies, every second one crashes it.
    let crash_policy: CrashPolicy = Arc::new(move |name, point| {
        let mut crashing = observed.lock().unwrap();
        if crashing.0 != name || point != FaultPoint::RestoreBatch {
            return false;
        }
        crashing.1 += 1;
        crashing.1 <= 12 && crashing.1 % 2 == 0
    });
    let (mut world, owner, follower) = pair(with_standbys(1, |setup| setup.crash_policy = crash_policy));
    let tasks = owned(&world, owner);
    assert!(!tasks.is_empty() && standbys(&world, follower).is_superset(&tasks));
    // It starts on an empty disk.
    world.crash(follower);
    for task in &tasks {
        world.disk(follower).wipe(&task.to_string());
    }
    crashing.lock().unwrap().0 = follower.to_owned();
    let mut crashes = 0;
    for tenth in 0..1_000 {
        if !world.running().any(|name| name == follower) {
            world.start(follower).unwrap();
        }
        if tenth % 40 == 0 && tenth < 600 {
            send_to(&world, 50);
        }
        world.turn_of(owner).unwrap();
        if world.turn_of(follower).is_err() || world.is_crashed(follower) {
            world.crash(follower);
            crashes += 1;
        }
        world.clock().advance(Duration::from_millis(100));
    }
    assert!(crashes > 3, "it crashed {crashes} times");
    check(&mut world, &["a", "b"], 1);
}

/// Recreates the changelog, with the records of these tasks from another world: a restore from the wrong backup.
fn recreate_changelog(world: &World, tasks: &BTreeSet<TaskId>, elsewhere: &World) {
    let (topic, timeout) = (Topic::new(CHANGELOG), Duration::from_secs(5));
    let partitions: BTreeSet<i32> = tasks.iter().map(|task| task.partition).collect();
    let from = |world: &World, foreign: bool| {
        let mut records = world.broker().committed_records(&topic);
        records.retain(|record| partitions.contains(&record.source.partition) == foreign);
        records
    };
    let records = [from(world, false), from(elsewhere, true)].concat();
    let mut admin = world.broker().admin().unwrap();
    admin.delete(slice::from_ref(&topic), timeout).unwrap();
    let config = [("cleanup.policy", "compact"), ("max.message.bytes", "10485760")];
    let config = config.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let recreated = NewTopic { topic: topic.clone(), partitions: 4, replication: None, config };
    admin.create(&[recreated], timeout).unwrap();
    produce(
        world,
        records.into_iter().map(|record| OutRecord {
            topic: topic.clone(),
            partition: Some(record.source.partition),
            key: record.key.map(Key::from_bytes),
            value: record.value,
            headers: record.headers,
            timestamp: Some(record.timestamp),
        }),
    );
}

#[test]
fn a_changelog_that_was_created_anew_is_not_followed() {
    let (mut world, owner, follower) = pair(with_standbys(1, |_| {}));
    check(&mut world, &["a", "b"], 1);
    let (of_owner, of_follower) = (owned(&world, owner), owned(&world, follower));
    let before: BTreeMap<TaskId, Entries> =
        of_owner.iter().map(|task| (task.clone(), stored(&mut world, follower, task))).collect();
    world.crash(owner);
    // Ids derive from instance names, so another name creates other stores.
    let mut elsewhere = with_standbys(0, |_| {});
    elsewhere.start("z").unwrap();
    send_to(&elsewhere, 100);
    advance(&mut elsewhere, 5);
    recreate_changelog(&world, &of_owner, &elsewhere);
    for task in &of_owner {
        world.disk(owner).wipe(&task.to_string());
    }
    world.start(owner).unwrap();
    for _ in 0..40 {
        // The new changelog becomes longer than the old one, so that the offset alone proves nothing.
        send_to(&world, 100);
        advance(&mut world, 10);
    }
    assert_eq!(owned(&world, owner), of_owner, "a static member gets its tasks again");
    assert_eq!(owned(&world, follower), of_follower);
    assert!(standbys(&world, follower).is_superset(&of_owner), "it has standbys of them");
    for (task, entries) in before {
        assert_ne!(logged(&world, &task), entries, "the new changelog differs");
        assert_eq!(stored(&mut world, follower, &task), entries, "the standby of {task} is unchanged");
    }
}

#[test]
fn a_restore_interrupted_by_a_rebalance_resumes() {
    let mut world = with_standbys(0, |setup| setup.settings.restore.records_per_second_max = Some(20));
    world.start("a").unwrap();
    run_until_idle(&mut world);
    for _ in 0..4 {
        send_to(&world, 100);
        run_until_idle(&mut world);
    }
    world.crash("a");
    for partition in 0..4 {
        world.disk("a").wipe(&format!("counter-{partition}"));
    }
    world.start("a").unwrap();
    advance(&mut world, 6);
    let before = metric(&world, "a", RESTORED);
    assert!((50..350).contains(&before), "the restore has begun and not ended: {before}");
    // Another instance starts, gets some of the tasks, and crashes before it has restored them.
    world.start("b").unwrap();
    advance(&mut world, 3);
    let moved = owned(&world, "b");
    assert!(!moved.is_empty(), "some tasks move");
    world.crash("b");
    advance(&mut world, 120);
    assert_eq!(owned(&world, "a").len(), 4);
    let logged = world.broker().committed_records(&Topic::new(CHANGELOG)).len();
    assert_eq!(metric(&world, "a", RESTORED), u64::try_from(logged).unwrap(), "each record is restored once");
    send_to(&world, 100);
    run_until_idle(&mut world);
    let counts = values(&world, "counts");
    assert!((0..100).all(|number| counts.contains(&format!("key-{number:03}=5"))), "{counts:?}");
}

#[test]
fn a_standby_at_its_end_applies_no_earlier_records() {
    // So slow that intermediate states can be observed.
    let (mut world, owner, follower) = pair(with_standbys(1, |setup| setup.broker.fetch_records_max = 3));
    advance(&mut world, 60);
    check(&mut world, &["a", "b"], 1);
    world.stop(follower).unwrap();
    world.start(follower).unwrap();
    for _ in 0..1_500 {
        for task in owned(&world, owner) {
            assert_eq!(stored(&mut world, follower, &task), logged(&world, &task), "{task}");
        }
        world.turn().unwrap();
        world.clock().advance(Duration::from_millis(20));
    }
    assert!(standbys(&world, follower).is_superset(&owned(&world, owner)), "it has the standbys again");
}
