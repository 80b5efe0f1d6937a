//! What is committed and not yet in the store.
//!
//! ```text
//!             commit                    old enough, or too much
//!   Overlay ──────────▶ WriteBehind ─────────────────────────────────▶ Store
//!                          ▲                                        ▲
//!                          └───────── reads: the newer one ─────────┘
//! ```
//!
//! An event-driven entry changes often while it is young, and then never again: a bundle of four events is written four
//! times within seconds. Here its changes become one, as they do in the [`Overlay`] within a transaction, and a timer that
//! is scheduled and taken back is no row at all.
//!
//! Entries leave in the order in which they first differed from the store, each whole: with its timers, acts and parts, as
//! it is now. With them goes the position of the transaction up to which nothing is left here. So every entry of a store
//! is as it was at that position or later. After a crash the changelog is read again from there: each of its records
//! replaces an entry that is as old or newer, and at the end every entry is as the changelog has it.

use std::cell::Cell;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use foldhash::fast::RandomState;

use super::index::{Diff, TimerRow};
use super::overlay::{Changed, Overlay};
use super::{Batch, Change, Result, Store, TimerClock, View};
use crate::model::{Key, Timer, Timestamp};

/// What an entry takes here besides its bytes and its key: tables, its head, a share of the timers.
const ENTRY_OVERHEAD: usize = 256;
/// When somebody who asks for due timers meets so many rows of the store that are out of date, they are brought up to date.
const STALE_TIMERS_MAX: usize = 1_000;

/// When entries are written.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Not later than so long after they first differed from the store. Zero: with each transaction.
    pub age: Duration,
    /// When all of them together have more bytes than this, as they are counted here.
    pub bytes: usize,
}

/// A store, and what is committed and not yet in it.
pub struct WriteBehind {
    store: Box<dyn Store>,
    limits: Limits,
    /// What differs from the store.
    entries: HashMap<Key, Changed, RandomState>,
    /// The timers that those entries have, in the store or not.
    timers: BTreeSet<TimerRow>,
    transactions: VecDeque<Transaction>,
    /// What goes with every batch, however old its transactions are.
    newest: Vec<(String, Vec<u8>)>,
    bytes: usize,
    /// True when [`STALE_TIMERS_MAX`] was met.
    has_stale_timers: Cell<bool>,
}

/// A transaction of which something may not be in the store.
struct Transaction {
    committed_at: Duration,
    /// The entries that it made differ from the store. One of them may be in the store by now, or be gone.
    keys: Vec<Key>,
    /// How many bytes they had.
    bytes: usize,
    /// What the store says of itself from this transaction on.
    positions: Vec<(String, Vec<u8>)>,
}

impl Transaction {
    /// Is one with a later transaction that has changed no other entries.
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
    /// Nothing but the store.
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

