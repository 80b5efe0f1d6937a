//! The cache of entries: its size changes the number of reads, not the results.

use std::sync::Arc;

use sheaf::broker::memory;
use sheaf::processor::erase;
use sheaf::sim::World;

use super::support::{Counter, NoSink, metric, run_until_idle, send_to, setup, values};

const KEYS: usize = 4_000;

/// The number of entries read from the store for two events of each of many keys, with this cache size.
fn entries_read(cache_bytes: usize) -> u64 {
    let mut setup = setup(erase(Counter), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setup.settings.cache_bytes = cache_bytes;
    let mut world = World::new(setup);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    for _ in 0..2 {
        send_to(&world, KEYS);
        run_until_idle(&mut world);
    }
    let counted = values(&world, "counts");
    for count in [1, 2] {
        assert_eq!(counted.iter().filter(|value| value.ends_with(&format!("={count}"))).count(), KEYS);
    }
    metric(&world, "a", "sheaf_processor_entries_read_total")
}

#[test]
fn evicted_entries_are_read_again_and_counted() {
    assert_eq!(entries_read(96 << 20), 0);
    // The cache of a task has a minimum of some hundred entries.
    let read = entries_read(0);
    assert!((1_000..=4_000).contains(&read), "{read}");
}
