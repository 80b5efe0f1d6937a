//! The timeline of a bundle: what happened to it, without payloads.
//!
//! An incomplete bundle stores only what cannot be seen from its members: deviating events and deadlines that have passed. So a
//! bundle without any stores nothing. With its end the members become events of the timeline, which is kept with the marker.

use std::sync::Arc;

use super::{EventOutcome, Member, Origin, Role};
use crate::model::Timestamp;

/// The first events of a bundle that are kept.
pub(super) const FIRST_MAX: usize = 64;

/// The last events of a bundle that are kept; those between are counted only.
pub(super) const LAST_MAX: usize = 64;

/// What happened to a bundle, up to its end in any order, after it in the order of processing. Of more than [`FIRST_MAX`] and
/// [`LAST_MAX`] events those between are left out; deadlines and the end are not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The sources of the events.
    pub(super) sources: Vec<EventSource>,
    pub(super) items: Vec<TimelineItem>,
    /// The number of events that are left out.
    pub(super) left_out: u32,
}

/// The source of events, stored once in a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EventSource {
    pub(super) topic: Arc<str>,
    pub(super) role: Role,
    pub(super) name: Option<Arc<str>>,
}

/// What happened, and its event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TimelineItem {
    pub(super) at: Timestamp,
    pub(super) what: What,
}

/// What happened. Of one time events come first, because they are in time for a deadline of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// A member event: its outcome and coordinates; the source is an index.
    Event { source: u8, partition: i32, offset: i64, outcome: EventOutcome },
    /// The warning before the deadline.
    Warned,
    /// The deadline passed.
    Breached,
    /// The end: submitted with all members.
    Completed,
    /// The end: submitted without some members.
    Partial,
    /// The end: not submitted.
    Expired,
    /// An operator has set the deadline.
    Extended,
    /// An operator has reopened it.
    Reopened,
    /// The end: an operator has submitted it with the members that were there.
    Forced,
    /// The end: an operator has ended it without a submission.
    Cancelled,
}

impl Timeline {
    /// The number of events that are left out, after the first [`FIRST_MAX`].
    pub const fn left_out(&self) -> u32 {
        self.left_out
    }

    /// Appends a member event.
    pub(super) fn event(&mut self, role: Role, member: &Member, outcome: EventOutcome) {
        self.event_at(role, member, (member.at, outcome));
    }

    /// Appends a member event of another event time than the member's.
    pub(super) fn event_at(&mut self, role: Role, member: &Member, (at, outcome): (Timestamp, EventOutcome)) {
        self.add(role, member, (at, outcome));
        if self.items.len() > FIRST_MAX + LAST_MAX {
            self.leave_out();
        }
    }

    /// Adds a member event; call [`end`](Self::end) when all are added.
    pub(super) fn add(&mut self, role: Role, member: &Member, (at, outcome): (Timestamp, EventOutcome)) {
        let Some(source) = self.source(role, member) else {
            self.left_out = self.left_out.saturating_add(1);
            return;
        };
        let (partition, offset) = (member.origin.partition, member.origin.offset);
        self.items.push(TimelineItem { at, what: What::Event { source, partition, offset, outcome } });
    }

    /// Appends a deadline, or the end.
    pub(super) fn passed(&mut self, at: Timestamp, what: What) {
        self.items.push(TimelineItem { at, what });
    }

    /// Appends the end.
    pub(super) fn end(&mut self, at: Timestamp, what: What) {
        self.passed(at, what);
        if self.items.len() > FIRST_MAX + LAST_MAX {
            self.items.sort_unstable();
            self.leave_out();
        }
    }

    /// Appends a deadline that an operator has set, in place of the former one, or a reopening.
    pub(super) fn moved(&mut self, at: Timestamp, what: What) {
        self.items.retain(|item| item.what != What::Extended);
        self.passed(at, what);
    }