    /// Takes what a transaction has changed, which was committed when the clock said `now`. Of the named values the store
    /// gets `positions` when it has all of the transaction, and `newest` when it may have any of it.
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
            // All that it has changed leaves with those before it.
            Some(last) if keys.is_empty() => last.merge_with(positions),
            _ => self.transactions.push_back(Transaction { committed_at: now, keys, bytes, positions }),
        }
    }

    /// True when the entry was as the store has it before.
    fn merge(&mut self, key: &Key, changed: Changed) -> bool {
        match self.entries.entry(key.clone()) {
            Entry::Vacant(place) => {
                self.timers.extend(changed.timers().map(|timer| TimerRow::new(key, timer)));
                self.bytes += weight(key, &changed);
                place.insert(changed);
                true
            }
            Entry::Occupied(mut place) => {
                let before = place.get_mut();
                let diff = Diff { old: before.head(), new: changed.head() };
                for timer in diff.timers_gone() {
                    self.timers.remove(&TimerRow::new(key, timer));
                }
                self.timers.extend(diff.timers_new().map(|timer| TimerRow::new(key, timer)));
                self.bytes -= weight(key, before);
                if before.follow(changed) {
                    self.bytes += weight(key, before);
                } else {
                    place.remove();
                }
                false
            }
        }
    }

    /// Writes what is old enough or too much, if anything is.
    pub fn flush_due(&mut self, now: Duration) -> Result<()> {
        let is_old = |transaction: &Transaction, age| now.saturating_sub(transaction.committed_at) >= age;
        let Some(oldest) = self.transactions.front() else { return Ok(()) };
        if self.has_stale_timers.get() {
            return self.flush();
        }
        let too_much = self.bytes > self.limits.bytes;
        if !too_much && !is_old(oldest, self.limits.age) {
            return Ok(());
        }
        // A quarter more than is due: a batch of many entries costs less than many batches.
        let age = self.limits.age * 3 / 4;
        let mut bytes = if too_much { self.bytes - self.limits.bytes + self.limits.bytes / 4 } else { 0 };
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

    /// Writes everything.
    pub fn flush(&mut self) -> Result<()> {
        self.write(self.transactions.len())
    }

    /// How many entries are not in the store as they are.
    pub fn dirty(&self) -> usize {
        self.entries.len()
    }

    /// The store, with everything written.
    pub fn flushed(&mut self) -> Result<&dyn Store> {
        self.flush()?;
        Ok(&*self.store)
    }

    /// The store with what has been written, which is how a crash would leave it.
    pub fn into_store(self) -> Box<dyn Store> {
        self.store
    }

    /// Writes the oldest transactions. When that fails nothing has changed.
    fn write(&mut self, count: usize) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        let (mut leaving, mut changes, mut positions) = (Vec::new(), Vec::new(), BTreeMap::new());
        for transaction in self.transactions.iter().take(count) {
            for key in &transaction.keys {
                if let Some((key, changed)) = self.entries.remove_entry(key) {
                    changed.changes(&key, &mut changes);
                    leaving.push((key, changed));
                }
            }
            positions.extend(transaction.positions.iter().map(|(name, value)| (name, value)));
        }
        positions.extend(self.newest.iter().map(|(name, value)| (name, value)));
        changes.extend(positions.into_iter().map(|(name, value)| Change::PutMeta(name.clone(), value.clone())));
        if let Err(error) = self.store.apply(&Batch { changes, is_bulk: false }) {
            self.entries.extend(leaving);
            return Err(error);
        }
        self.has_stale_timers.set(false);
        self.transactions.drain(..count);
        for (key, changed) in leaving {
            self.bytes -= weight(&key, &changed);
            for timer in changed.timers() {
                self.timers.remove(&TimerRow::new(&key, timer));
            }
        }
        Ok(())
    }

    /// The due timers of the store, without those of entries that are here.
    fn stored_due(&self, clock: TimerClock, now: Timestamp, limit: usize) -> Result<Vec<(Key, Timer)>> {
        let mut asked = limit;
        loop {
            let mut rows = self.store.due(clock, now, asked)?;
            let found = rows.len();
            rows.retain(|(key, _)| !self.entries.contains_key(key));
            if found - rows.len() >= STALE_TIMERS_MAX {
                self.has_stale_timers.set(true);
            }
            if rows.len() >= limit || found < asked {
                return Ok(rows);
            }
            asked = asked.saturating_mul(2);
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
        let here = self.timers.range(TimerRow::first(clock)..).take_while(|row| row.is_due(clock, now)).take(limit);
        let here: Vec<_> = here.cloned().collect();
        let stored = self.stored_due(clock, now, limit)?;
        let mut rows: Vec<_> = stored.iter().map(|(key, timer)| TimerRow::new(key, *timer)).chain(here).collect();
        rows.sort_unstable();
        Ok(rows.into_iter().take(limit).map(TimerRow::into_timer).collect())
    }

    fn next_due(&self, clock: TimerClock) -> Result<Option<Timestamp>> {
        let here = self.timers.range(TimerRow::first(clock)..).next().filter(|row| row.clock == clock);
        let stored = self.store.next_due(clock)?;
        Ok(here.map(|row| row.due).into_iter().chain(stored).min())
    }
}

/// What an entry takes, about.
fn weight(key: &Key, changed: &Changed) -> usize {
    changed.size() + key.as_bytes().len() + ENTRY_OVERHEAD
}
