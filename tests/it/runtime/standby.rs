//! Stores that follow the changelogs of others' tasks: where they are, what they hold, and what they spare.

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

use super::support::{Counter, NoSink, metric, produce, send_to, setting, settle, values};

const CHANGELOG: &str = "app-counter-changelog";
const RESTORED: &str = "sheaf_store_restored_records_total";

fn with_standbys(replicas: usize, change: impl FnOnce(&mut Setup)) -> World {
    let mut setting = setting(erase(Counter), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setting.settings.standby_replicas = replicas;
    change(&mut setting);
    World::new(setting)
}

/// Lets some seconds pass for all instances.
fn pass(world: &mut World, seconds: u32) {
    for _ in 0..seconds * 10 {
        world.turn().unwrap();
        world.clock().advance(Duration::from_millis(100));
    }
}

type Entries = BTreeMap<Key, Vec<u8>>;

/// What the changelog says about a task.
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

/// What an instance's disk has of a task, whether it is open or not.
fn stored(world: &mut World, instance: &str, task: &TaskId) -> Entries {
    let copy = MemoryStores::new();
    world.disk(instance).copy(&task.to_string(), &copy);
    copy.open(&task.to_string()).unwrap().scan(None, 10_000).unwrap().into_iter().collect()
}

fn owned(world: &World, instance: &str) -> BTreeSet<TaskId> {
    world.status(instance).unwrap().owned()
}

fn followed(world: &World, instance: &str) -> BTreeSet<TaskId> {
    (*world.status(instance).unwrap().standbys()).clone()
}

/// Each task has so many standbys, none with its owner, and each of them holds what the changelog says.
fn judge(world: &mut World, instances: &[&str], replicas: usize) {
    let tasks: BTreeSet<TaskId> = instances.iter().flat_map(|name| owned(world, name)).collect();
    assert_eq!(tasks.len(), 4, "every task has an owner");
    for task in tasks {
        let expected = logged(world, &task);
        assert!(!expected.is_empty(), "{task} has entries");
        let standbys: Vec<&&str> = instances.iter().filter(|name| followed(world, name).contains(&task)).collect();
        assert_eq!(standbys.len(), replicas, "{task} is followed by {standbys:?}");
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
            settle(&mut world);
        }
        send_to(&world, 100);
        pass(&mut world, 5);
        send_to(&world, 150);
        pass(&mut world, 12);
        judge(&mut world, &names, replicas);
        let lag: u64 = names.iter().map(|name| metric(&world, name, "sheaf_standby_lag_records")).sum();
        assert_eq!(lag, 0, "what is measured last is the end");
        // One that is gone for good is replaced, when it has been silent for long enough.
        world.crash("b");
        pass(&mut world, 120);
        judge(&mut world, &["a", "c"], replicas.min(1));
    }
}

/// Two instances that have counted, and their names: the one that owns more comes first.
fn pair(mut world: World) -> (World, &'static str, &'static str) {
    for name in ["a", "b"] {
        world.start(name).unwrap();
        settle(&mut world);
    }
    let (mine, theirs) = (owned(&world, "a").len(), owned(&world, "b").len());
    let (owner, other) = if mine >= theirs { ("a", "b") } else { ("b", "a") };
    for _ in 0..3 {
        send_to(&world, 100);
        pass(&mut world, 5);
    }
    (world, owner, other)
}

/// How many records the survivor of two restores after its peer has crashed, when `later` were never seen by a standby.
fn restored_after_a_crash(replicas: usize, later: usize) -> u64 {
    let (mut world, owner, heir) = pair(with_standbys(replicas, |_| {}));
    send_to(&world, later);
    // First the heir alone, which reads sources, then the owner alone: what that counts the heir does not follow.
    for name in [heir, owner] {
        for _ in 0..50 {
            world.turn_of(name).unwrap();
            world.clock().advance(Duration::from_millis(10));
        }
    }
    let before = metric(&world, heir, RESTORED);
    // What it has not read, it gets to read only when the group has long given up on the owner.
    world.broker().set_fetch_delay(Duration::from_secs(100));
    world.crash(owner);
    pass(&mut world, 150);
    world.broker().set_fetch_delay(Duration::ZERO);
    assert_eq!(owned(&world, heir).len(), 4);
    send_to(&world, 100);
    settle(&mut world);
    let counts = values(&world, "counts");
    assert!((0..100).all(|number| counts.contains(&format!("key-{number:03}=4"))), "{counts:?}");
    assert_eq!(counts.len(), 400 + later);
    metric(&world, heir, RESTORED) - before
}

#[test]
fn a_promoted_standby_replays_only_the_rest() {
    let all = restored_after_a_crash(0, 0);
    assert!(all > 100, "without a standby everything is restored: {all}");
    assert_eq!(restored_after_a_crash(1, 0), 0, "what the standby had is not restored");
    let rest = restored_after_a_crash(1, 30);
    assert!((1..=30).contains(&rest), "{rest} of at most 30 records were the rest");
}

