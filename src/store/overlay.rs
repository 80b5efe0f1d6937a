//! The uncommitted changes of a transaction, on top of the committed state.
//!
//! ```text
//!            get, due                          commit: changed -> changelog, all -> WriteBehind
//!   step ◀──────────────────── Overlay ──────▶
//!        ────────────────────▶    over         abort:  clear
//!            put, delete         View
//! ```
//!
//! The committed state ([`write_behind`](super::write_behind) and the store) changes when Kafka has committed the
//! transaction; until then every read goes through the overlay. Several changes of an entry are merged into one, from
//! the committed to the last version. An entry that is created and deleted within the transaction is no change: it is
//! written to neither changelog nor store.
//!
//! Reads fetch as many more rows from the store as the transaction has deleted, so that a limit is filled with existing
//! rows.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use indexmap::map::Entry;

use super::counts::CountChanges;
use super::index::{Diff, TimerRow};
use super::{Batch, Change, Result, TimerClock, View};
use crate::codec::Head;
use crate::model::{Key, Timer, Timestamp};

/// The uncommitted changes of one task.
///
/// Changes of the timer index are computed on demand: a timer is hardly ever due within the transaction that schedules
/// it, and most are unscheduled before they are due.
#[derive(Debug, Default)]
pub struct Overlay {
    /// Ordered by first change, so that the order is deterministic.
    entries: IndexMap<Key, Changed, RandomState>,
}

/// A changed entry, relative to the state below: the committed state, or the store.
#[derive(Debug)]
pub(super) struct Changed {
    /// The head in the state below; `None` if there is no such entry.
    old: Option<Arc<Head>>,
    /// The new version; `None` is a tombstone.
    new: Option<Written>,
    /// The changes of its parts.
    parts: Parts,
}

/// The new version of an entry.
#[derive(Debug)]
pub struct Written {
    /// Its head.
    pub head: Arc<Head>,
    /// The encoded entry, including `head` ([`codec::entry::encode`](crate::codec::entry::encode)).
    pub bytes: Bytes,
}

/// Changes of the parts of an entry: first the existing ones are dropped, if so, then new ones are added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// True if the existing parts are dropped.
    pub dropped: bool,
    /// The values of the new parts ([`codec::part::encode`](crate::codec::part::encode)).
    pub added: Vec<Bytes>,
}

impl Overlay {
    /// An overlay without changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an entry. `old` is its head before the step, `None` if there was no entry; `parts` are the changes of its
    /// parts.
    pub fn put(&mut self, key: Key, old: Option<Arc<Head>>, new: Written, parts: Parts) {
        self.change(key, old, Some(new), parts);
    }

    /// Deletes an entry with its timers, acts and parts. `old` is its head before the step, `None` if there was no
    /// entry.
    pub fn delete(&mut self, key: Key, old: Option<Arc<Head>>) {
        self.change(key, old, None, Parts { dropped: true, added: Vec::new() });
    }

    fn change(&mut self, key: Key, old: Option<Arc<Head>>, new: Option<Written>, parts: Parts) {
        let changed = Changed { old, new, parts };
        match self.entries.entry(key) {
            Entry::Occupied(mut before) => {
                if !before.get_mut().merge(changed) {
                    before.swap_remove();
                }
            }
            Entry::Vacant(place) if changed.is_change() => drop(place.insert(changed)),
            Entry::Vacant(_) => {}
        }
    }

    /// The bytes of an entry as seen by the transaction.
    pub fn get(&self, store: &dyn View, key: &Key) -> Result<Option<Bytes>> {
        match self.entries.get(key) {
            Some(changed) => Ok(changed.bytes().cloned()),
            None => store.get(key),
        }
    }

    /// The parts of an entry with this head as seen by the transaction, ordered by number.
    pub fn parts(&self, store: &dyn View, key: &Key, head: &Head) -> Result<Vec<Bytes>> {
        let added = self.entries.get(key).map_or(&[][..], |changed| &changed.parts.added);
        let stored = head.parts.start..head.parts.end.saturating_sub(count(added));
        let counted = store.counted_parts(key, &stored)?.into_iter().map(|(_, bytes)| bytes);
        Ok(counted.chain(added.iter().cloned()).collect())
    }

    /// The head for a new entry: its part numbers follow those of an earlier entry of this key, because those are
    /// deleted after the new ones are written.
    pub fn new_head(&self, key: &Key) -> Arc<Head> {
        let end = self.entries.get(key).and_then(|changed| changed.old.as_ref()).map_or(0, |head| head.parts.end);
        Arc::new(Head { parts: end..end, ..Head::default() })
    }

    /// Up to `limit` timers of one clock that are due at `now`, ordered by (due, slot, key), as seen by the
    /// transaction: without the unscheduled and with the scheduled ones. It scans all changes.
    ///
    /// The step of an earlier timer may still unschedule a later one of this list: check [`Overlay::is_scheduled`]
    /// before firing it.
    pub fn due(&self, store: &dyn View, clock: TimerClock, now: Timestamp, limit: usize) -> Result<Vec<(Key, Timer)>> {
        let is_due = |timer: &Timer| TimerClock::of(timer.kind) == clock && timer.due <= now;
        let (mut gone, mut rows) = (0, BTreeSet::new());
        for (key, changed) in &self.entries {
            gone += changed.diff().removed_timers().filter(is_due).count();
            rows.extend(changed.diff().added_timers().filter(is_due).map(|timer| TimerRow::new(key, timer)));
        }
        let stored = store.due(clock, now, limit.saturating_add(gone))?;
        let stored = stored.iter().filter(|(key, timer)| self.is_scheduled(key, timer));
        rows.extend(stored.map(|(key, timer)| TimerRow::new(key, *timer)));
        Ok(rows.into_iter().take(limit).map(TimerRow::into_timer).collect())
    }

