//! A member of a group in the coordinator.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::broker::{GroupEvent, Waker};
use crate::model::{Topic, TopicPartition};

/// The id of a member; a member that rejoins has a new one.
pub(in crate::broker::memory) type MemberId = u64;

/// A member.
#[derive(Debug)]
pub(in crate::broker::memory) struct Member {
    pub(super) instance: Option<String>,
    pub(super) topics: BTreeSet<Topic>,
    pub(super) waker: Waker,
    /// The time of its last poll.
    pub(super) seen: Duration,
    /// Its generation; negative before the first.
    pub(super) generation: i32,
    /// The partitions that it was assigned and has not given up.
    pub(super) owned: BTreeSet<TopicPartition>,
    /// The partitions of the current assignment.
    pub(super) target: BTreeSet<TopicPartition>,
    /// True if it has joined the rebalance in progress.
    pub(super) joined: bool,
    /// True if it has not received its new assignment.
    pub(super) due: bool,
    /// True if it has given up partitions, which need another rebalance.
    pub(super) rejoins: bool,
}

impl Member {
    /// A member before its first join.
    pub(in crate::broker::memory) const fn new(
        instance: Option<String>,
        topics: BTreeSet<Topic>,
        waker: Waker,
    ) -> Self {
        Self {
            instance,
            topics,
            waker,
            seen: Duration::ZERO,
            generation: -1,
            owned: BTreeSet::new(),
            target: BTreeSet::new(),
            joined: false,
            due: false,
            rejoins: false,
        }
    }

    /// Replaces an earlier member with the same instance name. The partitions of that one have no owner until they are
    /// assigned again.
    pub(super) fn succeed(&mut self, predecessor: Self) {
        self.generation = predecessor.generation;
        self.target = predecessor.target;
    }

    /// The next event on the way to the current assignment: first the revocation, then the assignment.
    ///
    /// A cooperative client gets an event for every assignment, also for an empty one, as from librdkafka.
    pub(super) fn next_event(&mut self) -> Option<GroupEvent> {
        let going: Vec<_> = self.owned.difference(&self.target).cloned().collect();
        if !going.is_empty() {
            self.rejoins = true;
            return Some(GroupEvent::Revoked(going));
        }
        self.due = false;
        let coming: Vec<_> = self.target.difference(&self.owned).cloned().collect();
        self.owned.clone_from(&self.target);
        if coming.is_empty() && self.rejoins { None } else { Some(GroupEvent::Assigned(coming)) }
    }
}
