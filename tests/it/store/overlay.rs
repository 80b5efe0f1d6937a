//! Overlay and store together against a plain map, over random transactions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use sheaf::codec::Head;
use sheaf::model::{Act, ActSlot, Key, Timer, TimerKind};
use sheaf::store::index::TimerRow;
use sheaf::store::memory::MemoryStores;
use sheaf::store::overlay::{Overlay, Parts, Written};
use sheaf::store::rocks::{RocksOptions, RocksStores};
use sheaf::store::{Store, Stores, TimerClock};

use super::{TASK, at, deadline};

const KEYS: [&str; 6] = ["", "a", "a\0", "ab", "b", "c"];
const KINDS: [TimerKind; 4] =
    [TimerKind::Deadline(0), TimerKind::Deadline(7), TimerKind::Delay(0), TimerKind::Delay(255)];
const SLOTS: [u8; 3] = [0, 1, b'b'];
const DUE_MAX: i64 = 6;

#[derive(Clone, Debug)]
enum Operation {
    /// Sets an entry: whether it drops its parts, and how many it adds.
    Put(Key, Head, bool, u8),
    Delete(Key),
    Commit,
    Abort,
    /// Close the store and open it again, in the middle of a transaction too.
    Reopen,
}

fn keys() -> impl Strategy<Value = Key> {
    prop::sample::select(&KEYS[..]).prop_map(Key::new)
}

fn heads() -> impl Strategy<Value = Head> {
    let timers = prop::collection::vec(prop::option::of(0..DUE_MAX), KINDS.len());
    let acts = prop::collection::vec(prop::option::of(1..3_u32), SLOTS.len());
    (timers, acts).prop_map(|(dues, attempts)| {
        let timer = |(kind, due): (TimerKind, Option<i64>)| due.map(|due| Timer { kind, due: at(due) });
        let act = |(slot, attempt): (u8, Option<u32>)| {
            let valid_for = Duration::from_secs(1);
            attempt.map(|attempt| Act { slot: ActSlot(slot), attempt, valid_for, request: "{}".to_owned() })
        };
        Head {
            timers: KINDS.into_iter().zip(dues).filter_map(timer).collect(),
            acts: SLOTS.into_iter().zip(attempts).filter_map(act).collect(),
            parts: 0..0,
        }
    })
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        8 => (keys(), heads(), prop::bool::weighted(0.2), 0..4_u8)
            .prop_map(|(key, head, drops, adds)| Operation::Put(key, head, drops, adds)),
        4 => keys().prop_map(Operation::Delete),
        3 => Just(Operation::Commit),
        1 => Just(Operation::Abort),
        1 => Just(Operation::Reopen),
    ];
    prop::collection::vec(operation, 1..40)
}

type Entries = BTreeMap<Key, Entry>;

#[derive(Clone, Debug)]
struct Entry {
    head: Head,
    bytes: Bytes,
    parts: Vec<Bytes>,
}

/// The subject and the map that it is compared with.
struct Pair<'a> {
    stores: &'a dyn Stores,
    store: Option<Box<dyn Store>>,
    overlay: Overlay,
    committed: Entries,
    current: Entries,
    /// Which keys the open transaction has put or deleted.
    touched: BTreeSet<Key>,
    commits: u8,
}

impl<'a> Pair<'a> {
    fn new(stores: &'a dyn Stores) -> Self {
        let (committed, current) = (Entries::new(), Entries::new());
        let store = Some(stores.open(TASK).unwrap());
        Self { stores, store, overlay: Overlay::new(), committed, current, touched: BTreeSet::new(), commits: 0 }
    }

    fn store(&self) -> &dyn Store {
        self.store.as_deref().unwrap()
    }

