//! The write-behind buffer: committed changes that are not in the store yet (dirty entries).
//!
//! ```text
//!             commit                    age or size limit
//!   Overlay ──────────▶ WriteBehind ─────────────────────────────────▶ Store
//!                          ▲                                        ▲
//!                          └───────── reads: the newer one ─────────┘
//! ```
//!
//! An entry changes often while it is new, and then never again: a bundle of four events is written four times within
//! seconds. The buffer merges its changes into one, as the [`Overlay`] does within a transaction, and a timer that is
//! scheduled and unscheduled needs no row.
//!
//! Dirty entries are flushed in the order in which they became dirty, each with its current timers, acts and parts, and
//! with the position of the last transaction that has no dirty entry left. So every entry of a store is of that
//! position or later. After a crash the changelog is replayed from there: each record replaces an entry of the same
//! version or a later one, and at the end every entry has the version of the changelog.

use std::cell::Cell;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use foldhash::fast::RandomState;

use super::counts::{CountChanges, Counts};
use super::index::{Diff, TimerRow};
use super::overlay::{Changed, Overlay};
use super::{Batch, Change, Reader, Result, Store, TimerClock, View};
use crate::model::{Key, Timer, Timestamp};

/// The memory of a dirty entry without its bytes and its key, in bytes: tables, its head, a share of the timers.
const ENTRY_OVERHEAD: usize = 256;
/// The number of outdated timer rows of the store that a read may skip before all entries are flushed.
const STALE_TIMERS_MAX: usize = 1_000;

/// The limits of dirty entries.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most time from becoming dirty to the flush. Zero: each transaction is flushed.
    pub age: Duration,
    /// The most memory of all dirty entries, in bytes.
    pub bytes: usize,
}

/// A store with its write-behind buffer.
pub struct WriteBehind {
    store: Box<dyn Store>,
    limits: Limits,
    /// The dirty entries.
    entries: HashMap<Key, Changed, RandomState>,
    /// The timers of the dirty entries, in the store or not.
    timers: BTreeSet<TimerRow>,
    transactions: VecDeque<Transaction>,
    /// The named values that are written with every batch, regardless of its position.
    newest: Vec<(String, Vec<u8>)>,
    bytes: usize,
    /// True after a read has skipped [`STALE_TIMERS_MAX`] rows.
    has_stale_timers: Cell<bool>,
}

/// A committed transaction that may have dirty entries.
struct Transaction {
    committed_at: Duration,
    /// The entries that it made dirty. They may have been flushed or be clean again.
    keys: Vec<Key>,
    /// The memory of these entries when they became dirty, in bytes.
    bytes: usize,
    /// The named values of the store from this transaction on.
    positions: Vec<(String, Vec<u8>)>,
}

impl Transaction {
    /// Merges a later transaction that made no other entries dirty.
    fn merge_with(&mut self, positions: Vec<(String, Vec<u8>)>) {
        self.positions.retain(|(name, _)| positions.iter().all(|(later, _)| later != name));
        self.positions.extend(positions);
    }
}

impl std::fmt::Debug for WriteBehind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (entries, bytes) = (self.entries.len(), self.bytes);
        f.debug_struct("WriteBehind").field("entries", &entries).field("bytes", &bytes).finish_non_exhaustive()
    }
}

impl WriteBehind {
    /// An empty buffer in front of the store.
    pub fn new(store: Box<dyn Store>, limits: Limits) -> Self {
        Self {
            store,
            limits,
            entries: HashMap::default(),
            timers: BTreeSet::new(),
            transactions: VecDeque::new(),
            newest: Vec::new(),
            bytes: 0,
            has_stale_timers: Cell::new(false),
        }
    }

