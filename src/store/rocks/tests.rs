//! Tests on `RocksDB`'s own counters.

use rocksdb::perf::{PerfContext, PerfMetric, PerfStatsLevel, set_perf_stats};

use std::sync::Arc;

use super::store::RocksStore;
use super::tuning::{Family, Memory};
use super::*;
use crate::codec::{self, Head};
use crate::model::{ActSlot, Key, Status, Statuses, Timer, TimerKind, Timestamp};
use crate::store::overlay::{Overlay, Parts, Written};
use crate::store::{Batch, Change, StatusRow, Store as _, TimerClock, View as _};

const TIMERS: i64 = 5_000;

fn timer(due: i64) -> Timer {
    Timer { kind: TimerKind::Deadline(0), due: Timestamp::from_millis(due) }
}

fn batch(changes: impl IntoIterator<Item = Change>) -> Batch {
    Batch { changes: changes.into_iter().collect(), is_bulk: false }
}

/// The number of deleted keys that `RocksDB` skips while `work` runs on this thread.
fn deletes_skipped(work: impl FnOnce()) -> u64 {
    set_perf_stats(PerfStatsLevel::EnableCount);
    let mut counters = PerfContext::default();
    counters.reset();
    work();
    let skipped = counters.metric(PerfMetric::InternalDeleteSkippedCount);
    set_perf_stats(PerfStatsLevel::Disable);
    skipped
}

#[test]
fn deleted_timers_are_stepped_over_once_and_not_by_every_scan() {
    let directory = tempfile::tempdir().unwrap();
    let stores = RocksStores::open(RocksOptions::new(directory.path())).unwrap();
    let mut store = stores.open("bundle-0").unwrap();
    let key = Key::new("k");
    store.apply(&batch((0..=TIMERS).map(|due| Change::PutTimer(key.clone(), timer(due))))).unwrap();
    store.apply(&batch((0..TIMERS).map(|due| Change::DeleteTimer(key.clone(), timer(due))))).unwrap();

    let last = [(key, timer(TIMERS))];
    let now = Timestamp::from_millis(TIMERS);
    let scan = || assert_eq!(store.due(TimerClock::Deadline, now, 10).unwrap(), last);
    let first = deletes_skipped(scan);
    assert!(first >= TIMERS.cast_unsigned(), "the first scan has to step over all of them, not {first}");
    assert_eq!(deletes_skipped(scan), 0, "the second scan starts at the live ones");
    let next = || assert_eq!(store.next_due(TimerClock::Deadline).unwrap(), Some(now));
    assert_eq!(deletes_skipped(next), 0, "and so does the look-up of the next one");
}

#[test]
fn a_timer_before_the_remembered_start_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let stores = RocksStores::open(RocksOptions::new(directory.path())).unwrap();
    let mut store = stores.open("bundle-0").unwrap();
    let key = Key::new("k");
    assert_eq!(store.next_due(TimerClock::Deadline).unwrap(), None);
    for due in [50, 40, -1] {
        store.apply(&batch([Change::PutTimer(key.clone(), timer(due))])).unwrap();
        assert_eq!(store.next_due(TimerClock::Deadline).unwrap(), Some(Timestamp::from_millis(due)));
    }
    assert_eq!(store.due(TimerClock::Deadline, Timestamp::from_millis(0), 10).unwrap(), [(key, timer(-1))]);
}

#[test]
fn a_store_whose_restore_was_interrupted_is_refused_and_can_be_rebuilt() {
    let directory = tempfile::tempdir().unwrap();
    let stores = RocksStores::open(RocksOptions::new(directory.path())).unwrap();
    let path = directory.path().join("bundle-0");
    fs::create_dir_all(&path).unwrap();
    let mut store = RocksStore::open(&path, &stores.memory).unwrap();
    let large = batch([Change::PutEntry(Key::new("k"), vec![0; 300_000].into())]);
    let rows = rows::Rows::of(&large);
    let mut files = store.bulk_writer.write(&path, &rows).unwrap().unwrap();
    files.push((Family::Timer, path.join("no such file")));
    store.ingest(files, &rows).unwrap_err();
    assert!(store.get(&Key::new("k")).unwrap().is_some(), "the first file is ingested, the second is not");
    drop(store);
    let error = stores.open("bundle-0").err().unwrap();
    assert_eq!(error, Error::Unfinished { path });
    assert!(error.to_string().contains("`sheaf run` rebuilds it"), "{error}");
    stores.destroy("bundle-0").unwrap();
    assert!(stores.open("bundle-0").is_ok());
}

#[test]
fn a_file_that_was_not_ingested_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let stores = RocksStores::open(RocksOptions::new(directory.path())).unwrap();
    drop(stores.open("bundle-0").unwrap());
    let left = directory.path().join("bundle-0/load-entry.sst");
    fs::write(&left, "half a table").unwrap();
    drop(stores.open("bundle-0").unwrap());
    assert!(!left.exists());
}

#[test]
fn the_options_that_are_set_by_name_are_those_of_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let stores = RocksStores::open(RocksOptions::new(directory.path())).unwrap();
    drop(stores.open("bundle-0").unwrap());
    let files = fs::read_dir(directory.path().join("bundle-0")).unwrap().map(|file| file.unwrap());
    let newest = files
        .filter(|file| file.file_name().to_string_lossy().starts_with("OPTIONS-"))
        .max_by_key(fs::DirEntry::file_name);
    let options = fs::read_to_string(newest.unwrap().path()).unwrap();
    for (option, times) in [(tuning::NO_FALLOCATE, 1), (tuning::HINTED, Family::ALL.len())] {
        assert!(options.matches(option).count() >= times, "{option} is not in {options}");
    }
}

