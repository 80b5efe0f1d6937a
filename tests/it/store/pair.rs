//! A state in overlay, write-behind and store, compared with a plain map under random transactions and crashes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sheaf::codec::Head;
use sheaf::model::{Key, Status, Timestamp};
use sheaf::store::counts::{Bucket, Counts};
use sheaf::store::index::TimerRow;
use sheaf::store::overlay::{Overlay, Parts, Written};
use sheaf::store::write_behind::{Limits, WriteBehind};
use sheaf::store::{Batch, Change, StatusRow, Store, Stores, TimerClock, View as _};

use super::operations::{DUE_MAX, KEYS, Operation};
use super::{TASK, at};

type Entries = BTreeMap<Key, Entry>;

#[derive(Clone, Debug)]
struct Entry {
    head: Head,
    bytes: Bytes,
    parts: Vec<Bytes>,
}

/// A record of the changelog.
#[derive(Clone, Debug)]
enum Logged {
    Entry(Key, Option<Entry>),
    Part(Key, u32, Option<Bytes>),
}

/// The state and the map that it is compared with.
struct Pair<'a> {
    stores: &'a dyn Stores,
    limits: Limits,
    behind: Option<WriteBehind>,
    overlay: Overlay,
    changelog: Vec<Logged>,
    /// The clock in seconds; each operation takes one.
    now: u64,
    committed: Entries,
    current: Entries,
    /// The keys that the open transaction has put or deleted.
    touched: BTreeSet<Key>,
    /// True after the first commit.
    has_committed: bool,
}

impl<'a> Pair<'a> {
    fn new(stores: &'a dyn Stores, limits: Limits) -> Self {
        Self {
            stores,
            limits,
            behind: Some(WriteBehind::new(stores.open(TASK).unwrap(), limits)),
            overlay: Overlay::new(),
            changelog: Vec::new(),
            now: 0,
            committed: Entries::new(),
            current: Entries::new(),
            touched: BTreeSet::new(),
            has_committed: false,
        }
    }