    /// Adds the changes of a transaction that was committed at `now` of the monotonic clock. The store gets the named values
    /// `positions` with the last entry of the transaction, and `newest` with the first.
    pub fn absorb(
        &mut self,
        overlay: &mut Overlay,
        positions: Vec<(String, Vec<u8>)>,
        newest: Vec<(String, Vec<u8>)>,
        now: Duration,
    ) {
        let (before, mut keys) = (self.bytes, Vec::new());
        self.newest = newest;
        for (key, changed) in overlay.drain() {
            if self.merge(&key, changed) {
                keys.push(key);
            }
        }
        let bytes = self.bytes.saturating_sub(before);
        match self.transactions.back_mut() {
            // Its entries are flushed with those of earlier transactions.
            Some(last) if keys.is_empty() => last.merge_with(positions),
            _ => self.transactions.push_back(Transaction { committed_at: now, keys, bytes, positions }),
        }
    }

    /// Merges a change into the buffer; true if the entry was clean before.
    fn merge(&mut self, key: &Key, changed: Changed) -> bool {
        match self.entries.entry(key.clone()) {
            Entry::Vacant(vacant) => {
                self.timers.extend(changed.timers().map(|timer| TimerRow::new(key, timer)));
                self.bytes += memory_size(key, &changed);
                vacant.insert(changed);
                true
            }
            Entry::Occupied(mut occupied) => {
                let before = occupied.get_mut();
                let diff = Diff { old: before.head(), new: changed.head() };
                for timer in diff.removed_timers() {
                    self.timers.remove(&TimerRow::new(key, timer));
                }
                self.timers.extend(diff.added_timers().map(|timer| TimerRow::new(key, timer)));
                self.bytes -= memory_size(key, before);
                if before.merge(changed) {
                    self.bytes += memory_size(key, before);
                } else {
                    occupied.remove();
                }
                false
            }
        }
    }

    /// Flushes entries at a limit of age or size.
    pub fn flush_due(&mut self, now: Duration) -> Result<()> {
        let is_old = |transaction: &Transaction, age| now.saturating_sub(transaction.committed_at) >= age;
        let Some(oldest) = self.transactions.front() else { return Ok(()) };
        if self.has_stale_timers.get() {
            return self.flush();
        }
        let is_full = self.bytes > self.limits.bytes;
        if !is_full && !is_old(oldest, self.limits.age) {
            return Ok(());
        }
        // A quarter more than is due: a batch of many entries costs less than many batches.
        let age = self.limits.age * 3 / 4;
        let mut bytes = if is_full { self.bytes - self.limits.bytes + self.limits.bytes / 4 } else { 0 };
        let mut count = 0;
        for transaction in &self.transactions {
            if bytes == 0 && !is_old(transaction, age) {
                break;
            }
            bytes = bytes.saturating_sub(transaction.bytes);
            count += 1;
        }
        self.write(count)
    }

    /// Flushes all dirty entries if the oldest has this age.
    pub fn flush_older(&mut self, now: Duration, age: Duration) -> Result<()> {
        match self.transactions.front() {
            Some(oldest) if now.saturating_sub(oldest.committed_at) >= age => self.flush(),
            Some(_) | None => Ok(()),
        }
    }

    /// Flushes all dirty entries.
    pub fn flush(&mut self) -> Result<()> {
        self.write(self.transactions.len())
    }

    /// The number of dirty entries.
    pub fn dirty(&self) -> usize {
        self.entries.len()
    }

    /// The number of entries by status and minute, with those that are dirty.
    pub fn counts(&self) -> Counts {
        let (mut counts, mut changes) = (self.store.counts(), CountChanges::default());
        self.entries.values().for_each(|changed| changed.count(&mut changes));
        counts.merge(&changes.into_counts());
        counts
    }

    /// A reader of the store, without the dirty entries.
    pub fn reader(&self) -> Arc<dyn Reader> {
        self.store.reader()
    }

    /// The store, after a flush.
    pub fn flushed(&mut self) -> Result<&dyn Store> {
        self.flush()?;
        Ok(&*self.store)
    }

    /// The store without the dirty entries, as a crash would leave it.
    pub fn into_store(self) -> Box<dyn Store> {
        self.store
    }

