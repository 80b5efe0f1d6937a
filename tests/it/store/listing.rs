//! What the status index costs, and what a page of it takes in a store with a million entries, compared with the walk of the timers
//! that would do without it. Ignored by default: `scripts/nightly` prints the figures.

use std::time::{Duration, Instant};

use sheaf::model::{Key, Status, Timestamp};
use sheaf::store::rocks::{RocksOptions, RocksStores};
use sheaf::store::{Change, StatusRow, Store, Stores as _, TimerClock};

use super::{TASK, at, batch, deadline, delay};

const ENTRIES: i64 = 1_000_000;
/// The entries of a batch, as of a flush in a backlog.
const BATCH: i64 = 5_000;
/// The bytes of an open bundle, and of a closed one.
const BYTES: [usize; 2] = [250, 150];
/// One of so many entries has the rare status.
const RARE: i64 = 20_000;

/// The processor time of this process, of all its threads.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

fn key(number: i64) -> Key {
    Key::new(&format!("{:032x}", number.wrapping_mul(0x1e37_79b9_7f4a_7c15)))
}

fn row(number: i64, status: u64) -> StatusRow {
    StatusRow { status: Status(status), at: at((number * 7_919) % ENTRIES), key: key(number) }
}

const fn status(number: i64) -> u64 {
    if number % RARE == 0 { 3 } else { 1 }
}

/// Opens all bundles, then closes a half; the processor time of both.
fn fill(store: &mut dyn Store, is_listed: bool) -> [Duration; 2] {
    let entry = |number, size| Change::PutEntry(key(number), vec![b'x'; size].into());
    let listed = |change| is_listed.then_some(change);
    let open = |number| {
        let timer = Change::PutTimer(key(number), deadline(0, row(number, 1).at.as_millis()));
        [Some(entry(number, BYTES[0])), Some(timer), listed(Change::PutStatus(row(number, status(number))))]
    };
    let close = |number| {
        let due = row(number, 1).at.as_millis();
        let timers = [Change::DeleteTimer(key(number), deadline(0, due)), Change::PutTimer(key(number), delay(0, due))];
        let gone = listed(Change::DeleteStatus(row(number, status(number))));
        let [gone_timer, timer] = timers.map(Some);
        [Some(entry(number, BYTES[1])), gone_timer, timer, gone, listed(Change::PutStatus(row(number, 8)))]
    };
    let begin = cpu();
    for from in (0..ENTRIES).step_by(usize::try_from(BATCH).unwrap()) {
        store.apply(&batch((from..from + BATCH).flat_map(open).flatten())).unwrap();
    }
    let opened = cpu();
    for from in (0..ENTRIES / 2).step_by(usize::try_from(BATCH).unwrap()) {
        store.apply(&batch((from..from + BATCH).flat_map(close).flatten())).unwrap();
    }
    [opened.saturating_sub(begin), cpu().saturating_sub(opened)]
}

fn store(is_listed: bool) -> (tempfile::TempDir, RocksStores, Box<dyn Store>) {
    let directory = tempfile::tempdir().unwrap();
    let stores = RocksStores::open(RocksOptions::new(directory.path())).unwrap();
    let mut store = stores.open(TASK).unwrap();
    let costs = fill(&mut *store, is_listed);
    let size: u64 = std::fs::read_dir(directory.path().join(TASK))
        .unwrap()
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    eprintln!(
        "status rows: {is_listed}; CPU of opening a million and closing a half: {costs:?}; {} MiB on disk",
        size >> 20
    );
    (directory, stores, store)
}

/// The 95th percentile of the times of pages of 50 entries from many places.
fn pages(store: &dyn Store, status: u64) -> Duration {
    let reader = store.reader();
    let mut times: Vec<Duration> = (0..200)
        .map(|number| {
            let start = Instant::now();
            let from = StatusRow::first(Status(status), at(number * 4_000));
            let rows = reader.scan_status(&from, Timestamp::from_millis(i64::MAX), 50).unwrap();
            let entries = reader.entries(&rows.iter().map(|row| &row.key).collect::<Vec<_>>()).unwrap();
            assert!(entries.iter().all(Option::is_some));
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() * 95 / 100]
}

#[test]
#[ignore = "fills two stores with a million entries; scripts/nightly runs it"]
fn a_page_of_a_million_entries_by_status_is_read_without_a_scan() {
    for _ in 0..2 {
        drop(store(false));
        drop(store(true));
    }
    let (_directory, _stores, store) = store(true);
    for status in [1, 3, 8] {
        let p95 = pages(&*store, status);
        eprintln!("50 entries of status {status}: {p95:?} at the 95th percentile");
        assert!(p95 < Duration::from_millis(50), "a page of one status is no scan");
    }
    let start = Instant::now();
    let timers =
        TimerClock::ALL.map(|clock| store.due(clock, Timestamp::from_millis(i64::MAX), usize::MAX).unwrap().len());
    eprintln!("without the index: a walk of {timers:?} timers takes {:?}", start.elapsed());
}
