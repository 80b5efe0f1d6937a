//! What is remembered of one bundle between steps.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{CHILDREN_MAX, Fingerprint, Role};
use crate::model::Timestamp;

/// How many deviations of one bundle are alerted; further ones are counted only.
pub const REPORTED_MAX: usize = 64;

/// A bundle. No state at all: nothing has been seen of it, or its closed marker has been dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for members, and its deadline is ahead.
    Open(Gathering),
    /// It waits for members, and the breach of its deadline has been alerted.
    Breached(Gathering),
    /// It has ended; a marker recognises what comes too late.
    Closed(Marker),
}

/// The members that have come, and how many there will be. Cloning it shares the members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathering {
    /// The parent, when it has come.
    pub parent: Option<Arc<Member>>,
    /// The children that have come, in the order of (event time, id), which does not depend on their arrival.
    pub children: Vec<Arc<Member>>,
    /// How many children there will be; decided by the parent's arrival.
    pub wanted: Option<u32>,
    /// The deviations that have been alerted, in their order; at most [`REPORTED_MAX`].
    pub reported: Vec<Fingerprint>,
}

/// One member event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its own id, in the topology's form.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// Which child it says it is, from 1 to [`CHILDREN_MAX`]; `None` for a parent and for a child that does not say.
    pub place: Option<u32>,
    /// The original payload: one JSON text.
    pub content: Bytes,
    /// Where it was read.
    pub origin: Origin,
}

/// The coordinates of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

/// What is left of a bundle that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// How it ended.
    pub ending: Ending,
    /// Its members: fingerprints of name and content, in the order of the names'.
    pub seen: Vec<(Fingerprint, Fingerprint)>,
    /// As [`Gathering::reported`].
    pub reported: Vec<Fingerprint>,
}

/// How a bundle ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every member came, and it was handed on.
    Completed,
}

/// Who has not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The parent has not.
    pub parent: bool,
    /// The places of the children that have not, ascending.
    pub children: Vec<u32>,
}

impl Gathering {
    /// The event time of the earliest member.
    pub fn first_at(&self) -> Option<Timestamp> {
        self.members().map(|(_, member)| member.at).min()
    }

    /// The event time of the latest member.
    pub fn last_at(&self) -> Option<Timestamp> {
        self.members().map(|(_, member)| member.at).max()
    }

    /// When the bundle is due: `sla` after its earliest member.
    pub fn due(&self, sla: Duration) -> Option<Timestamp> {
        self.first_at().map(|first| first.saturating_add(sla))
    }

    /// The parent, then the children.
    pub fn members(&self) -> impl Iterator<Item = (Role, &Arc<Member>)> {
        let parent = self.parent.iter().map(|member| (Role::Parent, member));
        parent.chain(self.children.iter().map(|member| (Role::Child, member)))
    }

    /// How many bytes the payloads take.
    pub fn size(&self) -> usize {
        self.members().map(|(_, member)| member.content.len()).sum()
    }

    /// True when the parent and all its children have come.
    pub fn is_complete(&self) -> bool {
        self.parent.is_some() && self.wanted.is_some_and(|wanted| self.count() >= wanted)
    }

    /// How many children have come.
    pub fn count(&self) -> u32 {
        u32::try_from(self.children.len()).unwrap_or(u32::MAX)
    }

    /// The children by place: those that say which they are stand there, the others fill the free places in the order of
    /// (event time, id), so that the order of arrival does not show.
    pub fn arranged(&self) -> BTreeMap<u32, &Arc<Member>> {
        self.arranged_until(None)
    }

    /// Who has not come, when members later than `until` are taken as not come. `default` is how many children there are
    /// as long as the parent has not said; more are taken to exist when more have come or name higher places.
    pub fn missing(&self, default: u32, until: Option<Timestamp>) -> Missing {
        let highest = self.children.iter().filter_map(|child| child.place).max().unwrap_or(0);
        let wanted = self.wanted.unwrap_or_else(|| default.max(highest).max(self.count())).min(CHILDREN_MAX);
        let there = self.arranged_until(until);
        let parent = !self.parent.as_ref().is_some_and(|parent| is_counted(parent, until));
        let places: RangeInclusive<u32> = 1..=wanted;
        Missing { parent, children: places.filter(|place| !there.contains_key(place)).collect() }
    }

    fn arranged_until(&self, until: Option<Timestamp>) -> BTreeMap<u32, &Arc<Member>> {
        let counted = || self.children.iter().filter(|child| is_counted(child, until));
        let mut places: BTreeMap<u32, &Arc<Member>> =
            counted().filter_map(|child| child.place.map(|place| (place, child))).collect();
        let mut free = 1;
        for child in counted().filter(|child| child.place.is_none()) {
            while places.contains_key(&free) {
                free += 1;
            }
            places.insert(free, child);
        }
        places
    }

    /// Adds a child in its order.
    pub(super) fn insert(&mut self, child: Arc<Member>) {
        let index = self.children.partition_point(|other| (other.at, &other.id) < (child.at, &child.id));
        self.children.insert(index, child);
    }

    /// Takes out the children that are too many now that `wanted` is known: those whose place does not exist, then the
    /// latest of those that name none.
    pub(super) fn trim(&mut self, wanted: u32) -> Vec<Arc<Member>> {
        let (kept, mut surplus): (Vec<_>, Vec<_>) =
            self.children.drain(..).partition(|child| child.place.is_none_or(|place| place <= wanted));
        self.children = kept;
        while self.count() > wanted {
            let Some(index) = self.children.iter().rposition(|child| child.place.is_none()) else { break };
            surplus.push(self.children.remove(index));
        }
        surplus
    }

    /// What is left of the bundle when it ends.
    pub(super) fn close(self, ending: Ending) -> Marker {
        let fingerprints = |(role, member): (Role, &Arc<Member>)| {
            let name = Fingerprint::of_member(role, &member.id);
            (name, name.of_content(&member.content))
        };
        let mut seen: Vec<_> = self.members().map(fingerprints).collect();
        seen.sort_unstable();
        Marker { ending, seen, reported: self.reported }
    }
}

impl Missing {
    /// Parent, child or both, as a label.
    pub(super) const fn word(&self) -> &'static str {
        match (self.parent, self.children.is_empty()) {
            (true, true) => "parent",
            (true, false) => "both",
            (false, _) => "child",
        }
    }
}

impl fmt::Display for Origin {
    /// `ctm-parent-events-3@17`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}@{}", self.topic, self.partition, self.offset)
    }
}

fn is_counted(member: &Member, until: Option<Timestamp>) -> bool {
    until.is_none_or(|until| member.at <= until)
}
