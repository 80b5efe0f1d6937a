//! The next deadline of many open bundles, which is found without a scan. Ignored by default: `scripts/nightly` prints the figures.

use std::time::{Duration, Instant};

use rocksdb::perf::{PerfContext, PerfMetric, PerfStatsLevel, set_perf_stats};
use sheaf::model::{Key, Timestamp};
use sheaf::store::rocks::{RocksOptions, RocksStores};
use sheaf::store::{Change, Store, Stores as _, TimerClock};

use super::{TASK, at, batch, deadline};

/// The open bundles of the two stores.
const FEW: i64 = 1_000;
const MANY: i64 = 1_000_000;
/// The bytes of an entry, as those of a small bundle.
const ENTRY_BYTES: usize = 250;
/// The entries of a batch, as of a transaction in a backlog.
const BATCH: i64 = 5_000;

/// A time, and the blocks that were looked at for it: those from files, and those from the cache.
#[derive(Debug)]
struct Cost {
    lasted: Duration,
    read: u64,
    cached: u64,
}

fn cost<R>(work: impl FnOnce() -> R) -> (R, Cost) {
    set_perf_stats(PerfStatsLevel::EnableCount);
    let mut context = PerfContext::default();
    context.reset();
    let start = Instant::now();
    let result = work();
    let lasted = start.elapsed();
    let blocks = |metric| context.metric(metric);
    (result, Cost { lasted, read: blocks(PerfMetric::BlockReadCount), cached: blocks(PerfMetric::BlockCacheHitCount) })
}

/// The due time of a bundle's deadline, in no order.
const fn due(number: i64) -> i64 {
    (number * 7_919) % MANY
}

/// A store with so many open bundles, each with a deadline, opened anew.
fn filled(stores: &RocksStores, count: i64) -> Box<dyn Store> {
    let mut store = stores.open(TASK).unwrap();
    for from in (0..count).step_by(usize::try_from(BATCH).unwrap()) {
        let numbers = from..(from + BATCH).min(count);
        store
            .apply(&batch(numbers.flat_map(|number| {
                let key = Key::new(&format!("{:032x}", number.wrapping_mul(0x1e37_79b9_7f4a_7c15)));
                let entry = Change::PutEntry(key.clone(), vec![b'x'; ENTRY_BYTES].into());
                [entry, Change::PutTimer(key, deadline(0, due(number)))]
            })))
            .unwrap();
    }
    drop(store);
    stores.open(TASK).unwrap()
}

/// The costs of the next deadline, at first and again, and of the first 200 deadlines that are due.
fn costs(count: i64) -> [Cost; 3] {
    let directory = tempfile::tempdir().unwrap();
    let stores = RocksStores::open(RocksOptions::new(directory.path())).unwrap();
    let store = filled(&stores, count);
    let first = (0..count).map(due).min().map(at);
    let next = || store.next_due(TimerClock::Deadline).unwrap();
    let ((found, cold), (again, warm)) = (cost(next), cost(next));
    assert_eq!((found, again), (first, first));
    let ever = Timestamp::from_millis(i64::MAX);
    let (timers, due) = cost(|| store.due(TimerClock::Deadline, ever, 200).unwrap());
    assert_eq!(timers.len(), 200);
    [cold, warm, due]
}

#[test]
#[ignore = "fills a store with a million entries; scripts/nightly runs it"]
fn the_next_of_a_million_deadlines_is_found_without_a_scan() {
    let blocks = |cost: &Cost| cost.read + cost.cached;
    let (few, many) = (costs(FEW), costs(MANY));
    for (what, few, many) in pairs(few, many) {
        for (count, Cost { lasted, read, cached }) in [(FEW, &few), (MANY, &many)] {
            eprintln!("{what}, of {count}: {lasted:?}, {read} blocks read and {cached} found in the cache");
        }
        assert!(blocks(&many) <= blocks(&few) + 16, "{what}: a scan reads thousands of blocks");
    }
}

fn pairs(few: [Cost; 3], many: [Cost; 3]) -> impl Iterator<Item = (&'static str, Cost, Cost)> {
    ["next, cold", "next, warm", "200 due"].into_iter().zip(few).zip(many).map(|((what, few), many)| (what, few, many))
}