    fn behind(&self) -> &WriteBehind {
        self.behind.as_ref().unwrap()
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
            Operation::Crash => {
                self.behind = None;
                let store = self.replayed(self.stores.open(TASK).unwrap());
                self.check_store(&*store);
                self.behind = Some(WriteBehind::new(store, self.limits));
            }
            Operation::Flush => {
                let mut behind = self.behind.take().unwrap();
                self.check_store(behind.flushed().unwrap());
                self.behind = Some(behind);
            }
        }
        self.now += 1;
    }

    fn commit(&mut self) {
        let entry = |(key, _)| Logged::Entry(Key::clone(key), self.current.get(key).cloned());
        let new = self.overlay.new_parts();
        self.changelog.extend(new.map(|(key, number, part)| Logged::Part(key.clone(), number, Some(part.clone()))));
        self.changelog.extend(self.overlay.changed().map(entry));
        self.changelog
            .extend(self.overlay.removed_parts().map(|(key, number)| Logged::Part(key.clone(), number, None)));
        let mut position = vec![("changelog".to_owned(), self.changelog.len().to_le_bytes().to_vec())];
        if !std::mem::replace(&mut self.has_committed, true) {
            position.push(("genesis".to_owned(), b"once".to_vec()));
        }
        let behind = self.behind.as_mut().unwrap();
        behind.absorb(&mut self.overlay, position, Vec::new(), Duration::from_secs(self.now));
        behind.flush_due(Duration::from_secs(self.now)).unwrap();
        assert!(self.overlay.is_empty());
        self.committed.clone_from(&self.current);
        self.touched.clear();
    }

    /// The store after a restore of the rest of the changelog, record by record.
    fn replayed(&self, mut store: Box<dyn Store>) -> Box<dyn Store> {
        let from = store.meta("changelog").unwrap().map_or(0, |bytes| usize::from_le_bytes(bytes.try_into().unwrap()));
        assert!(!self.limits.age.is_zero() || from == self.changelog.len(), "there is nothing to restore");
        let heads: BTreeMap<Bytes, Head> = self.changelog.iter().filter_map(Logged::head).collect();
        for record in &self.changelog[from..] {
            let changes = match record {
                Logged::Part(key, number, Some(bytes)) => vec![Change::PutPart(key.clone(), *number, bytes.clone())],
                Logged::Part(key, number, None) => vec![Change::DeletePart(key.clone(), *number)],
                Logged::Entry(key, entry) => {
                    let mut overlay = Overlay::new();
                    let old = overlay.get(&*store, key).unwrap().map(|bytes| Arc::new(heads[&bytes].clone()));
                    match entry {
                        Some(Entry { head, bytes, .. }) => {
                            let written = Written { head: Arc::new(head.clone()), bytes: bytes.clone() };
                            overlay.put(key.clone(), old, written, Parts::default());
                        }
                        None => overlay.delete(key.clone(), old),
                    }
                    overlay.take_batch(Vec::new()).changes
                }
            };
            store.apply(&Batch { changes, is_bulk: false }).unwrap();
        }
        let position = self.changelog.len().to_le_bytes().to_vec();
        let mut changes = vec![Change::PutMeta("changelog".to_owned(), position)];
        if from == 0 && self.has_committed {
            changes.push(Change::PutMeta("genesis".to_owned(), b"once".to_vec()));
        }
        store.apply(&Batch { changes, is_bulk: false }).unwrap();
        store
    }

    fn check(&self) {
        self.check_entries();
        for clock in TimerClock::ALL {
            self.check_timers(clock);
        }
    }

    /// Checks that there are no dirty entries, so the store is complete and its next due time is exact.
    fn check_write_through(&mut self) {
        let mut behind = self.behind.take().unwrap();
        assert_eq!(behind.dirty(), 0);
        for clock in TimerClock::ALL {
            let stored = rows(&self.committed, clock);
            assert_eq!(behind.next_due(clock).unwrap(), stored.first().map(|row| row.due));
        }
        self.check_store(behind.flushed().unwrap());
        self.behind = Some(behind);
    }

    fn check_entries(&self) {
        assert_eq!(self.behind().counts(), counts(&self.committed), "with dirty entries");
        for key in KEYS.map(Key::new) {
            let expected = self.current.get(&key).map(|entry| entry.bytes.clone());
            assert_eq!(self.overlay.get(self.behind(), &key).unwrap(), expected, "{key:?}");
            let Some(entry) = self.current.get(&key) else { continue };
            assert_eq!(self.overlay.parts(self.behind(), &key, &entry.head).unwrap(), entry.parts, "{key:?}");
        }
        // An entry that did not exist before the transaction and does not exist now has not changed.
        let is_change = |key: &&Key| self.committed.contains_key(*key) || self.current.contains_key(*key);
        let changed: Vec<_> = self.touched.iter().filter(is_change).collect();
        let expected: Vec<_> =
            changed.into_iter().map(|key| (key, self.current.get(key).map(|entry| &entry.bytes))).collect();
        let mut changed: Vec<_> = self.overlay.changed().collect();
        changed.sort_unstable();
        assert_eq!(changed, expected);
        assert_eq!((self.overlay.len(), self.overlay.is_empty()), (expected.len(), expected.is_empty()));
    }

    /// Checks that the store equals the committed map.
    fn check_store(&self, store: &dyn Store) {
        let stored = self.committed.iter().map(|(key, entry)| (key.clone(), entry.bytes.to_vec()));
        assert_eq!(store.scan(None, usize::MAX).unwrap(), stored.collect::<Vec<_>>());
        assert_eq!(store.counts(), counts(&self.committed));
        let acts = |(key, entry): (&Key, &Entry)| -> Vec<_> {
            entry.head.acts.iter().map(|act| (key.clone(), act.slot)).collect()
        };
        let stored: Vec<_> = self.committed.iter().flat_map(acts).collect();
        assert_eq!(store.acts(None, usize::MAX).unwrap(), stored);
        for clock in TimerClock::ALL {
            let stored = rows(&self.committed, clock);
            assert_eq!(store.next_due(clock).unwrap(), stored.first().map(|row| row.due));
            let due = store.due(clock, at(DUE_MAX), usize::MAX).unwrap();
            assert_eq!(due, stored.into_iter().map(|row| (row.key.clone(), row.timer())).collect::<Vec<_>>());
        }
        let listed = store.reader();
        for status in (0..3).map(Status) {
            let from = StatusRow::first(status, Timestamp::MIN);
            let rows = listed.scan_status(&from, at(i64::MAX), usize::MAX).unwrap();
            assert_eq!(rows, status_rows(&self.committed, status), "{status:?}");
        }
        self.check_parts(store);
        let position = store.meta("changelog").unwrap().map(|bytes| usize::from_le_bytes(bytes.try_into().unwrap()));
        assert_eq!(position.unwrap_or(0), self.changelog.len());
        assert_eq!(store.meta("genesis").unwrap().is_some(), self.has_committed);
    }

    /// Checks that the store has the committed parts, and with the changes of the overlay the current ones.
    fn check_parts(&self, store: &dyn Store) {
        let stored = store.scan_parts(None, usize::MAX).unwrap();
        assert_eq!(stored, parts(&self.committed));
        for after in 0..stored.len() {
            assert_eq!(
                store.scan_parts(Some(&stored[after].0), 2).unwrap(),
                stored[after + 1..].iter().take(2).cloned().collect::<Vec<_>>()
            );
        }
        let mut stored: BTreeMap<_, _> = stored.into_iter().collect();
        for (key, number) in self.overlay.removed_parts() {
            assert!(stored.remove(&(key.clone(), number)).is_some(), "{key:?} {number} did not exist");
        }
        for (key, number, bytes) in self.overlay.new_parts() {
            let before = stored.insert((key.clone(), number), bytes.clone());
            assert_eq!(before, None, "{key:?} {number} is a new number");
            // New parts are written to the changelog before the removed ones.
            assert!(self.overlay.removed_parts().all(|removed| removed != (key, number)), "{key:?} {number}");
        }
        assert_eq!(stored.into_iter().collect::<Vec<_>>(), parts(&self.current));
    }

    fn check_timers(&self, clock: TimerClock) {
        let rows = rows(&self.current, clock);
        for now in -1..=DUE_MAX {
            let due: Vec<_> = rows.iter().filter(|row| row.due <= at(now)).collect();
            for limit in [0, 1, 2, 5, usize::MAX] {
                let expected = due.iter().take(limit).map(|row| (row.key.clone(), row.timer()));
                let got = self.overlay.due(self.behind(), clock, at(now), limit).unwrap();
                assert_eq!(got, expected.collect::<Vec<_>>(), "{clock:?} at {now}, limit {limit}");
            }
        }
        let stored = self::rows(&self.committed, clock);
        let next = self.behind().next_due(clock).unwrap();
        assert!(stored.first().is_none_or(|row| next.is_some_and(|next| next <= row.due)), "{clock:?}: {next:?}");
        for row in &stored {
            let expected = rows.contains(row);
            assert_eq!(self.overlay.is_scheduled(&row.key, &row.timer()), expected, "{row:?}");
        }
    }
}

