//! What a transaction has changed and not yet committed, over a store.
//!
//! ```text
//!            get, due                          commit: changed -> changelog, take_batch -> Store::apply
//!   step ◀──────────────────── Overlay ──────▶
//!        ────────────────────▶    over         abort:  clear
//!            put, delete        Store
//! ```
//!
//! The store is written once per transaction, after Kafka has committed it; until then every read goes through here. An
//! entry that changes more than once is one change, from what the store has to what it became last. An entry that came
//! and went within the transaction is no change at all: neither the changelog nor the store need to hear of it.
//!
//! The reads ask the store for as many rows more as the transaction has taken away, so that a limit is always filled from
//! what is really there.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use indexmap::map::Entry;

use super::index::{Diff, TimerRow};
use super::{Batch, Change, Result, Store, TimerClock};
use crate::codec::Head;
use crate::model::{Key, Timer, Timestamp};

/// The uncommitted changes of one task.
///
/// What they do to the timer index is worked out when somebody asks for it: a timer is hardly ever due within the
/// transaction that schedules it, and most are taken back before they are due.
#[derive(Debug, Default)]
pub struct Overlay {
    /// In the order in which keys changed first: the same for the same inputs.
    entries: IndexMap<Key, Changed, RandomState>,
}

/// One entry that differs from the store's.
#[derive(Debug)]
struct Changed {
    /// The head that the store has; `None` when it has no such entry.
    old: Option<Arc<Head>>,
    /// What the entry has become; `None` is a tombstone.
    new: Option<Written>,
}

#[derive(Debug)]
struct Written {
    head: Arc<Head>,
    bytes: Bytes,
}

impl Overlay {
    /// An overlay without changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an entry. `old` is the head of the entry as the step found it, `None` when there was none; `bytes` is the
    /// whole new entry, of which `new` is the head ([`codec::entry::encode`](crate::codec::entry::encode)).
    pub fn put(&mut self, key: Key, old: Option<Arc<Head>>, new: Arc<Head>, bytes: Bytes) {
        self.change(key, old, Some(Written { head: new, bytes }));
    }

    /// Deletes an entry with its timers and acts. `old` is its head as the step found it, `None` when there was none.
    pub fn delete(&mut self, key: Key, old: Option<Arc<Head>>) {
        self.change(key, old, None);
    }

    fn change(&mut self, key: Key, old: Option<Arc<Head>>, new: Option<Written>) {
        match self.entries.entry(key) {
            Entry::Occupied(before) if new.is_none() && before.get().old.is_none() => drop(before.swap_remove()),
            Entry::Occupied(mut before) => before.get_mut().new = new,
            Entry::Vacant(place) if old.is_some() || new.is_some() => drop(place.insert(Changed { old, new })),
            Entry::Vacant(_) => {}
        }
    }

    /// The bytes of an entry as the transaction sees it.
    pub fn get(&self, store: &dyn Store, key: &Key) -> Result<Option<Bytes>> {
        match self.entries.get(key) {
            Some(changed) => Ok(changed.new.as_ref().map(|written| written.bytes.clone())),
            None => Ok(store.get(key)?.map(Bytes::from)),
        }
    }

    /// Up to `limit` timers of one clock that are due at `now`, in the order of (due, slot, key), as the transaction sees
    /// them: one that it unscheduled or moved is not there, one that it scheduled is. Goes through all changes.
    ///
    /// A timer of this list can still be taken back by the step of one before it: ask [`Overlay::is_scheduled`] as it
    /// fires.
    pub fn due(&self, store: &dyn Store, clock: TimerClock, now: Timestamp, limit: usize) -> Result<Vec<(Key, Timer)>> {
        let is_due = |timer: &Timer| TimerClock::of(timer.kind) == clock && timer.due <= now;
        let (mut gone, mut rows) = (0, BTreeSet::new());
        for (key, changed) in &self.entries {
            gone += changed.diff().timers_gone().filter(is_due).count();
            rows.extend(changed.diff().timers_new().filter(is_due).map(|timer| TimerRow::new(key, timer)));
        }
        let stored = store.due(clock, now, limit.saturating_add(gone))?;
        let stored = stored.iter().filter(|(key, timer)| self.is_scheduled(key, timer));
        rows.extend(stored.map(|(key, timer)| TimerRow::new(key, *timer)));
        let timer_of = |row: TimerRow| {
            let timer = row.timer();
            (row.key, timer)
        };
        Ok(rows.into_iter().take(limit).map(timer_of).collect())
    }

    /// False when this transaction has taken back or moved a timer of the store, or one that [`Overlay::due`] gave out.
    pub fn is_scheduled(&self, key: &Key, timer: &Timer) -> bool {
        match self.entries.get(key) {
            Some(changed) => changed.new.as_ref().is_some_and(|written| written.head.timers.contains(timer)),
            None => true,
        }
    }

    /// Each changed entry once, with its new bytes or `None` for a tombstone: the records of the changelog.
    pub fn changed(&self) -> impl Iterator<Item = (&Key, Option<&Bytes>)> {
        self.entries.iter().map(|(key, changed)| (key, changed.new.as_ref().map(|written| &written.bytes)))
    }

    /// How many entries are changed.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when no entry is changed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes everything out, as the one batch that the store applies after the commit, with these named values (positions).
    pub fn take_batch(&mut self, meta: Vec<(String, Vec<u8>)>) -> Batch {
        let mut changes = Vec::with_capacity(2 * self.entries.len() + meta.len());
        for (key, changed) in self.entries.drain(..) {
            changes.extend(changed.diff().changes(&key));
            changes.push(match changed.new {
                Some(written) => Change::PutEntry(key, written.bytes),
                None => Change::DeleteEntry(key),
            });
        }
        changes.extend(meta.into_iter().map(|(name, value)| Change::PutMeta(name, value)));
        Batch { changes, is_load: false }
    }

    /// Forgets every change: because the transaction was aborted.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

impl Changed {
    fn diff(&self) -> Diff<'_> {
        Diff { old: self.old.as_deref(), new: self.new.as_ref().map(|written| &*written.head) }
    }
}
