//! The tables of one task in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::super::counts::Counts;
use super::super::index::TimerRow;
use super::super::{Change, StatusRow};
use crate::model::{ActSlot, Key};

/// The contents of a task's directory.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    pub(super) entries: BTreeMap<Key, Bytes>,
    pub(super) timers: BTreeSet<TimerRow>,
    pub(super) statuses: BTreeSet<StatusRow>,
    pub(super) acts: BTreeSet<(Key, ActSlot)>,
    pub(super) parts: BTreeMap<(Key, u32), Bytes>,
    pub(super) meta: BTreeMap<String, Vec<u8>>,
    pub(super) counts: Counts,
}

impl Disk {
    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::PutEntry(key, bytes) => {
                self.entries.insert(key.clone(), bytes.clone());
            }
            Change::DeleteEntry(key) => {
                self.entries.remove(key);
            }
            Change::PutTimer(key, timer) => {
                self.timers.insert(TimerRow::new(key, *timer));
            }
            Change::DeleteTimer(key, timer) => {
                self.timers.remove(&TimerRow::new(key, *timer));
            }
            Change::PutAct(key, slot) => {
                self.acts.insert((key.clone(), *slot));
            }
            Change::DeleteAct(key, slot) => {
                self.acts.remove(&(key.clone(), *slot));
            }
            Change::PutStatus(row) => {
                self.statuses.insert(row.clone());
            }
            Change::DeleteStatus(row) => {
                self.statuses.remove(row);
            }
            Change::PutPart(key, number, bytes) => {
                self.parts.insert((key.clone(), *number), bytes.clone());
            }
            Change::DeletePart(key, number) => {
                self.parts.remove(&(key.clone(), *number));
            }
            Change::Count(bucket, number) => {
                self.counts.add(*bucket, *number);
            }
            Change::PutMeta(name, value) => {
                self.meta.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Locks a mutex, also a poisoned one: each change of the tables is complete or not begun.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