    fn run(&mut self, number: usize, operation: Operation) {
        match operation {
            Operation::Put(key, mut head, dropped, adds) => {
                let bytes = Bytes::from(format!("{number}"));
                let old = self.current.get(&key).cloned();
                let added: Vec<Bytes> = (0..adds).map(|part| format!("{number}/{part}").into()).collect();
                let (kept, numbers) = old.as_ref().map_or_else(
                    || (Vec::new(), self.overlay.new_head(&key).parts.clone()),
                    |old| (old.parts.clone(), old.head.parts.clone()),
                );
                let (kept, start) = if dropped { (Vec::new(), numbers.end) } else { (kept, numbers.start) };
                let parts = [kept, added.clone()].concat();
                head.parts = start..numbers.end + u32::from(adds);
                let written = Written { head: Arc::new(head.clone()), bytes: bytes.clone() };
                let old = old.map(|old| Arc::new(old.head));
                self.overlay.put(key.clone(), old, written, Parts { dropped, added });
                self.current.insert(key.clone(), Entry { head, bytes, parts });
                self.touched.insert(key);
            }
            Operation::Delete(key) => {
                let old = self.current.remove(&key);
                self.overlay.delete(key.clone(), old.map(|old| Arc::new(old.head)));
                self.touched.insert(key);
            }
            Operation::Commit => self.commit(),
            Operation::Abort => {
                self.overlay.clear();
                self.current.clone_from(&self.committed);
                self.touched.clear();
            }
            Operation::Reopen => {
                self.store = None;
                self.store = Some(self.stores.open(TASK).unwrap());
            }
        }
    }

    fn commit(&mut self) {
        self.commits += 1;
        let batch = self.overlay.take_batch(vec![("commits".to_owned(), vec![self.commits])]);
        assert!(self.overlay.is_empty());
        self.store.as_mut().unwrap().apply(&batch).unwrap();
        self.committed.clone_from(&self.current);
        self.touched.clear();
    }

    fn check(&self) {
        self.check_entries();
        for clock in TimerClock::ALL {
            self.check_timers(clock);
        }
    }

    fn check_entries(&self) {
        for key in KEYS.map(Key::new) {
            let expected = self.current.get(&key).map(|entry| entry.bytes.clone());
            assert_eq!(self.overlay.get(self.store(), &key).unwrap(), expected, "{key:?}");
            let Some(entry) = self.current.get(&key) else { continue };
            assert_eq!(self.overlay.parts(self.store(), &key, &entry.head).unwrap(), entry.parts, "{key:?}");
        }
        // An entry that was not there before the transaction and is not there now has not changed.
        let is_change = |key: &&Key| self.committed.contains_key(*key) || self.current.contains_key(*key);
        let changed: Vec<_> = self.touched.iter().filter(is_change).collect();
        let expected: Vec<_> =
            changed.into_iter().map(|key| (key, self.current.get(key).map(|entry| &entry.bytes))).collect();
        let mut changed: Vec<_> = self.overlay.changed().collect();
        changed.sort_unstable();
        assert_eq!(changed, expected);
        assert_eq!((self.overlay.len(), self.overlay.is_empty()), (expected.len(), expected.is_empty()));
        let stored = self.committed.iter().map(|(key, entry)| (key.clone(), entry.bytes.to_vec()));
        assert_eq!(self.store().scan(None, usize::MAX).unwrap(), stored.collect::<Vec<_>>());
        let acts = |(key, entry): (&Key, &Entry)| -> Vec<_> {
            entry.head.acts.iter().map(|act| (key.clone(), act.slot)).collect()
        };
        let stored: Vec<_> = self.committed.iter().flat_map(acts).collect();
        assert_eq!(self.store().acts(None, usize::MAX).unwrap(), stored);
        self.check_parts();
        let commits = (self.commits > 0).then(|| vec![self.commits]);
        assert_eq!(self.store().meta("commits").unwrap(), commits);
    }

