//! The memory that the tasks of an instance reservation, wherever their threads are.
//!
//! A task takes what it needs while there is budget. When all is taken, whoever has more than an even reservation gives way, so one
//! that is idle does not keep the others from what is theirs, and one that is alone has everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a task may have whatever the others have, in bytes.
const TASK_BYTES_MIN: usize = 256 << 10;

/// So many bytes for all tasks of an instance.
#[derive(Clone, Debug)]
pub struct MemoryBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bytes_max: usize,
    taken: AtomicUsize,
    reservations: AtomicUsize,
}

impl MemoryBudget {
    /// A budget of which nothing is taken.
    pub fn new(bytes_max: usize) -> Self {
        Self(Arc::new(Inner { bytes_max, taken: AtomicUsize::new(0), reservations: AtomicUsize::new(0) }))
    }

    /// A task's reservation, of which it has taken nothing.
    pub(super) fn reserve(&self) -> Reservation {
        self.0.reservations.fetch_add(1, Ordering::Relaxed);
        Reservation { budget: self.clone(), bytes: 0 }
    }
}

/// What one task has taken. Dropping it gives all of it back.
#[derive(Debug)]
pub(super) struct Reservation {
    budget: MemoryBudget,
    bytes: usize,
}

impl Reservation {
    /// How many bytes it has.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives so many bytes back and takes so many, whether there is budget or not.
    pub(super) fn resize(&mut self, given: usize, taken: usize) {
        // Nothing else is read by what these numbers say, so their order does not matter.
        if taken >= given {
            self.budget.0.taken.fetch_add(taken - given, Ordering::Relaxed);
        } else {
            self.budget.0.taken.fetch_sub(given - taken, Ordering::Relaxed);
        }
        self.bytes = self.bytes + taken - given;
    }

    /// Gives everything back.
    pub(super) fn clear(&mut self) {
        self.resize(self.bytes, 0);
    }

    /// True when more is taken than there is, and this has more of it than its part.
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
    fn one_task_may_have_everything_until_others_want_their_parts() {
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