    /// False if this transaction has unscheduled or rescheduled this timer of the store or of [`Overlay::due`].
    pub fn is_scheduled(&self, key: &Key, timer: &Timer) -> bool {
        match self.entries.get(key) {
            Some(changed) => changed.new.as_ref().is_some_and(|written| written.head.timers.contains(timer)),
            None => true,
        }
    }

    /// Each changed entry with its new bytes, or `None` for a tombstone: the records of the changelog.
    pub fn changed(&self) -> impl Iterator<Item = (&Key, Option<&Bytes>)> {
        self.entries.iter().map(|(key, changed)| (key, changed.bytes()))
    }

    /// The added parts with their bytes.
    pub fn new_parts(&self) -> impl Iterator<Item = (&Key, u32, &Bytes)> {
        self.entries
            .iter()
            .flat_map(|(key, changed)| changed.new_parts().map(move |(number, bytes)| (key, number, bytes)))
    }

    /// The parts in the state below that are removed.
    pub fn removed_parts(&self) -> impl Iterator<Item = (&Key, u32)> {
        self.entries.iter().flat_map(|(key, changed)| changed.removed_parts().map(move |number| (key, number)))
    }

    /// The number of changed entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if no entry is changed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Drains all changes into one batch, with these named values (positions).
    pub fn take_batch(&mut self, meta: Vec<(String, Vec<u8>)>) -> Batch {
        let mut changes = Vec::with_capacity(2 * self.entries.len() + meta.len());
        let mut counts = CountChanges::default();
        for (key, changed) in self.drain() {
            changed.count(&mut counts);
            changed.changes(&key, &mut changes);
        }
        changes.extend(counts.into_counts().iter().map(|(bucket, number)| Change::Count(bucket, number)));
        changes.extend(meta.into_iter().map(|(name, value)| Change::PutMeta(name, value)));
        Batch { changes, is_bulk: false }
    }

    /// Drains all changes, ordered by first change.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Key, Changed)> {
        self.entries.drain(..)
    }

    /// Discards all changes, after an abort.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

impl Changed {
    /// False if there was no entry and there is none.
    fn is_change(&self) -> bool {
        self.old.is_some() || self.new.is_some()
    }

    /// Merges a later change into this one; false if the result is no change.
    pub(super) fn merge(&mut self, later: Self) -> bool {
        self.new = later.new;
        self.parts.merge(later.parts);
        self.is_change()
    }

    fn diff(&self) -> Diff<'_> {
        Diff { old: self.old.as_deref(), new: self.head() }
    }

    /// Adds the change to the number of entries.
    pub(super) fn count(&self, counts: &mut CountChanges) {
        counts.change(self.old.as_deref(), self.head());
    }

    /// The new head; `None` for a tombstone.
    pub(super) fn head(&self) -> Option<&Head> {
        self.new.as_ref().map(|written| &*written.head)
    }

    /// The new bytes; `None` for a tombstone.
    pub(super) fn bytes(&self) -> Option<&Bytes> {
        self.new.as_ref().map(|written| &written.bytes)
    }

    /// The timers of the new version.
    pub(super) fn timers(&self) -> impl Iterator<Item = Timer> {
        self.head().into_iter().flat_map(|head| head.timers.iter().copied())
    }

    /// The size of the entry and its new parts in bytes.
    pub(super) fn size(&self) -> usize {
        self.bytes().map_or(0, Bytes::len) + self.parts.added.iter().map(Bytes::len).sum::<usize>()
    }

    /// The numbers of the stored parts that the entry still has.
    pub(super) fn stored_parts(&self) -> Range<u32> {
        self.old.as_ref().filter(|_| !self.parts.dropped).map_or(0..0, |head| head.parts.clone())
    }

    /// The numbers of the stored parts that are removed.
    fn removed_parts(&self) -> Range<u32> {
        self.old.as_ref().filter(|_| self.parts.dropped).map_or(0..0, |head| head.parts.clone())
    }

    /// The new parts with their numbers.
    pub(super) fn new_parts(&self) -> impl Iterator<Item = (u32, &Bytes)> {
        let end = self.head().map_or(0, |head| head.parts.end);
        (end.saturating_sub(count(&self.parts.added))..end).zip(&self.parts.added)
    }

    /// The changes for the store: deletions of parts before additions, which may have the same numbers.
    pub(super) fn changes(&self, key: &Key, changes: &mut Vec<Change>) {
        changes.extend(self.diff().changes(key));
        changes.extend(self.removed_parts().map(|number| Change::DeletePart(key.clone(), number)));
        changes.extend(self.new_parts().map(|(number, bytes)| Change::PutPart(key.clone(), number, bytes.clone())));
        changes.push(match self.bytes() {
            Some(bytes) => Change::PutEntry(key.clone(), bytes.clone()),
            None => Change::DeleteEntry(key.clone()),
        });
    }
}

fn count(parts: &[Bytes]) -> u32 {
    u32::try_from(parts.len()).unwrap_or(u32::MAX)
}

impl Parts {
    /// Merges later changes of parts.
    fn merge(&mut self, later: Self) {
        if later.dropped {
            *self = later;
        } else {
            self.added.extend(later.added);
        }
    }
}
