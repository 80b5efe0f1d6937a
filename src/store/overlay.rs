//! What a transaction has changed and not yet committed, over what is committed.
//!
//! ```text
//!            get, due                          commit: changed -> changelog, and all of it behind
//!   step ◀──────────────────── Overlay ──────▶
//!        ────────────────────▶    over         abort:  clear
//!            put, delete         View
//! ```
//!
//! What is committed ([`write_behind`](super::write_behind), and the store) changes when Kafka has committed the
//! transaction; until then every read goes through here. An entry that changes more than once is one change, from what is
//! committed to what it became last. An entry that came and went within the transaction is no change at all: neither the
//! changelog nor the store need to hear of it.
//!
//! The reads ask the store for as many rows more as the transaction has taken away, so that a limit is always filled from
//! what is really there.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use indexmap::map::Entry;

use super::index::{Diff, TimerRow};
use super::{Batch, Change, Result, TimerClock, View};
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

/// One entry that differs from what lies beneath: what is committed, or the store.
#[derive(Debug)]
pub(super) struct Changed {
    /// The head that it has there; `None` when there is no such entry.
    old: Option<Arc<Head>>,
    /// What the entry has become; `None` is a tombstone.
    new: Option<Written>,
    /// What has become of its parts.
    parts: Parts,
}

/// An entry as a step leaves it.
#[derive(Debug)]
pub struct Written {
    /// Its head.
    pub head: Arc<Head>,
    /// The whole entry, of which `head` is the head ([`codec::entry::encode`](crate::codec::entry::encode)).
    pub bytes: Bytes,
}

/// What happens to the parts of an entry: the ones before go, when they do, and then new ones are added behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// True when those that there were are forgotten.
    pub dropped: bool,
    /// The values of the new ones ([`codec::part::encode`](crate::codec::part::encode)).
    pub added: Vec<Bytes>,
}

impl Overlay {
    /// An overlay without changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an entry. `old` is the head of the entry as the step found it, `None` when there was none; `parts` is what the
    /// step does to its parts.
    pub fn put(&mut self, key: Key, old: Option<Arc<Head>>, new: Written, parts: Parts) {
        self.change(key, old, Some(new), parts);
    }

    /// Deletes an entry with its timers, acts and parts. `old` is its head as the step found it, `None` when there was none.
    pub fn delete(&mut self, key: Key, old: Option<Arc<Head>>) {
        self.change(key, old, None, Parts { dropped: true, added: Vec::new() });
    }

    fn change(&mut self, key: Key, old: Option<Arc<Head>>, new: Option<Written>, parts: Parts) {
        let changed = Changed { old, new, parts };
        match self.entries.entry(key) {
            Entry::Occupied(mut before) => {
                if !before.get_mut().follow(changed) {
                    before.swap_remove();
                }
            }
            Entry::Vacant(place) if changed.is_change() => drop(place.insert(changed)),
            Entry::Vacant(_) => {}
        }
    }

    /// The bytes of an entry as the transaction sees it.
    pub fn get(&self, store: &dyn View, key: &Key) -> Result<Option<Bytes>> {
        match self.entries.get(key) {
            Some(changed) => Ok(changed.bytes().cloned()),
            None => store.get(key),
        }
    }

    /// The parts of an entry with this head as the transaction sees them, in the order of their numbers.
    pub fn parts(&self, store: &dyn View, key: &Key, head: &Head) -> Result<Vec<Bytes>> {
        let added = self.entries.get(key).map_or(&[][..], |changed| &changed.parts.added);
        let stored = head.parts.start..head.parts.end.saturating_sub(count(added));
        let counted = store.counted_parts(key, &stored)?.into_iter().map(|(_, bytes)| bytes);
        Ok(counted.chain(added.iter().cloned()).collect())
    }

    /// The head of an entry that is not there, and may come: the numbers of its parts follow those that an entry of this
    /// key had before the transaction, because they are deleted after the new ones are written.
    pub fn new_head(&self, key: &Key) -> Arc<Head> {
        let end = self.entries.get(key).and_then(|changed| changed.old.as_ref()).map_or(0, |head| head.parts.end);
        Arc::new(Head { parts: end..end, ..Head::default() })
    }

