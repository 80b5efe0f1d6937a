//! When a bundle is complete.
//!
//! With a fixed number of members it is complete with the last one. Where the number may vary (`payment: 1..3`, or a minimum
//! after a time-out), it is complete at a time, and with the members up to it: so it makes no difference in which order they are
//! read. That time is a deadline, which waits until all events up to it have been processed.

use std::sync::Arc;

use super::counting::Counting;
use super::{Bundle, Gathering, Member, Missing, NamedChildren};
use crate::model::Timestamp;

impl Bundle {
    /// True if all members have been received; for bundles whose number of members cannot vary.
    pub(super) fn is_complete(&self, gathering: &Gathering) -> bool {
        !self.lacks_parent(gathering) && !self.lacks_children(gathering)
    }

    /// True if the parent is missing.
    pub(super) const fn lacks_parent(&self, gathering: &Gathering) -> bool {
        self.has_parent && gathering.parent().is_none()
    }

    /// True if children are missing; while their number is unknown, they are.
    pub(super) fn lacks_children(&self, gathering: &Gathering) -> bool {
        if !self.rules.members.is_empty() {
            let lacks = |named: &NamedChildren| gathering.count_of(Some(&named.name)) < named.min;
            return self.rules.members.iter().any(lacks);
        }
        match self.expected(gathering) {
            None => true,
            Some(expected) if gathering.count() < expected => true,
            // Children beyond the number of another source have not been added.
            Some(expected) => self.counting == Counting::Announced && gathering.count_within(expected) < expected,
        }
    }

    /// True if children are missing, as far as is known: while their number is unknown, if none was received.
    pub(super) fn lacks_some(&self, gathering: &Gathering) -> bool {
        if !self.rules.members.is_empty() {
            return self.lacks_children(gathering);
        }
        let known = gathering.expected.or(self.counting.fixed());
        known.map_or(gathering.count() == 0, |known| gathering.count() < known)
    }

    /// The number of children, if it is known; without a parent that of the topology is.
    fn expected(&self, gathering: &Gathering) -> Option<u32> {
        match self.counting {
            Counting::AtLeast(children) => Some(children),
            Counting::Fixed(children) if !self.has_parent => gathering.expected.or(Some(children)),
            Counting::Fixed(_) | Counting::Stated | Counting::Announced => gathering.expected,
        }
    }

    /// The time at which a bundle of a varying number of members is complete, by the members so far; and why its condition cannot
    /// be evaluated. `changed` is the time of a member that was added, if that is the only change.
    pub(super) fn completes_at(
        &self,
        gathering: &Gathering,
        changed: Option<Timestamp>,
    ) -> (Option<Timestamp>, Option<String>) {
        let Some(condition) = &self.rules.complete_when else { return (self.suffices_at(gathering), None) };
        let Some(minimum) = self.suffices_at(gathering) else { return (None, None) };
        let before = gathering.timing.completes_at.filter(|before| changed.is_some_and(|changed| *before < changed));
        match before {
            Some(before) => (Some(before), None),
            None => self.holds_at(gathering, condition, minimum, changed),
        }
    }

    /// The time at which the members suffice, if there is no further condition.
    fn suffices_at(&self, gathering: &Gathering) -> Option<Timestamp> {
        let expected = self.expected(gathering);
        let Some(at_least) = self.rules.at_least else {
            return self.time_of(gathering, |named| named.min, expected);
        };
        let time_out = gathering.first_at()?.saturating_add(at_least.after);
        let full = self.time_of(gathering, |named| named.count, expected);
        if full.is_some_and(|full| full <= time_out) {
            return full;
        }
        let children = expected.map(|expected| expected.min(at_least.children));
        self.time_of(gathering, |named| named.min, children).map(|minimum| minimum.max(time_out))
    }

    /// True if all that may come is there at this time.
    pub(super) fn is_full_at(&self, gathering: &Gathering, at: Timestamp) -> bool {
        self.time_of(gathering, |named| named.count, self.expected(gathering)).is_some_and(|full| full <= at)
    }

    /// The event time of the last of these members, each number being counted from the earliest; `None` if some are missing.
    fn time_of(
        &self,
        gathering: &Gathering,
        needed: impl Fn(&NamedChildren) -> u32,
        children: Option<u32>,
    ) -> Option<Timestamp> {
        let first = gathering.first_at()?;
        let parent = if self.has_parent { gathering.parent()?.at } else { first };
        if self.rules.members.is_empty() {
            return Some(parent.max(nth(gathering, None, children?)?));
        }
        self.rules
            .members
            .iter()
            .try_fold(parent, |last, named| Some(last.max(nth(gathering, Some(&named.name), needed(named))?)))
    }

    /// The members that are missing at a time.
    pub(super) fn missing(&self, gathering: &Gathering, at: Timestamp) -> Missing {
        let counted = || gathering.children_unsorted().filter(|child| child.at <= at).count();
        let unknown = || u32::try_from(counted()).unwrap_or(u32::MAX).saturating_add(1);
        let default = match self.counting {
            Counting::Announced => gathering.expected.unwrap_or_else(unknown),
            Counting::Stated | Counting::Fixed(_) | Counting::AtLeast(_) => self.rules.children(),
        };
        let missing = gathering.missing(&self.wanted, default, Some(at));
        let parent = missing.parent && self.has_parent;
        let condition = self.rules.complete_when.is_some() && !parent && missing.children.is_empty();
        Missing { parent, condition, ..missing }
    }
}

/// The event time of the n-th child of a name, or of all; of none it is the earliest member's.
fn nth(gathering: &Gathering, name: Option<&str>, number: u32) -> Option<Timestamp> {
    let Some(index) = number.checked_sub(1) else { return gathering.first_at() };
    let is_counted = |child: &&Arc<Member>| name.is_none() || child.name.as_deref() == name;
    let mut times: Vec<Timestamp> = gathering.children_unsorted().filter(is_counted).map(|child| child.at).collect();
    times.sort_unstable();
    times.get(usize::try_from(index).ok()?).copied()
}
