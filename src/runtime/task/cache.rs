//! Decoded entries of one task, bounded, so that a bundle's second event does not read and decode its entry again.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::codec::Head;
use crate::model::Key;
use crate::processor::Body;
use crate::runtime::memory_budget::Reservation;

/// What an entry takes besides its encoded bytes: its key twice, tables, and a decoded form that is larger.
const ENTRY_OVERHEAD: usize = 512;

/// An entry as the step function sees it.
#[derive(Debug)]
pub(super) struct Decoded {
    /// Timers and pending acts.
    pub head: Arc<Head>,
    /// The processor's state.
    pub body: Body,
    /// How many bytes its parts have.
    pub parts_size: usize,
}

/// Decoded entries, the longest-kept going first when the instance has no budget. It may hold what a transaction has not
/// committed: on an abort it is cleared together with the overlay.
#[derive(Debug)]
pub(super) struct Cache {
    entries: HashMap<Key, Kept, RandomState>,
    /// In the order in which they came; what is not in `entries` under the same number was removed meanwhile.
    order: VecDeque<(Key, u64)>,
    came: u64,
    reservation: Reservation,
}

#[derive(Debug)]
struct Kept {
    /// `None` while a step has it.
    decoded: Option<Decoded>,
    weight: usize,
    number: u64,
}

impl Cache {
    /// A cache with a reservation of what its instance has budget for, in bytes as they are counted here.
    pub(super) fn new(reservation: Reservation) -> Self {
        Self { entries: HashMap::default(), order: VecDeque::new(), came: 0, reservation }
    }

    /// The entry, if it is here.
    pub(super) fn get(&self, key: &Key) -> Option<&Decoded> {
        self.entries.get(key)?.decoded.as_ref()
    }

    /// Gives the entry out, if it is here. Its place is kept for what comes of it: put it back, or remove it.
    pub(super) fn take(&mut self, key: &Key) -> Option<Decoded> {
        self.entries.get_mut(key)?.decoded.take()
    }

    /// Keeps an entry in place of an earlier one of the same key; `encoded` is how many bytes it has when it is stored. An
    /// entry that was not here before is here afterwards, however large it is.
    pub(super) fn put(&mut self, key: &Key, decoded: Decoded, encoded: usize) {
        let weight = encoded + decoded.parts_size + key.as_bytes().len() + ENTRY_OVERHEAD;
        if let Some(kept) = self.entries.get_mut(key) {
            self.reservation.resize(kept.weight, weight);
            (kept.decoded, kept.weight) = (Some(decoded), weight);
        } else {
            self.came += 1;
            self.reservation.resize(0, weight);
            self.order.push_back((key.clone(), self.came));
            self.entries.insert(key.clone(), Kept { decoded: Some(decoded), weight, number: self.came });
        }
        self.evict();
    }

    /// Forgets the longest-kept entries while others have no budget for theirs, all but the last one.
    pub(super) fn evict(&mut self) {
        while self.entries.len() > 1 && self.reservation.must_evict() || self.order.len() > 2 * self.entries.len() + 16
        {
            let Some((oldest, number)) = self.order.pop_front() else { break };
            if self.entries.get(&oldest).is_some_and(|kept| kept.number == number) {
                self.remove(&oldest);
            }
        }
    }

    /// Forgets an entry.
    pub(super) fn remove(&mut self, key: &Key) {
        if let Some(kept) = self.entries.remove(key) {
            self.reservation.resize(kept.weight, 0);
        }
    }

    /// Forgets everything.
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
    fn who_has_more_than_its_part_gives_way_although_it_is_idle() {
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
