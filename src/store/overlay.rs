//! What a transaction has changed and not yet committed, over a store.
//!
//! ```text
//!            get, due, acts                    commit: changed -> changelog, batch -> Store::apply, clear
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

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use bytes::Bytes;

use super::index::{Diff, TimerRow};
use super::{Batch, Change, Result, Store, TimerClock};
use crate::codec::Head;
use crate::model::{ActSlot, Key, Timer, Timestamp};

/// The uncommitted changes of one task.
#[derive(Debug, Default)]
pub struct Overlay {
    entries: BTreeMap<Key, Changed>,
    timers_gone: BTreeSet<TimerRow>,
    timers_new: BTreeSet<TimerRow>,
    acts_gone: BTreeSet<(Key, ActSlot)>,
    acts_new: BTreeSet<(Key, ActSlot)>,
}

/// One entry that differs from the store's.
#[derive(Debug)]
struct Changed {
    /// The head that the store has; `None` when it has no such entry.
    old: Option<Head>,
    /// What the entry has become; `None` is a tombstone.
    new: Option<Written>,
}

#[derive(Debug)]
struct Written {
    head: Head,
    bytes: Bytes,
}

impl Overlay {
    /// An overlay without changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an entry. `old` is the head of the entry as the step found it, `None` when there was none; `bytes` is the
    /// whole new entry, of which `new` is the head ([`codec::entry::encode`](crate::codec::entry::encode)).
    pub fn put(&mut self, key: Key, old: Option<&Head>, new: Head, bytes: Bytes) {
        self.change(key, old, Some(Written { head: new, bytes }));
    }

    /// Deletes an entry with its timers and acts. `old` is its head as the step found it, `None` when there was none.
    pub fn delete(&mut self, key: Key, old: Option<&Head>) {
        self.change(key, old, None);
    }

    fn change(&mut self, key: Key, old: Option<&Head>, new: Option<Written>) {
        let old = match self.entries.remove(&key) {
            Some(before) => {
                self.unindex(&key, &before);
                before.old
            }
            None => old.cloned(),
        };
        if old.is_none() && new.is_none() {
            return;
        }
        let changed = Changed { old, new };
        self.index(&key, &changed);
        self.entries.insert(key, changed);
    }

    fn index(&mut self, key: &Key, changed: &Changed) {
        let diff = changed.diff();
        self.timers_gone.extend(diff.timers_gone.iter().map(|timer| TimerRow::new(key, *timer)));
        self.timers_new.extend(diff.timers_new.iter().map(|timer| TimerRow::new(key, *timer)));
        self.acts_gone.extend(diff.acts_gone.iter().map(|slot| (key.clone(), *slot)));
        self.acts_new.extend(diff.acts_new.iter().map(|slot| (key.clone(), *slot)));
    }

    fn unindex(&mut self, key: &Key, changed: &Changed) {
        let diff = changed.diff();
        for timer in diff.timers_gone {
            self.timers_gone.remove(&TimerRow::new(key, timer));
        }
        for timer in diff.timers_new {
            self.timers_new.remove(&TimerRow::new(key, timer));
        }
        for slot in diff.acts_gone {
            self.acts_gone.remove(&(key.clone(), slot));
        }
        for slot in diff.acts_new {
            self.acts_new.remove(&(key.clone(), slot));
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
    /// them: one that it unscheduled or moved is not there, one that it scheduled is.
    ///
    /// A timer of this list can still be taken back by the step of one before it: ask [`Overlay::is_scheduled`] as it
    /// fires.
    pub fn due(&self, store: &dyn Store, clock: TimerClock, now: Timestamp, limit: usize) -> Result<Vec<(Key, Timer)>> {
        let due = |rows: &BTreeSet<TimerRow>| -> Vec<TimerRow> {
            rows.range(TimerRow::first(clock)..).take_while(|row| row.is_due(clock, now)).cloned().collect()
        };
        let wanted = limit.saturating_add(due(&self.timers_gone).len());
        let stored = store.due(clock, now, wanted)?;
        let stored = stored.iter().map(|(key, timer)| TimerRow::new(key, *timer));
        let mut rows: BTreeSet<_> = stored.filter(|row| !self.timers_gone.contains(row)).collect();
        rows.extend(due(&self.timers_new));
        Ok(rows.into_iter().take(limit).map(|row| (row.key.clone(), row.timer())).collect())
    }

    /// False when this transaction has taken back or moved a timer that [`Overlay::due`] gave out.
    pub fn is_scheduled(&self, key: &Key, timer: &Timer) -> bool {
        match self.entries.get(key) {
            Some(changed) => changed.new.as_ref().is_some_and(|written| written.head.timers.contains(timer)),
            None => true,
        }
    }

    /// Up to `limit` pending acts as the transaction sees them, in the order of (key, slot), after the given one. Acts
    /// are executed after the commit only, so a list for the sinks is taken from an empty overlay.
    pub fn acts(&self, store: &dyn Store, after: Option<&(Key, ActSlot)>, limit: usize) -> Result<Vec<(Key, ActSlot)>> {
        let range = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let wanted = limit.saturating_add(self.acts_gone.range::<(Key, ActSlot), _>(range).count());
        let stored = store.acts(after, wanted)?;
        let mut rows: BTreeSet<_> = stored.into_iter().filter(|row| !self.acts_gone.contains(row)).collect();
        rows.extend(self.acts_new.range::<(Key, ActSlot), _>(range).take(limit).cloned());
        Ok(rows.into_iter().take(limit).collect())
    }

    /// Each changed entry once, in the order of the keys, with its new bytes or `None` for a tombstone: the records of
    /// the changelog.
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

    /// Everything as the one batch that the store applies after the commit, with these named values (positions). The
    /// overlay keeps its changes until [`Overlay::clear`].
    pub fn batch(&self, meta: Vec<(String, Vec<u8>)>) -> Batch {
        let mut changes = Vec::new();
        for (key, changed) in &self.entries {
            changes.push(match &changed.new {
                Some(written) => Change::PutEntry(key.clone(), written.bytes.clone()),
                None => Change::DeleteEntry(key.clone()),
            });
            changes.extend(changed.diff().changes(key));
        }
        changes.extend(meta.into_iter().map(|(name, value)| Change::PutMeta(name, value)));
        Batch { changes, volatile: false }
    }

    /// Forgets every change: after the batch was applied, or because the transaction was aborted.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Changed {
    fn diff(&self) -> Diff {
        Diff::between(self.old.as_ref(), self.new.as_ref().map(|written| &written.head))
    }
}
