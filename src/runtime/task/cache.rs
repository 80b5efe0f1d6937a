//! Decoded entries of one task, bounded, so that a bundle's second event does not read and decode its entry again.

use std::collections::{HashMap, VecDeque};

use crate::codec::Head;
use crate::model::Key;
use crate::processor::Body;

/// How many decoded entries one task keeps.
const ENTRIES_MAX: usize = 20_000;

/// An entry as the step function sees it.
#[derive(Debug)]
pub(super) struct Decoded {
    /// Timers and pending acts.
    pub head: Head,
    /// The processor's state.
    pub body: Body,
}

/// Decoded entries, the longest-kept going first. It may hold what a transaction has not committed: on an abort it is
/// cleared together with the overlay.
#[derive(Debug, Default)]
pub(super) struct Cache {
    entries: HashMap<Key, Decoded>,
    order: VecDeque<Key>,
}

impl Cache {
    /// The entry, if it is here.
    pub(super) fn get(&self, key: &Key) -> Option<&Decoded> {
        self.entries.get(key)
    }

    /// Keeps an entry in place of an earlier one of the same key.
    pub(super) fn put(&mut self, key: &Key, entry: Decoded) {
        if self.entries.insert(key.clone(), entry).is_none() {
            self.order.push_back(key.clone());
        }
        while self.entries.len() > ENTRIES_MAX || self.order.len() > 2 * ENTRIES_MAX {
            let Some(oldest) = self.order.pop_front() else { break };
            self.entries.remove(&oldest);
        }
    }

    /// Forgets an entry.
    pub(super) fn remove(&mut self, key: &Key) {
        self.entries.remove(key);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
    }
}
