//! How many entries are kept decoded, and that it makes no difference but for the work.

use std::sync::Arc;

use sheaf::broker::memory;
use sheaf::processor::erase;
use sheaf::sim::World;

use super::support::{Counter, NoSink, metric, send_to, setting, settle, values};

const KEYS: usize = 4_000;

/// Two events for each of many keys, with so much room for entries; how many entries had to be read.
fn read(cache_bytes: usize) -> u64 {
    let mut setting = setting(erase(Counter), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setting.settings.cache_bytes = cache_bytes;
    let mut world = World::new(setting);
    world.start("a").unwrap();
    settle(&mut world);
    for _ in 0..2 {
        send_to(&world, KEYS);
        settle(&mut world);
    }
    let counted = values(&world, "counts");
    for count in [1, 2] {
        assert_eq!(counted.iter().filter(|value| value.ends_with(&format!("={count}"))).count(), KEYS);
    }
    metric(&world, "a", "sheaf_processor_entries_read_total")
}

#[test]
fn evicted_entries_are_read_again_and_counted() {
    assert_eq!(read(96 << 20), 0);
    // No task gets less than some hundred entries' room.
    let read = read(0);
    assert!((1_000..=4_000).contains(&read), "{read}");
}
