//! The memory that the tasks of an instance share, wherever their threads are.
//!
//! A task takes what it needs while there is room. When all is taken, whoever has more than an even share gives way, so one
//! that is idle does not keep the others from what is theirs, and one that is alone has everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a task may have whatever the others have, in bytes.
const TASK_BYTES_MIN: usize = 256 << 10;

/// So many bytes for all tasks of an instance.
#[derive(Clone, Debug)]
pub struct Room(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bytes_max: usize,
    taken: AtomicUsize,
    shares: AtomicUsize,
}

impl Room {
    /// A room of which nothing is taken.
    pub fn new(bytes_max: usize) -> Self {
        Self(Arc::new(Inner { bytes_max, taken: AtomicUsize::new(0), shares: AtomicUsize::new(0) }))
    }

    /// A task's share, of which it has taken nothing.
    pub(super) fn share(&self) -> Share {
        self.0.shares.fetch_add(1, Ordering::Relaxed);
        Share { room: self.clone(), bytes: 0 }
    }
}

/// What one task has taken. Dropping it gives all of it back.
#[derive(Debug)]
pub(super) struct Share {
    room: Room,
    bytes: usize,
}

impl Share {
    /// How many bytes it has.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives so many bytes back and takes so many, whether there is room or not.
    pub(super) fn exchange(&mut self, given: usize, taken: usize) {
        // Nothing else is read by what these numbers say, so their order does not matter.
        if taken >= given {
            self.room.0.taken.fetch_add(taken - given, Ordering::Relaxed);
        } else {
            self.room.0.taken.fetch_sub(given - taken, Ordering::Relaxed);
        }
        self.bytes = self.bytes + taken - given;
    }

    /// Gives everything back.
    pub(super) fn clear(&mut self) {
        self.exchange(self.bytes, 0);
    }

    /// True when more is taken than there is, and this has more of it than its part.
    pub(super) fn gives_way(&self) -> bool {
        let Inner { bytes_max, taken, shares } = &*self.room.0;
        let part = || bytes_max / shares.load(Ordering::Relaxed).max(1);
        taken.load(Ordering::Relaxed) > *bytes_max && self.bytes > part().max(TASK_BYTES_MIN)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.clear();
        self.room.0.shares.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn one_task_may_have_everything_until_others_want_their_parts() {
        let room = Room::new(4 * MIB);
        let (mut one, mut other) = (room.share(), room.share());
        one.exchange(0, 4 * MIB);
        assert!(!one.gives_way(), "the other has taken nothing");
        other.exchange(0, MIB);
        assert!(one.gives_way() && !other.gives_way());
        one.exchange(MIB, 0);
        assert!(!one.gives_way(), "there is enough for both");
        drop(one);
        other.exchange(0, 3 * MIB);
        assert!(!other.gives_way(), "it is alone");
        other.exchange(0, 1);
        assert!(other.gives_way());
        other.exchange(4 * MIB, 0);
        assert_eq!(other.bytes(), 1);
    }

    #[test]
    fn every_task_has_a_little_however_many_there_are() {
        let room = Room::new(0);
        let mut shares: Vec<_> = (0..10).map(|_| room.share()).collect();
        for share in &mut shares {
            share.exchange(0, TASK_BYTES_MIN);
        }
        assert!(!shares.iter().any(Share::gives_way));
    }
}
