//! Write-behind: dirty entries are read as if they were in the store, and are restored from the changelog after a crash.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use sheaf::codec::Head;
use sheaf::model::{ActSlot, Key, Timer, Timestamp};
use sheaf::store::counts::Counts;
use sheaf::store::memory::MemoryStores;
use sheaf::store::overlay::{Overlay, Parts, Written};
use sheaf::store::rocks::{RocksOptions, RocksStores};
use sheaf::store::write_behind::{Limits, WriteBehind};
use sheaf::store::{Batch, Change, Error, Reader, Result, Store, Stores as _, TimerClock, View};

use super::operations::operations;
use super::pair::compare;
use super::{TASK, at, batch, deadline};

/// Limits from a few operations to all of them, and from one entry to all of them.
fn limits() -> impl Strategy<Value = Limits> {
    (0..20_u64, 0..3_000_usize).prop_map(|(age, bytes)| Limits { age: Duration::from_secs(age), bytes })
}

proptest! {
    #[test]
    fn a_memory_store_with_write_behind_is_a_map_with_transactions(limits in limits(), operations in operations()) {
        compare(&MemoryStores::new(), limits, operations);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_rocks_store_with_write_behind_is_a_map_with_transactions(limits in limits(), operations in operations()) {
        let directory = tempfile::tempdir().unwrap();
        compare(&RocksStores::open(RocksOptions::new(directory.path())).unwrap(), limits, operations);
    }
}

/// A store whose disk is full while the flag is set.
struct FullDisk(Box<dyn Store>, Arc<AtomicBool>);

impl View for FullDisk {
    fn get(&self, key: &Key) -> Result<Option<Bytes>> {
        self.0.get(key)
    }

    fn parts(&self, key: &Key) -> Result<Vec<(u32, Bytes)>> {
        self.0.parts(key)
    }

    fn due(&self, clock: TimerClock, now: Timestamp, limit: usize) -> Result<Vec<(Key, Timer)>> {
        self.0.due(clock, now, limit)
    }

    fn next_due(&self, clock: TimerClock) -> Result<Option<Timestamp>> {
        self.0.next_due(clock)
    }
}

impl Store for FullDisk {
    fn apply(&mut self, batch: &Batch) -> Result<()> {
        if self.1.load(Ordering::Relaxed) {
            return Err(Error::Io { path: "full".into(), detail: "no space left on device".to_owned() });
        }
        self.0.apply(batch)
    }

    fn acts(&self, after: Option<&(Key, ActSlot)>, limit: usize) -> Result<Vec<(Key, ActSlot)>> {
        self.0.acts(after, limit)
    }

    fn scan_parts(&self, after: Option<&(Key, u32)>, limit: usize) -> Result<Vec<((Key, u32), Bytes)>> {
        self.0.scan_parts(after, limit)
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.0.meta(name)
    }

    fn scan(&self, after: Option<&Key>, limit: usize) -> Result<Vec<(Key, Vec<u8>)>> {
        self.0.scan(after, limit)
    }

    fn len_estimate(&self) -> u64 {
        self.0.len_estimate()
    }

    fn counts(&self) -> Counts {
        self.0.counts()
    }

    fn reader(&self) -> Arc<dyn Reader> {
        self.0.reader()
    }
}

/// An entry with a timer that is due at 1.
fn scheduled(bytes: &'static str) -> Written {
    Written {
        head: Arc::new(Head { timers: vec![deadline(0, 1)], ..Head::default() }),
        bytes: Bytes::from_static(bytes.as_bytes()),
    }
}

#[test]
fn entries_that_cannot_be_flushed_stay_readable_and_are_flushed_later() {
    let is_full = Arc::new(AtomicBool::new(true));
    let store = FullDisk(MemoryStores::new().open(TASK).unwrap(), Arc::clone(&is_full));
    let mut behind = WriteBehind::new(Box::new(store), Limits { age: Duration::ZERO, bytes: 0 });
    let mut overlay = Overlay::new();
    overlay.put(Key::new("a"), None, scheduled("one"), Parts::default());
    behind.absorb(&mut overlay, Vec::new(), Vec::new(), Duration::ZERO);
    assert!(behind.flush_due(Duration::ZERO).is_err());
    // Changes meanwhile: one key changes, another is put and deleted.
    overlay.put(Key::new("a"), Some(scheduled("one").head), scheduled("two"), Parts::default());
    overlay.put(Key::new("b"), None, scheduled("b"), Parts::default());
    behind.absorb(&mut overlay, Vec::new(), Vec::new(), Duration::ZERO);
    assert!(behind.flush_due(Duration::ZERO).is_err());
    overlay.delete(Key::new("b"), Some(scheduled("b").head));
    behind.absorb(&mut overlay, Vec::new(), Vec::new(), Duration::ZERO);
    let due = |behind: &WriteBehind| behind.due(TimerClock::Deadline, at(1), 10).unwrap();
    assert_eq!(behind.get(&Key::new("a")).unwrap().as_deref(), Some(&b"two"[..]));
    assert_eq!(due(&behind), [(Key::new("a"), deadline(0, 1))]);
    is_full.store(false, Ordering::Relaxed);
    behind.flush_due(Duration::ZERO).unwrap();
    assert_eq!((due(&behind), behind.dirty()), (vec![(Key::new("a"), deadline(0, 1))], 0));
    assert_eq!(behind.into_store().get(&Key::new("a")).unwrap().as_deref(), Some(&b"two"[..]));
}

#[test]
fn fired_timers_are_skipped_only_until_they_are_flushed() {
    const TIMERS: usize = 2_500;
    let store = MemoryStores::new().open(TASK).unwrap();
    let long = Duration::from_hours(1);
    let mut behind = WriteBehind::new(store, Limits { age: long, bytes: usize::MAX });
    let mut overlay = Overlay::new();
    let keys: Vec<Key> = (0..TIMERS).map(|number| Key::new(&format!("{number:05}"))).collect();
    for key in &keys {
        overlay.put(key.clone(), None, scheduled("scheduled"), Parts::default());
    }
    behind.absorb(&mut overlay, Vec::new(), Vec::new(), Duration::ZERO);
    behind.flush().unwrap();
    let mut fired = Vec::new();
    loop {
        let due = overlay.due(&behind, TimerClock::Deadline, at(1), 100).unwrap();
        if due.is_empty() {
            break;
        }
        for (key, _) in due {
            let written = Written { head: Arc::default(), bytes: Bytes::from_static(b"fired") };
            overlay.put(key.clone(), Some(scheduled("scheduled").head), written, Parts::default());
            fired.push(key);
        }
        behind.absorb(&mut overlay, Vec::new(), Vec::new(), Duration::ZERO);
        behind.flush_due(Duration::ZERO).unwrap();
    }
    assert_eq!(fired, keys, "each once, in order");
    // Most of them were flushed because of the limit of fired timers, long before their age.
    assert!(behind.dirty() < 1_500, "{} dirty entries", behind.dirty());
}

#[test]
fn a_part_that_no_entry_counts_is_not_read() {
    let mut store = MemoryStores::new().open(TASK).unwrap();
    let (key, orphan, part) = (Key::new("a"), Bytes::from_static(b"orphan"), Bytes::from_static(b"part"));
    store.apply(&batch([Change::PutPart(key.clone(), 0, orphan)])).unwrap();
    let mut behind = WriteBehind::new(store, Limits { age: Duration::from_secs(1), bytes: usize::MAX });
    let mut overlay = Overlay::new();
    let head = Arc::new(Head { parts: 0..1, ..Head::default() });
    let written = Written { head, bytes: Bytes::from_static(b"entry") };
    overlay.put(key.clone(), None, written, Parts { dropped: false, added: vec![part.clone()] });
    behind.absorb(&mut overlay, Vec::new(), Vec::new(), Duration::ZERO);
    assert_eq!(behind.parts(&key).unwrap(), [(0, part.clone())]);
    behind.flush().unwrap();
    assert_eq!(behind.parts(&key).unwrap(), [(0, part)]);
}

#[test]
fn meta_bounds_are_written_with_every_batch_and_positions_with_the_oldest() {
    let store = MemoryStores::new().open(TASK).unwrap();
    let second = Duration::from_secs(1);
    let mut behind = WriteBehind::new(store, Limits { age: 4 * second, bytes: usize::MAX });
    let mut overlay = Overlay::new();
    let value = |number: u8| vec![("position".to_owned(), vec![number])];
    let newest = |number: u8| vec![("newest".to_owned(), vec![number])];
    for number in 0..5_u8 {
        // The second and the third change only the entry of the first.
        let (key, old) = if (1..3).contains(&number) { (0, Some(scheduled("x").head)) } else { (number, None) };
        overlay.put(Key::new(&key.to_string()), old, scheduled("x"), Parts::default());
        behind.absorb(&mut overlay, value(number), newest(number), second * u32::from(number));
        behind.flush_due(second * u32::from(number)).unwrap();
    }
    let store = behind.into_store();
    assert_eq!(store.meta("position").unwrap(), Some(vec![2]), "of the batches within the age of the first");
    assert_eq!(store.meta("newest").unwrap(), Some(vec![4]));
}