    /// Up to `limit` timers of one clock that are due at `now`, in the order of (due, slot, key), as the transaction sees
    /// them: one that it unscheduled or moved is not there, one that it scheduled is. Goes through all changes.
    ///
    /// A timer of this list can still be taken back by the step of one before it: ask [`Overlay::is_scheduled`] as it
    /// fires.
    pub fn due(&self, store: &dyn View, clock: TimerClock, now: Timestamp, limit: usize) -> Result<Vec<(Key, Timer)>> {
        let is_due = |timer: &Timer| TimerClock::of(timer.kind) == clock && timer.due <= now;
        let (mut gone, mut rows) = (0, BTreeSet::new());
        for (key, changed) in &self.entries {
            gone += changed.diff().timers_gone().filter(is_due).count();
            rows.extend(changed.diff().timers_new().filter(is_due).map(|timer| TimerRow::new(key, timer)));
        }
        let stored = store.due(clock, now, limit.saturating_add(gone))?;
        let stored = stored.iter().filter(|(key, timer)| self.is_scheduled(key, timer));
        rows.extend(stored.map(|(key, timer)| TimerRow::new(key, *timer)));
        Ok(rows.into_iter().take(limit).map(TimerRow::into_timer).collect())
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
        self.entries.iter().map(|(key, changed)| (key, changed.bytes()))
    }

    /// The parts that are new, with their bytes.
    pub fn new_parts(&self) -> impl Iterator<Item = (&Key, u32, &Bytes)> {
        self.entries
            .iter()
            .flat_map(|(key, changed)| changed.new_parts().map(move |(number, bytes)| (key, number, bytes)))
    }

    /// The parts that the store has and that are gone.
    pub fn gone_parts(&self) -> impl Iterator<Item = (&Key, u32)> {
        self.entries.iter().flat_map(|(key, changed)| changed.gone_parts().map(move |number| (key, number)))
    }

    /// How many entries are changed.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when no entry is changed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes everything out, as one batch that makes the store what the transaction saw, with these named values
    /// (positions).
    pub fn take_batch(&mut self, meta: Vec<(String, Vec<u8>)>) -> Batch {
        let mut changes = Vec::with_capacity(2 * self.entries.len() + meta.len());
        for (key, changed) in self.drain() {
            changed.changes(&key, &mut changes);
        }
        changes.extend(meta.into_iter().map(|(name, value)| Change::PutMeta(name, value)));
        Batch { changes, is_bulk: false }
    }

    /// Takes everything out, in the order in which keys changed first.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Key, Changed)> {
        self.entries.drain(..)
    }

    /// Forgets every change: because the transaction was aborted.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

impl Changed {
    /// False for an entry that was not there and is not there.
    fn is_change(&self) -> bool {
        self.old.is_some() || self.new.is_some()
    }

    /// Becomes what it and a later change come to together; false when that is no change.
    pub(super) fn follow(&mut self, later: Self) -> bool {
        self.new = later.new;
        self.parts.follow(later.parts);
        self.is_change()
    }

    fn diff(&self) -> Diff<'_> {
        Diff { old: self.old.as_deref(), new: self.head() }
    }

    /// The head that it has become; `None` for a tombstone.
    pub(super) fn head(&self) -> Option<&Head> {
        self.new.as_ref().map(|written| &*written.head)
    }

    /// The bytes that it has become; `None` for a tombstone.
    pub(super) fn bytes(&self) -> Option<&Bytes> {
        self.new.as_ref().map(|written| &written.bytes)
    }

    /// The timers that it has.
    pub(super) fn timers(&self) -> impl Iterator<Item = Timer> {
        self.head().into_iter().flat_map(|head| head.timers.iter().copied())
    }

    /// How many bytes the entry and its new parts have.
    pub(super) fn size(&self) -> usize {
        self.bytes().map_or(0, Bytes::len) + self.parts.added.iter().map(Bytes::len).sum::<usize>()
    }

    /// The numbers of the parts that the store has and that are still the entry's.
    pub(super) fn stored_parts(&self) -> Range<u32> {
        self.old.as_ref().filter(|_| !self.parts.dropped).map_or(0..0, |head| head.parts.clone())
    }

    /// The numbers of the parts that the store has and that are gone.
    fn gone_parts(&self) -> Range<u32> {
        self.old.as_ref().filter(|_| self.parts.dropped).map_or(0..0, |head| head.parts.clone())
    }

    /// The new parts by their numbers.
    pub(super) fn new_parts(&self) -> impl Iterator<Item = (u32, &Bytes)> {
        let end = self.head().map_or(0, |head| head.parts.end);
        (end.saturating_sub(count(&self.parts.added))..end).zip(&self.parts.added)
    }

    /// What the store has to change for it: the parts that go before those that come, whose numbers may be the same.
    pub(super) fn changes(&self, key: &Key, changes: &mut Vec<Change>) {
        changes.extend(self.diff().changes(key));
        changes.extend(self.gone_parts().map(|number| Change::DeletePart(key.clone(), number)));
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
    /// What these and later ones come to together.
    fn follow(&mut self, later: Self) {
        if later.dropped {
            *self = later;
        } else {
            self.added.extend(later.added);
        }
    }
}
