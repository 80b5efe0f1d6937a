//! One member of a group, as the coordinator sees it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::broker::{GroupEvent, Waker};
use crate::model::{Topic, TopicPartition};

/// Names a member; a member that comes back has a new one.
pub(in crate::broker::memory) type MemberId = u64;

/// A member.
#[derive(Debug)]
pub(in crate::broker::memory) struct Member {
    pub(super) instance: Option<String>,
    pub(super) topics: BTreeSet<Topic>,
    pub(super) waker: Waker,
    /// When it polled last.
    pub(super) seen: Duration,
    /// The generation that it is in; negative before its first.
    pub(super) generation: i32,
    /// What it was given and has not given up.
    pub(super) owned: BTreeSet<TopicPartition>,
    /// What it is to own.
    pub(super) target: BTreeSet<TopicPartition>,
    /// True when it waits for the others in the rebalance that is under way.
    pub(super) joined: bool,
    /// True when it has not been told its new assignment.
    pub(super) due: bool,
    /// True when it gave something up, which a further rebalance is to give away.
    pub(super) rejoins: bool,
}

impl Member {
    /// A member that has not joined yet.
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

    /// Takes the place of an earlier member of the same instance name. What that one held is nobody's until this one is
    /// told of it.
    pub(super) fn succeed(&mut self, predecessor: Self) {
        self.generation = predecessor.generation;
        self.target = predecessor.target;
    }

    /// What to tell the member on the way to its new assignment: first what goes, then what comes.
    ///
    /// A cooperative client is told of every assignment, also of an empty one, as librdkafka does.
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
