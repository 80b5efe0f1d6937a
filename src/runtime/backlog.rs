//! The backlog of a processor: the records that were written before a task of it started here, and are not processed yet.
//!
//! A deadline is a time of events and fires by the wall clock. After an outage it is due before the members that were written in
//! time are read, by this instance or another one. So the deadlines of a task wait, from its start, until the application has
//! processed the backlog of its processor, which `backlog_watch` finds out. What is written later is read at once.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The starts of tasks, by the index of their node.
#[derive(Debug, Default)]
pub(super) struct Backlog(Mutex<BTreeMap<usize, Starts>>);

#[derive(Debug, Default)]
struct Starts {
    /// The number of starts so far.
    latest: u64,
    /// The starts up to this one need not wait any more.
    released: u64,
    /// The number of records to be processed, once they are counted.
    left: Option<i64>,
}

impl Backlog {
    fn starts(&self) -> MutexGuard<'_, BTreeMap<usize, Starts>> {
        // A poisoned lock is usable: a holder panicked between two assignments, which leave no invalid state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a task of a node starts; returns the number of the start.
    pub(super) fn start(&self, node: usize) -> u64 {
        let mut starts = self.starts();
        let starts = starts.entry(node).or_default();
        starts.latest += 1;
        starts.latest
    }

    /// True if the backlog at a start is processed.
    pub(super) fn is_released(&self, node: usize, start: u64) -> bool {
        self.starts().get(&node).is_some_and(|starts| start <= starts.released)
    }

    /// The nodes with a backlog and their latest start.
    pub(super) fn waiting(&self) -> Vec<(usize, u64)> {
        let starts = self.starts();
        let waiting = starts.iter().filter(|(_, starts)| starts.released < starts.latest);
        waiting.map(|(node, starts)| (*node, starts.latest)).collect()
    }

    /// Notes that the backlog at this start, and so at the earlier ones, is processed.
    pub(super) fn release(&self, node: usize, start: u64) {
        if let Some(starts) = self.starts().get_mut(&node) {
            (starts.released, starts.left) = (start, None);
        }
    }

    pub(super) fn set_left(&self, node: usize, records: i64) {
        if let Some(starts) = self.starts().get_mut(&node) {
            starts.left = Some(records);
        }
    }

    /// The number of records in the backlogs for which deadlines wait, transaction markers included; `None` without a backlog.
    pub(super) fn left(&self) -> Option<i64> {
        let starts = self.starts();
        let left: Vec<i64> = starts.values().filter_map(|starts| starts.left).collect();
        (!left.is_empty()).then(|| left.into_iter().sum())
    }
}

#[cfg(test)]
mod tests {
    use super::Backlog;

    #[test]
    fn a_start_waits_until_it_or_a_later_one_is_released() {
        let backlog = Backlog::default();
        let (first, second, other) = (backlog.start(0), backlog.start(0), backlog.start(1));
        assert_eq!(backlog.waiting(), [(0, second), (1, other)]);
        backlog.release(0, first);
        assert_eq!([first, second].map(|start| backlog.is_released(0, start)), [true, false]);
        backlog.release(0, second);
        backlog.set_left(1, 7);
        assert_eq!((backlog.waiting(), backlog.left()), (vec![(1, other)], Some(7)));
        backlog.release(1, other);
        assert_eq!((backlog.waiting(), backlog.left()), (vec![], None));
    }
}