    /// Flushes the `count` oldest transactions. After an error the buffer is unchanged.
    fn write(&mut self, count: usize) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        let (mut flushed, mut changes, mut positions) = (Vec::new(), Vec::new(), BTreeMap::new());
        let mut counts = CountChanges::default();
        for transaction in self.transactions.iter().take(count) {
            for key in &transaction.keys {
                if let Some((key, changed)) = self.entries.remove_entry(key) {
                    changed.count(&mut counts);
                    changed.changes(&key, &mut changes);
                    flushed.push((key, changed));
                }
            }
            positions.extend(transaction.positions.iter().map(|(name, value)| (name, value)));
        }
        changes.extend(counts.into_counts().iter().map(|(bucket, number)| Change::Count(bucket, number)));
        positions.extend(self.newest.iter().map(|(name, value)| (name, value)));
        changes.extend(positions.into_iter().map(|(name, value)| Change::PutMeta(name.clone(), value.clone())));
        if let Err(error) = self.store.apply(&Batch { changes, is_bulk: false }) {
            self.entries.extend(flushed);
            return Err(error);
        }
        self.has_stale_timers.set(false);
        self.transactions.drain(..count);
        for (key, changed) in flushed {
            self.bytes -= memory_size(&key, &changed);
            for timer in changed.timers() {
                self.timers.remove(&TimerRow::new(&key, timer));
            }
        }
        Ok(())
    }

    /// The due timers of the store, without those of dirty entries.
    fn stored_due(&self, clock: TimerClock, now: Timestamp, limit: usize) -> Result<Vec<(Key, Timer)>> {
        let mut fetched_max = limit;
        loop {
            let mut rows = self.store.due(clock, now, fetched_max)?;
            let found = rows.len();
            rows.retain(|(key, _)| !self.entries.contains_key(key));
            if found - rows.len() >= STALE_TIMERS_MAX {
                self.has_stale_timers.set(true);
            }
            if rows.len() >= limit || found < fetched_max {
                return Ok(rows);
            }
            fetched_max = fetched_max.saturating_mul(2);
        }
    }
}

impl View for WriteBehind {
    fn get(&self, key: &Key) -> Result<Option<Bytes>> {
        match self.entries.get(key) {
            Some(changed) => Ok(changed.bytes().cloned()),
            None => self.store.get(key),
        }
    }

    fn parts(&self, key: &Key) -> Result<Vec<(u32, Bytes)>> {
        let Some(changed) = self.entries.get(key) else { return self.store.parts(key) };
        let mut parts = self.store.counted_parts(key, &changed.stored_parts())?;
        parts.extend(changed.new_parts().map(|(number, bytes)| (number, bytes.clone())));
        Ok(parts)
    }

    fn due(&self, clock: TimerClock, now: Timestamp, limit: usize) -> Result<Vec<(Key, Timer)>> {
        let dirty = self.timers.range(TimerRow::first(clock)..).take_while(|row| row.is_due(clock, now)).take(limit);
        let dirty: Vec<_> = dirty.cloned().collect();
        let stored = self.stored_due(clock, now, limit)?;
        let mut rows: Vec<_> = stored.iter().map(|(key, timer)| TimerRow::new(key, *timer)).chain(dirty).collect();
        rows.sort_unstable();
        Ok(rows.into_iter().take(limit).map(TimerRow::into_timer).collect())
    }

    fn next_due(&self, clock: TimerClock) -> Result<Option<Timestamp>> {
        let dirty = self.timers.range(TimerRow::first(clock)..).next().filter(|row| row.clock == clock);
        let stored = self.store.next_due(clock)?;
        Ok(dirty.map(|row| row.due).into_iter().chain(stored).min())
    }
}

/// The approximate memory of an entry, in bytes.
fn memory_size(key: &Key, changed: &Changed) -> usize {
    changed.size() + key.as_bytes().len() + ENTRY_OVERHEAD
}
