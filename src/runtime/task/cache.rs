//! A bounded cache of the decoded entries of a task, which saves reading and decoding an entry again for a bundle's
//! second event.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::codec::Head;
use crate::model::Key;
use crate::processor::Body;
use crate::runtime::memory_budget::Reservation;

/// The memory of an entry besides its encoded bytes, in bytes: its key twice, tables, and the larger decoded form.
const ENTRY_OVERHEAD: usize = 512;

/// A decoded entry, the input of a step.
#[derive(Debug)]
pub(super) struct Decoded {
    /// Timers and pending acts.
    pub head: Arc<Head>,
    /// The processor's state.
    pub body: Body,
    /// The size of its parts in bytes.
    pub parts_size: usize,
}

/// Decoded entries, evicted in the order of insertion when the instance's memory budget is exceeded. They may be
/// uncommitted: an abort clears the cache with the overlay.
#[derive(Debug)]
pub(super) struct Cache {
    entries: HashMap<Key, CachedEntry, RandomState>,
    /// In the order of insertion; stale if `entries` does not have the key under this number.
    order: VecDeque<(Key, u64)>,
    /// The number of inserted entries so far.
    inserted: u64,
    reservation: Reservation,
}

#[derive(Debug)]
struct CachedEntry {
    /// `None` while a step has taken it.
    decoded: Option<Decoded>,
    bytes: usize,
    number: u64,
}

impl Cache {
    /// A cache with its reservation of the memory budget.
    pub(super) fn new(reservation: Reservation) -> Self {
        Self { entries: HashMap::default(), order: VecDeque::new(), inserted: 0, reservation }
    }

    /// The entry, if it is cached.
    pub(super) fn get(&self, key: &Key) -> Option<&Decoded> {
        self.entries.get(key)?.decoded.as_ref()
    }

    /// Takes the entry for a step, if it is cached. Afterwards put the new version back, or remove it.
    pub(super) fn take(&mut self, key: &Key) -> Option<Decoded> {
        self.entries.get_mut(key)?.decoded.take()
    }

    /// Caches the new version of an entry; `encoded` is its encoded size in bytes. It is never evicted at once, however
    /// large it is.
    pub(super) fn put(&mut self, key: &Key, decoded: Decoded, encoded: usize) {
        let bytes = encoded + decoded.parts_size + key.as_bytes().len() + ENTRY_OVERHEAD;
        if let Some(cached) = self.entries.get_mut(key) {
            self.reservation.resize(cached.bytes, bytes);
            (cached.decoded, cached.bytes) = (Some(decoded), bytes);
        } else {
            self.inserted += 1;
            self.reservation.resize(0, bytes);
            self.order.push_back((key.clone(), self.inserted));
            self.entries.insert(key.clone(), CachedEntry { decoded: Some(decoded), bytes, number: self.inserted });
        }
        self.evict();
        self.compact_order();
    }

    /// Evicts the oldest entries but the last one, while the task has to give memory back.
    pub(super) fn evict(&mut self) {
        while self.entries.len() > 1 && self.reservation.must_evict() {
            let Some((oldest, number)) = self.order.pop_front() else { break };
            if self.is_current(&oldest, number) {
                self.remove(&oldest);
            }
        }
    }

    /// Drops the stale items of the order, once they are more than the entries: constant time for each of them.
    fn compact_order(&mut self) {
        if self.order.len() > 2 * self.entries.len() + 16 {
            let mut order = std::mem::take(&mut self.order);
            order.retain(|(key, number)| self.is_current(key, *number));
            self.order = order;
        }
    }

    fn is_current(&self, key: &Key, number: u64) -> bool {
        self.entries.get(key).is_some_and(|cached| cached.number == number)
    }

    /// Removes an entry.
    pub(super) fn remove(&mut self, key: &Key) {
        if let Some(cached) = self.entries.remove(key) {
            self.reservation.resize(cached.bytes, 0);
        }
    }

    /// Removes all entries.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
        self.reservation.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::memory_budget::MemoryBudget;
    use crate::runtime::task::tests::decoded;

    const BYTES: usize = 1 << 20;

    fn put(cache: &mut Cache, key: &str, encoded: usize) {
        cache.put(&Key::new(key), decoded(0), encoded);
        assert!(cache.get(&Key::new(key)).is_some(), "{key} has just come");
    }

    #[test]
    fn the_first_to_come_goes_when_there_are_too_many_bytes() {
        let mut cache = Cache::new(MemoryBudget::new(BYTES).reserve());
        for key in ["a", "b", "c"] {
            put(&mut cache, key, BYTES / 3);
        }
        assert!(cache.get(&Key::new("a")).is_none() && cache.get(&Key::new("b")).is_some());
        put(&mut cache, "large", 2 * BYTES);
        assert_eq!(cache.entries.len(), 1);
        cache.clear();
        assert_eq!(cache.reservation.bytes(), 0);
    }

    #[test]
    fn an_idle_task_with_more_than_its_share_evicts() {
        let budget = MemoryBudget::new(4 * BYTES);
        let (mut idle, mut busy) = (Cache::new(budget.reserve()), Cache::new(budget.reserve()));
        for key in ["a", "b", "c", "d"] {
            put(&mut idle, key, BYTES - 1_000);
        }
        for key in ["e", "f"] {
            put(&mut busy, key, BYTES - 1_000);
        }
        idle.evict();
        assert_eq!((idle.entries.len(), busy.entries.len()), (2, 2), "as much as fits");
    }

    #[test]
    fn an_entry_that_was_taken_and_not_put_back_leaves_nothing() {
        let mut cache = Cache::new(MemoryBudget::new(BYTES).reserve());
        put(&mut cache, "a", 100);
        for key in 0..100 {
            put(&mut cache, &key.to_string(), 100);
        }
        for key in 0..100 {
            cache.remove(&Key::new(&key.to_string()));
        }
        assert!(cache.take(&Key::new("a")).is_some());
        assert!(cache.take(&Key::new("a")).is_none() && cache.get(&Key::new("a")).is_none());
        cache.remove(&Key::new("a"));
        assert_eq!(cache.reservation.bytes(), 0);
        put(&mut cache, "a", 100);
    }

    #[test]
    fn entries_that_stay_are_not_evicted_for_others_that_come_and_go() {
        let mut cache = Cache::new(MemoryBudget::new(64 * BYTES).reserve());
        let kept: Vec<Key> = (0..1000).map(|number| Key::new(&format!("kept-{number}"))).collect();
        for key in &kept {
            cache.put(key, decoded(0), 100);
        }
        for number in 0..2000 {
            let key = Key::new(&format!("closed-{number}"));
            cache.put(&key, decoded(0), 100);
            cache.remove(&key);
        }
        assert_eq!(kept.iter().filter(|key| cache.get(key).is_some()).count(), kept.len());
        assert!(cache.order.len() < 3 * kept.len(), "{}", cache.order.len());
    }

    #[test]
    fn an_entry_that_has_come_is_there_although_it_was_removed_before() {
        let mut cache = Cache::new(MemoryBudget::new(BYTES).reserve());
        for _ in 0..100 {
            for key in ["a", "b"] {
                put(&mut cache, key, 100);
                cache.remove(&Key::new(key));
            }
        }
        put(&mut cache, "a", 100);
        assert!(cache.order.len() < 20, "{}", cache.order.len());
        assert_eq!(cache.reservation.bytes(), 100 + 1 + ENTRY_OVERHEAD);
    }
}
