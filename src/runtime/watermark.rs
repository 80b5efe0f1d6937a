//! The watermarks of an instance's nodes, by which deadlines fire.
//!
//! The watermark of a node is a time of the wall clock: everything that was in the sources of its processor then is processed, by
//! whichever instance. A deadline is a time of events, so it fires when the watermark has passed it, less a grace for records that are
//! written a little after their time: after an outage it waits for what was written meanwhile. `watermark_round` finds watermarks out,
//! for nodes that want one; where no deadline is due nothing is asked.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::Timestamp;

/// The watermarks by the index of the node, shared by the threads of an instance.
#[derive(Debug, Default)]
pub(super) struct Watermarks(Mutex<BTreeMap<usize, Node>>);

#[derive(Debug, Default)]
struct Node {
    /// `None`: not known yet.
    watermark: Option<Timestamp>,
    /// True from the request of a thread until the next watermark.
    wanted: bool,
    /// What holds the deadlines, while they wait.
    hold: Option<Hold>,
}

/// What deadlines that are due wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The time for which they wait.
    pub lasted: Duration,
    /// The number of records that are not processed, transaction markers included.
    pub records: i64,
    /// The partitions with these, the first ones.
    pub partitions: Vec<String>,
}

impl Watermarks {
    fn nodes(&self) -> MutexGuard<'_, BTreeMap<usize, Node>> {
        // A poisoned lock is usable: a holder panicked between two assignments, which leave no invalid state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The watermark of a node at this time of the wall clock; [`Timestamp::MIN`] while unknown. One from the future was measured
    /// before the clock was set back, and says nothing.
    pub(super) fn of(&self, node: usize, now: Timestamp) -> Timestamp {
        let watermark = self.nodes().get(&node).and_then(|node| node.watermark);
        watermark.filter(|watermark| *watermark <= now).unwrap_or(Timestamp::MIN)
    }

    /// Asks for a newer watermark of a node.
    pub(super) fn want(&self, node: usize) {
        self.nodes().entry(node).or_default().wanted = true;
    }

    /// The nodes that want a newer one.
    pub(super) fn wanted(&self) -> Vec<usize> {
        self.nodes().iter().filter(|(_, node)| node.wanted).map(|(index, _)| *index).collect()
    }

    /// Sets the watermark of a node.
    pub(super) fn set(&self, node: usize, watermark: Timestamp) {
        let mut nodes = self.nodes();
        let node = nodes.entry(node).or_default();
        (node.watermark, node.wanted) = (Some(watermark), false);
    }

    /// Sets or clears what holds the deadlines of a node.
    pub(super) fn set_hold(&self, node: usize, hold: Option<Hold>) {
        self.nodes().entry(node).or_default().hold = hold;
    }

    /// What holds the deadlines of the nodes, by index.
    pub(super) fn holds(&self) -> BTreeMap<usize, Hold> {
        self.nodes().iter().filter_map(|(index, node)| Some((*index, node.hold.clone()?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, Watermarks};

    #[test]
    fn a_watermark_from_the_future_says_nothing() {
        let (watermarks, at) = (Watermarks::default(), Timestamp::from_millis);
        assert_eq!(watermarks.of(0, at(10)), Timestamp::MIN);
        watermarks.want(0);
        assert_eq!(watermarks.wanted(), [0]);
        watermarks.set(0, at(10));
        assert_eq!(
            (watermarks.wanted(), watermarks.of(0, at(10)), watermarks.of(1, at(10))),
            (vec![], at(10), Timestamp::MIN)
        );
        assert_eq!(watermarks.of(0, at(9)), Timestamp::MIN, "the clock was set back");
    }
}