#[test]
fn many_stores_share_a_small_budget_without_flushing_for_every_batch() {
    let directory = tempfile::tempdir().unwrap();
    let options = RocksOptions { write_buffer_bytes: 8 << 20, ..RocksOptions::new(directory.path()) };
    let stores = RocksStores::open(options).unwrap();
    let mut open: Vec<_> = (0..8).map(|number| stores.open(&format!("bundle-{number}")).unwrap()).collect();
    for round in 0..20 {
        let key = Key::new(&round.to_string());
        let timer = Change::PutTimer(key.clone(), timer(round));
        let act = Change::PutAct(key.clone(), ActSlot(0));
        let meta = Change::PutMeta("position".to_owned(), vec![0]);
        let batch = batch([Change::PutEntry(key, vec![0; 500].into()), timer, act, meta]);
        for store in &mut open {
            store.apply(&batch).unwrap();
        }
    }
    let files = (0..8).flat_map(|number| fs::read_dir(directory.path().join(format!("bundle-{number}"))).unwrap());
    let tables = files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|kind| kind == "sst"));
    assert_eq!(tables.count(), 0, "0.1 MB in all is no reason to flush");
}

#[test]
fn a_tasks_name_cannot_lead_out_of_the_root() {
    let directory = tempfile::tempdir().unwrap();
    let stores = RocksStores::open(RocksOptions::new(directory.path().join("app"))).unwrap();
    for name in ["", ".", "..", "../other", "a/b", "/tmp/x", ".lock", "a/"] {
        assert!(matches!(stores.open(name).err(), Some(Error::Io { .. })), "{name:?}");
        assert!(matches!(stores.destroy(name), Err(Error::Io { .. })), "{name:?}");
    }
}

#[test]
fn an_open_store_takes_no_more_of_the_disk_than_it_has_written() {
    use std::os::unix::fs::MetadataExt as _;

    let directory = tempfile::tempdir().unwrap();
    let stores = RocksStores::open(RocksOptions::new(directory.path())).unwrap();
    let mut store = stores.open("bundle-0").unwrap();
    store.apply(&batch([Change::PutTimer(Key::new("k"), timer(1))])).unwrap();
    let files = fs::read_dir(directory.path().join("bundle-0")).unwrap();
    let taken: u64 = files.map(|file| file.unwrap().metadata().unwrap().blocks() * 512).sum();
    assert!(taken < 1 << 20, "{taken} bytes");
}

#[test]
fn the_version_of_the_library_is_that_of_cargo_lock() {
    let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    let (_, package) = lock.split_once("name = \"librocksdb-sys\"\nversion = \"").unwrap();
    let (version, _) = package.split_once('"').unwrap();
    assert_eq!(version.split_once('+').unwrap().1, RocksStores::library_version());
}

#[test]
fn the_entries_of_a_store_of_0_1_0_are_counted_and_listed_once() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::new(1 << 20, 1 << 20);
    let head = |status, minutes: i64| Head {
        statuses: Statuses::one(Status(status)),
        at: Timestamp::from_millis(minutes * 60_000),
        ..Head::default()
    };
    let mut overlay = Overlay::new();
    for (key, head) in [("a", head(0, 1)), ("b", head(0, 1)), ("c", head(4, -1))] {
        let mut bytes = Vec::new();
        codec::entry::encode(&head, 1, &[], &mut bytes).unwrap();
        let written = Written { head: Arc::new(head), bytes: bytes.into() };
        overlay.put(Key::new(key), None, written, Parts::default());
    }
    let mut store = RocksStore::open(directory.path(), &memory).unwrap();
    store.apply(&overlay.take_batch(Vec::new())).unwrap();
    let counts = store.counts();
    assert_eq!(counts.total(), 3);
    drop(store);
    let store = RocksStore::open(directory.path(), &memory).unwrap();
    assert_eq!(store.counts(), counts, "they are stored");
    let listed = |store: &RocksStore| {
        let rows = |status| {
            let from = StatusRow::first(Status(status), Timestamp::MIN);
            store.reader().scan_status(&from, Timestamp::from_millis(i64::MAX), 9).unwrap()
        };
        [rows(0), rows(4), rows(5)].concat().iter().map(|row| row.key.text().into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&store), ["a", "b", "c"]);
    let meta = store.family(Family::Meta).unwrap();
    let rows: Vec<_> = store.rows(Family::Meta, b"count", Some(b"counu")).unwrap().map(|row| row.unwrap().0).collect();
    assert_eq!(rows.len(), 3, "two buckets and the mark");
    for key in &rows {
        store.db.delete_cf(meta, key).unwrap();
    }
    store.db.delete_cf(meta, "listed").unwrap();
    let timers = store.family(Family::Timer).unwrap();
    for row in [StatusRow::first(Status(0), Timestamp::MIN), StatusRow::first(Status(5), Timestamp::MIN)] {
        store.db.put_cf(timers, key::status(&row), []).unwrap();
    }
    let row = StatusRow { status: Status(0), at: Timestamp::from_millis(60_000), key: Key::new("a") };
    store.db.delete_cf(timers, key::status(&row)).unwrap();
    assert_eq!(listed(&store), ["", "b", "c", ""], "as if it had never been built, or only in part");
    drop(store);
    let store = RocksStore::open(directory.path(), &memory).unwrap();
    assert_eq!(store.counts(), counts, "they are made anew");
    assert_eq!(listed(&store), ["a", "b", "c"]);
}