    /// Removes the events of members, which are stored as members again.
    pub(super) fn without<'a>(&mut self, members: impl Iterator<Item = &'a Origin>) {
        let members: Vec<&Origin> = members.collect();
        let Self { sources, items, .. } = self;
        items.retain(|item| {
            let What::Event { source, partition, offset, outcome } = item.what else { return true };
            let is_joined = matches!(outcome, EventOutcome::Accepted | EventOutcome::Late);
            let topic = sources.get(usize::from(source)).map(|source| &source.topic);
            let is_of =
                |origin: &&Origin| (Some(&origin.topic), origin.partition, origin.offset) == (topic, partition, offset);
            !(is_joined && members.iter().any(is_of))
        });
    }

    /// What happened up to the end by event time, and then in the order of processing.
    pub(super) fn in_order(&self) -> Vec<TimelineItem> {
        let mut items = self.items.clone();
        let last = items.iter().rposition(|item| item.is_end() || item.what == What::Reopened);
        let end = last.filter(|last| items.get(*last).is_some_and(TimelineItem::is_end));
        let end = end.map_or(items.len(), |end| end + 1);
        if let Some(before) = items.get_mut(..end) {
            before.sort_unstable();
        }
        items
    }

    /// The coordinates of an event's record; `None` for what is no event.
    pub(super) fn origin(&self, item: &TimelineItem) -> Option<(&EventSource, Origin)> {
        let What::Event { source, partition, offset, .. } = item.what else { return None };
        let source = self.sources.get(usize::from(source))?;
        Some((source, Origin { topic: Arc::clone(&source.topic), partition, offset }))
    }

    /// True if it has an event of these coordinates.
    pub(super) fn has(&self, origin: &Origin) -> bool {
        self.items.iter().any(|item| self.origin(item).is_some_and(|(_, found)| found == *origin))
    }

    /// The index of a member's source; `None` if there are too many sources to be stored.
    fn source(&mut self, role: Role, member: &Member) -> Option<u8> {
        let topic = &member.origin.topic;
        let is_source = |source: &EventSource| {
            source.role == role
                && (Arc::ptr_eq(&source.topic, topic) || source.topic == *topic)
                && source.name == member.name
        };
        let found = self.sources.iter().rposition(is_source);
        let index = u8::try_from(found.unwrap_or(self.sources.len())).ok()?;
        if found.is_none() {
            self.sources.push(EventSource { topic: Arc::clone(topic), role, name: member.name.clone() });
        }
        Some(index)
    }

    /// Leaves out the events between the first and the last ones.
    fn leave_out(&mut self) {
        let events = self.items.iter().filter(|item| item.is_event()).count();
        let surplus = events.saturating_sub(FIRST_MAX + LAST_MAX);
        if surplus == 0 {
            return;
        }
        self.left_out = self.left_out.saturating_add(u32::try_from(surplus).unwrap_or(u32::MAX));
        let (first, end) = (FIRST_MAX, FIRST_MAX + surplus);
        let mut number = 0;
        self.items.retain(|item| {
            let is_left_out = item.is_event() && (first..end).contains(&number);
            number += usize::from(item.is_event());
            !is_left_out
        });
    }
}

impl TimelineItem {
    /// True for a member event.
    pub(super) const fn is_event(&self) -> bool {
        matches!(self.what, What::Event { .. })
    }

    /// True for the end of a bundle.
    pub(super) const fn is_end(&self) -> bool {
        matches!(self.what, What::Completed | What::Partial | What::Expired | What::Forced | What::Cancelled)
    }

    /// True for what an operator has done.
    pub(super) const fn is_command(&self) -> bool {
        matches!(self.what, What::Extended | What::Reopened | What::Forced | What::Cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(number: i64) -> Member {
        let origin = Origin { topic: "children".into(), partition: 3, offset: number };
        let (at, content) = (Timestamp::from_millis(number), bytes::Bytes::new());
        Member { id: number.to_string(), name: None, at, position: None, updated_at: None, content, origin }
    }

    #[test]
    fn the_first_and_the_last_events_and_all_deadlines_are_kept() {
        let mut timeline = Timeline::default();
        for number in 0..300 {
            timeline.event(Role::Child, &member(number), EventOutcome::Duplicate);
            if number == 100 {
                timeline.passed(Timestamp::from_millis(number), What::Breached);
            }
        }
        let offsets: Vec<i64> =
            timeline.items.iter().filter_map(|item| Some(timeline.origin(item)?.1.offset)).collect();
        assert_eq!(offsets, (0..64).chain(236..300).collect::<Vec<_>>());
        assert_eq!(timeline.left_out(), 300 - 128);
        assert!(timeline.items.iter().any(|item| item.what == What::Breached));
        assert!(timeline.has(&member(299).origin) && !timeline.has(&member(100).origin));
    }

    #[test]
    fn a_source_is_stored_once() {
        let mut timeline = Timeline::default();
        let named = Member { name: Some("payment".into()), ..member(3) };
        for (role, member) in [(Role::Child, &member(1)), (Role::Child, &member(2)), (Role::Child, &named)] {
            timeline.event(role, member, EventOutcome::Duplicate);
        }
        timeline.event(Role::Parent, &member(4), EventOutcome::Conflict);
        assert_eq!((timeline.sources.len(), timeline.items.len()), (3, 4));
    }
}