/// The expected parts of these entries, sorted.
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

/// The expected numbers of these entries.
fn counts(entries: &Entries) -> Counts {
    let mut counts = Counts::default();
    for entry in entries.values() {
        counts.add(Bucket::of(&entry.head), 1);
    }
    counts
}

/// The expected rows of these entries in the list of a status, sorted.
fn status_rows(entries: &Entries, status: Status) -> Vec<StatusRow> {
    let rows = entries.iter().flat_map(|(key, entry)| StatusRow::of(key, &entry.head));
    let rows: BTreeSet<_> = rows.filter(|row| row.status == status).collect();
    rows.into_iter().collect()
}

/// The expected timer rows of these entries, sorted.
fn rows(entries: &Entries, clock: TimerClock) -> BTreeSet<TimerRow> {
    let rows = entries.iter().flat_map(|(key, entry)| entry.head.timers.iter().map(|timer| TimerRow::new(key, *timer)));
    rows.filter(|row| row.clock == clock).collect()
}

impl Logged {
    fn head(&self) -> Option<(Bytes, Head)> {
        let Self::Entry(_, Some(entry)) = self else { return None };
        Some((entry.bytes.clone(), entry.head.clone()))
    }
}

/// Runs the operations and compares after each of them.
pub(super) fn compare(stores: &dyn Stores, limits: Limits, operations: Vec<Operation>) {
    let mut pair = Pair::new(stores, limits);
    let end = [Operation::Commit, Operation::Flush];
    for (number, operation) in operations.into_iter().chain(end).enumerate() {
        pair.run(number, operation);
        pair.check();
        if limits.age.is_zero() {
            pair.check_write_through();
        }
    }
}
