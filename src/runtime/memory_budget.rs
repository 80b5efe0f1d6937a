//! The memory budget for the decoded entries of an instance's tasks.
//!
//! A task reserves memory as it needs it. Above the budget, tasks with more than an even share must evict entries, so
//! that an idle task does not hold back the others and a single one can use everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The memory that a task may always reserve, in bytes.
const TASK_BYTES_MIN: usize = 256 << 10;

/// The budget of all tasks of an instance.
#[derive(Clone, Debug)]
pub struct MemoryBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bytes_max: usize,
    taken: AtomicUsize,
    reservations: AtomicUsize,
}

impl MemoryBudget {
    /// An empty budget of `bytes_max` bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self(Arc::new(Inner { bytes_max, taken: AtomicUsize::new(0), reservations: AtomicUsize::new(0) }))
    }

    /// The empty reservation of a task.
    pub(super) fn reserve(&self) -> Reservation {
        self.0.reservations.fetch_add(1, Ordering::Relaxed);
        Reservation { budget: self.clone(), bytes: 0 }
    }
}

/// The reservation of a task. Dropping it releases all of it.
#[derive(Debug)]
pub(super) struct Reservation {
    budget: MemoryBudget,
    bytes: usize,
}

impl Reservation {
    /// The reserved bytes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Releases `given` bytes and reserves `taken` bytes, whether the budget allows it or not.
    pub(super) fn resize(&mut self, given: usize, taken: usize) {
        // The numbers guard no other data, so their memory order does not matter.
        if taken >= given {
            self.budget.0.taken.fetch_add(taken - given, Ordering::Relaxed);
        } else {
            self.budget.0.taken.fetch_sub(given - taken, Ordering::Relaxed);
        }
        self.bytes = self.bytes + taken - given;
    }

    /// Releases everything.
    pub(super) fn clear(&mut self) {
        self.resize(self.bytes, 0);
    }

    /// True if the budget is exceeded and this task has more than its share.
    pub(super) fn must_evict(&self) -> bool {
        let Inner { bytes_max, taken, reservations } = &*self.budget.0;
        let part = || bytes_max / reservations.load(Ordering::Relaxed).max(1);
        taken.load(Ordering::Relaxed) > *bytes_max && self.bytes > part().max(TASK_BYTES_MIN)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.clear();
        self.budget.0.reservations.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn one_task_may_have_everything_until_others_want_their_shares() {
        let budget = MemoryBudget::new(4 * MIB);
        let (mut one, mut other) = (budget.reserve(), budget.reserve());
        one.resize(0, 4 * MIB);
        assert!(!one.must_evict(), "the other has taken nothing");
        other.resize(0, MIB);
        assert!(one.must_evict() && !other.must_evict());
        one.resize(MIB, 0);
        assert!(!one.must_evict(), "there is enough for both");
        drop(one);
        other.resize(0, 3 * MIB);
        assert!(!other.must_evict(), "it is alone");
        other.resize(0, 1);
        assert!(other.must_evict());
        other.resize(4 * MIB, 0);
        assert_eq!(other.bytes(), 1);
    }

    #[test]
    fn every_task_has_a_little_however_many_there_are() {
        let budget = MemoryBudget::new(0);
        let mut reservations: Vec<_> = (0..10).map(|_| budget.reserve()).collect();
        for reservation in &mut reservations {
            reservation.resize(0, TASK_BYTES_MIN);
        }
        assert!(!reservations.iter().any(Reservation::must_evict));
    }
}
