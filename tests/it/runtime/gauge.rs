//! Gauges that follow the state: through dirty entries, crashes and a take-over.

use std::time::Duration;

use sheaf::sim::World;

use super::support::{metric, run_until_idle, send, world};

/// The sums over the running instances of entries and open entries, once they are counted again, and the greatest age in minutes.
fn counted(world: &mut World) -> (u64, u64, u64) {
    world.clock().advance(Duration::from_secs(6));
    world.turn().unwrap();
    run_until_idle(world);
    let running: Vec<String> = world.running().map(str::to_owned).collect();
    let sum = |name| running.iter().map(|instance| metric(world, instance, name)).sum();
    let ages = running.iter().map(|of| metric(world, of, "sheaf_processor_oldest_open_entry_age_seconds") / 60);
    (sum("sheaf_store_entries"), sum("sheaf_processor_open_entries"), ages.max().unwrap())
}

#[test]
fn entries_are_counted_as_they_come_move_and_go() {
    let mut world = world();
    world.start("a").unwrap();
    run_until_idle(&mut world);
    assert_eq!(counted(&mut world), (0, 0, 0));
    assert_eq!(metric(&world, "a", "sheaf_application_tasks"), 4);
    let keys: Vec<String> = (0..40).map(|number| format!("key-{number:02}")).collect();
    let events: Vec<_> = keys.iter().map(|key| (key.as_str(), Some("1"))).collect();
    send(&world, &events);
    run_until_idle(&mut world);
    let (entries, open, _) = counted(&mut world);
    assert_eq!((entries, open), (40, 40), "also those that are not in the store yet");
    send(&world, &events[..20]);
    run_until_idle(&mut world);
    let (entries, open, _) = counted(&mut world);
    assert_eq!((entries, open), (40, 40), "a change is no entry");
    world.crash("a");
    world.start("a").unwrap();
    run_until_idle(&mut world);
    let (entries, open, _) = counted(&mut world);
    assert_eq!((entries, open), (40, 40), "after a restart");
    world.start("b").unwrap();
    run_until_idle(&mut world);
    let (entries, open, _) = counted(&mut world);
    assert_eq!((entries, open), (40, 40), "of two instances");
    for _ in 0..15 {
        world.clock().advance(Duration::from_mins(2));
        world.turn().unwrap();
    }
    let (entries, open, minutes) = counted(&mut world);
    assert_eq!((entries, open), (40, 40));
    assert!((30..=33).contains(&minutes), "the oldest is half an hour old, not {minutes} min");
    for _ in 0..400 {
        world.clock().advance(Duration::from_secs(10));
        world.turn().unwrap();
    }
    run_until_idle(&mut world);
    assert_eq!(counted(&mut world), (0, 0, 0), "all timers have fired");
}
