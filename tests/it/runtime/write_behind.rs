//! Write-behind: when dirty entries are written to the stores.

use std::time::Duration;

use sheaf::model::{Key, OutRecord, Topic};
use sheaf::sim::World;
use sheaf::store::Stores;
use sheaf::store::memory::MemoryStores;

use super::support::{counted, failure_of, metric, produce, producer, run_until_idle, send, values};

/// The number of entries on the instance's disk.
fn stored(world: &mut World, name: &str) -> usize {
    let tasks = world.disk(name).existing().unwrap();
    let of_task = |task: &String| {
        let copy = MemoryStores::new();
        assert!(world.disk(name).copy(task, &copy));
        copy.open(task).unwrap().scan(None, 100).unwrap().len()
    };
    tasks.iter().map(of_task).sum()
}

/// A world whose instance has counted x once and has not written it to its store.
fn dirty() -> World {
    let mut world = counted();
    assert_eq!(values(&world, "counts"), ["x=1"]);
    assert_eq!(stored(&mut world, "a"), 0, "the entry is dirty");
    world
}

#[test]
fn a_store_is_written_after_some_seconds_without_input() {
    let mut world = dirty();
    world.clock().advance(Duration::from_secs(5));
    run_until_idle(&mut world);
    assert_eq!(stored(&mut world, "a"), 1);
}

#[test]
fn dirty_entries_of_a_killed_process_are_in_the_changelog() {
    let mut world = dirty();
    world.crash("a");
    assert_eq!(stored(&mut world, "a"), 0);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("1"))]);
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2"]);
}

#[test]
fn an_instance_that_was_idle_for_hours_restores_nothing_after_a_kill() {
    let mut world = dirty();
    for _ in 0..15 * 720 {
        world.clock().advance(Duration::from_secs(5));
        world.turn().unwrap();
    }
    world.crash("a");
    world.start("a").unwrap();
    run_until_idle(&mut world);
    let [rebuilt, restored] = ["sheaf_store_rebuilds_total", "sheaf_store_restored_records_total"];
    assert_eq!((metric(&world, "a", rebuilt), metric(&world, "a", restored)), (0, 0));
}

#[test]
fn an_orderly_stop_flushes_dirty_entries() {
    let mut world = dirty();
    world.stop("a").unwrap();
    assert_eq!(stored(&mut world, "a"), 1);
}

#[test]
fn an_instance_that_fails_flushes_its_dirty_entries() {
    let mut world = dirty();
    // Another process registers under its name.
    drop(producer(&world, "app-0/a"));
    let start =
        r#"{"incarnation":"00000000-0000-0000-0000-000000000000","host":"h","process":1,"started_at":"","http":""}"#;
    let announcement = OutRecord::keyed(&Topic::new("app-instances"), &Key::new("a"), start.into());
    produce(&world, std::iter::once(OutRecord { partition: Some(0), ..announcement }));
    send(&world, &[("x", Some("1"))]);
    let error = failure_of(&mut world);
    assert!(error.contains("process 1 on h"), "{error}");
    world.crash("a");
    assert_eq!(stored(&mut world, "a"), 1, "entries that were committed before");
}