    /// The store has the parts that were committed, and with what is written to the changelog those that there are now.
    fn check_parts(&self) {
        let stored = self.store().scan_parts(None, usize::MAX).unwrap();
        assert_eq!(stored, parts(&self.committed));
        for after in 0..stored.len() {
            assert_eq!(
                self.store().scan_parts(Some(&stored[after].0), 2).unwrap(),
                stored[after + 1..].iter().take(2).cloned().collect::<Vec<_>>()
            );
        }
        let mut stored: BTreeMap<_, _> = stored.into_iter().collect();
        for (key, number) in self.overlay.gone_parts() {
            assert!(stored.remove(&(key.clone(), number)).is_some(), "{key:?} {number} was not there");
        }
        for (key, number, bytes) in self.overlay.new_parts() {
            let before = stored.insert((key.clone(), number), bytes.clone());
            assert_eq!(before, None, "{key:?} {number} is given for the first time");
            // It is written to the changelog before those that are gone.
            assert!(self.overlay.gone_parts().all(|gone| gone != (key, number)), "{key:?} {number}");
        }
        assert_eq!(stored.into_iter().collect::<Vec<_>>(), parts(&self.current));
    }

    fn check_timers(&self, clock: TimerClock) {
        let rows = rows(&self.current, clock);
        for now in -1..=DUE_MAX {
            let due: Vec<_> = rows.iter().filter(|row| row.due <= at(now)).collect();
            for limit in [0, 1, 2, 5, usize::MAX] {
                let expected = due.iter().take(limit).map(|row| (row.key.clone(), row.timer()));
                let got = self.overlay.due(self.store(), clock, at(now), limit).unwrap();
                assert_eq!(got, expected.collect::<Vec<_>>(), "{clock:?} at {now}, limit {limit}");
            }
        }
        let stored = self::rows(&self.committed, clock);
        assert_eq!(self.store().next_due(clock).unwrap(), stored.first().map(|row| row.due));
        for row in &stored {
            let expected = rows.contains(row);
            assert_eq!(self.overlay.is_scheduled(&row.key, &row.timer()), expected, "{row:?}");
        }
    }
}

/// The parts that these entries should have, sorted.
fn parts(entries: &Entries) -> Vec<((Key, u32), Bytes)> {
    let of_entry = |(key, entry): (&Key, &Entry)| -> Vec<_> {
        entry
            .head
            .parts
            .clone()
            .zip(entry.parts.clone())
            .map(|(number, bytes)| ((key.clone(), number), bytes))
            .collect()
    };
    entries.iter().flat_map(of_entry).collect()
}

/// The timer rows that these entries should have, sorted.
fn rows(entries: &Entries, clock: TimerClock) -> BTreeSet<TimerRow> {
    let rows = entries.iter().flat_map(|(key, entry)| entry.head.timers.iter().map(|timer| TimerRow::new(key, *timer)));
    rows.filter(|row| row.clock == clock).collect()
}

fn compare(stores: &dyn Stores, operations: Vec<Operation>) {
    let mut pair = Pair::new(stores);
    for (number, operation) in operations.into_iter().enumerate() {
        pair.run(number, operation);
        pair.check();
    }
    pair.commit();
    pair.check();
}

proptest! {
    #[test]
    fn overlay_and_memory_are_one_map_with_transactions(operations in operations()) {
        compare(&MemoryStores::new(), operations);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn overlay_and_rocks_are_one_map_with_transactions(operations in operations()) {
        let directory = tempfile::tempdir().unwrap();
        compare(&RocksStores::open(RocksOptions::new(directory.path())).unwrap(), operations);
    }
}

#[test]
fn an_entry_that_came_and_went_in_one_transaction_is_no_change() {
    let mut overlay = Overlay::new();
    let head = Arc::new(Head { timers: vec![deadline(0, 1)], ..Head::default() });
    let parts = Parts { dropped: false, added: vec![Bytes::from_static(b"part")] };
    overlay.put(Key::new("a"), None, Written { head: head.clone(), bytes: Bytes::from_static(b"1") }, parts);
    overlay.delete(Key::new("a"), Some(head));
    assert!(overlay.is_empty());
    assert_eq!(overlay.take_batch(vec![]).changes, []);
}