#[test]
fn a_standby_that_crashes_during_a_restore_resumes() {
    let doomed = Arc::new(Mutex::new((String::new(), 0)));
    let observed = doomed.clone();
    // Each second of the first batches that the doomed one applies is its last one.
    let crash_policy: CrashPolicy = Arc::new(move |name, point| {
        let mut doomed = observed.lock().unwrap();
        if doomed.0 != name || point != FaultPoint::RestoreBatch {
            return false;
        }
        doomed.1 += 1;
        doomed.1 <= 12 && doomed.1 % 2 == 0
    });
    let (mut world, owner, follower) = pair(with_standbys(1, |setting| setting.crash_policy = crash_policy));
    let tasks = owned(&world, owner);
    assert!(!tasks.is_empty() && followed(&world, follower).is_superset(&tasks));
    // It begins from nothing.
    world.crash(follower);
    for task in &tasks {
        world.disk(follower).wipe(&task.to_string());
    }
    doomed.lock().unwrap().0 = follower.to_owned();
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
    judge(&mut world, &["a", "b"], 1);
}

/// Creates the changelog anew, as it was, but for these tasks as it is elsewhere: a restore from the wrong backup.
fn begin_anew(world: &World, tasks: &BTreeSet<TaskId>, elsewhere: &World) {
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
    let anew = NewTopic { topic: topic.clone(), partitions: 4, replication: None, config };
    admin.create(&[anew], timeout).unwrap();
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
    judge(&mut world, &["a", "b"], 1);
    let (here, there) = (owned(&world, owner), owned(&world, follower));
    let before: BTreeMap<TaskId, Entries> =
        here.iter().map(|task| (task.clone(), stored(&mut world, follower, task))).collect();
    world.crash(owner);
    // Ids come from instances' names: another one begins other stores.
    let mut elsewhere = with_standbys(0, |_| {});
    elsewhere.start("z").unwrap();
    send_to(&elsewhere, 100);
    pass(&mut elsewhere, 5);
    begin_anew(&world, &here, &elsewhere);
    for task in &here {
        world.disk(owner).wipe(&task.to_string());
    }
    world.start(owner).unwrap();
    for _ in 0..40 {
        // In the end there is more than there was, so that the offset alone tells nothing.
        send_to(&world, 100);
        pass(&mut world, 10);
    }
    assert_eq!(owned(&world, owner), here, "a static member gets back what it had");
    assert_eq!(owned(&world, follower), there);
    assert!(followed(&world, follower).is_superset(&here), "it is to follow them");
    for (task, entries) in before {
        assert_ne!(logged(&world, &task), entries, "the new changelog says something else");
        assert_eq!(stored(&mut world, follower, &task), entries, "the copy of {task} is as it was");
    }
}

#[test]
fn a_restore_interrupted_by_a_rebalance_resumes() {
    let mut world = with_standbys(0, |setting| setting.settings.restore.records_per_second_max = Some(20));
    world.start("a").unwrap();
    settle(&mut world);
    for _ in 0..4 {
        send_to(&world, 100);
        settle(&mut world);
    }
    world.crash("a");
    for partition in 0..4 {
        world.disk("a").wipe(&format!("counter-{partition}"));
    }
    world.start("a").unwrap();
    pass(&mut world, 6);
    let before = metric(&world, "a", RESTORED);
    assert!((50..350).contains(&before), "the restore is in its middle: {before}");
    // Somebody comes, takes some of the tasks, and goes in order, before it has restored them.
    world.start("b").unwrap();
    pass(&mut world, 3);
    let moved = owned(&world, "b");
    assert!(!moved.is_empty(), "something moves");
    world.crash("b");
    pass(&mut world, 120);
    assert_eq!(owned(&world, "a").len(), 4);
    let logged = world.broker().committed_records(&Topic::new(CHANGELOG)).len();
    assert_eq!(metric(&world, "a", RESTORED), u64::try_from(logged).unwrap(), "each record is restored once");
    send_to(&world, 100);
    settle(&mut world);
    let counts = values(&world, "counts");
    assert!((0..100).all(|number| counts.contains(&format!("key-{number:03}=5"))), "{counts:?}");
}

#[test]
fn a_standby_at_its_end_applies_no_earlier_records() {
    // So slow that one can look on.
    let (mut world, owner, follower) = pair(with_standbys(1, |setting| setting.broker.fetch_records_max = 3));
    pass(&mut world, 60);
    judge(&mut world, &["a", "b"], 1);
    world.stop(follower).unwrap();
    world.start(follower).unwrap();
    for _ in 0..1_500 {
        for task in owned(&world, owner) {
            assert_eq!(stored(&mut world, follower, &task), logged(&world, &task), "{task}");
        }
        world.turn().unwrap();
        world.clock().advance(Duration::from_millis(20));
    }
    assert!(followed(&world, follower).is_superset(&owned(&world, owner)), "it follows again");
}
