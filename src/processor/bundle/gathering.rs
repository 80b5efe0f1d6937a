//! The members of an incomplete bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::BuildHasher as _;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;

use super::{CHILDREN_MAX, Member, NamedChildren, Role, Story, Timing};
use crate::model::Timestamp;

/// The approximate size in bytes above which members are stored in parts of the entry.
const ENTRY_SIZE: usize = 4 << 10;
/// The approximate size of a member in an entry without its payload, in bytes.
const MEMBER_OVERHEAD: usize = 100;

/// The received members and the expected number of children. Clones share the members.
///
/// Adding a member takes no pass over the others, because a bundle may have thousands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathering {
    parent: Option<Arc<Member>>,
    /// The children with the hashes of their names and ids, sorted by hash, name and id, so that a binary search reads the hashes only and not
    /// the members, which are scattered in memory.
    children: Vec<(u64, Arc<Member>)>,
    /// The positions stated by children.
    positions: BTreeSet<u32>,
    /// The event times of the earliest and the latest member.
    span: Option<(Timestamp, Timestamp)>,
    /// The size of all payloads in bytes.
    size: usize,
    /// True if the members are stored in parts of the entry, and not in the entry itself.
    in_parts: bool,
    /// True if a child has a name.
    has_names: bool,
    /// True if a member has another content than its first one.
    has_updates: bool,
    /// The number of children, set with the parent.
    pub expected: Option<u32>,
    /// The alerted deviations, and the timeline.
    pub story: Story,
    /// The deadlines that have passed.
    pub timing: Timing,
}

/// The missing members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// True if the parent is missing.
    pub parent: bool,
    /// The missing children, by name and position.
    pub children: Vec<MissingChild>,
    /// True if the members suffice, and the condition over them does not hold.
    pub condition: bool,
}

/// A missing child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingChild {
    /// The name of its kind; `None`: children are counted together.
    pub name: Option<Arc<str>>,
    /// Its position, from 1.
    pub position: u32,
    /// True if there is no other child of its name.
    pub is_only: bool,
}

impl fmt::Display for MissingChild {
    /// `child 2`, `payment` or `shipment 2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            None => write!(f, "child {}", self.position),
            Some(name) if self.is_only => f.write_str(name),
            Some(name) => write!(f, "{name} {}", self.position),
        }
    }
}

impl Gathering {
    /// The parent, if received.
    pub const fn parent(&self) -> Option<&Arc<Member>> {
        self.parent.as_ref()
    }

    /// The received children, sorted by (event time, id), which is independent of their arrival.
    pub fn children(&self) -> Vec<&Arc<Member>> {
        let mut children: Vec<&Arc<Member>> = self.children_unsorted().collect();
        children.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        children
    }

    /// The received children in an unspecified order that is independent of their arrival.
    pub(super) fn children_unsorted(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.children.iter().map(|(_, child)| child)
    }

    /// The event time of the earliest member.
    pub fn first_at(&self) -> Option<Timestamp> {
        self.span.map(|(first, _)| first)
    }

    /// The event time of the latest member.
    pub fn last_at(&self) -> Option<Timestamp> {
        self.span.map(|(_, last)| last)
    }

    /// The time this long after the earliest member.
    pub fn due(&self, after: Duration) -> Option<Timestamp> {
        self.first_at().map(|first| first.saturating_add(after))
    }

    /// The parent, then the children, in an order that is independent of their arrival.
    pub fn members(&self) -> impl Iterator<Item = (Role, &Arc<Member>)> {
        let parent = self.parent.iter().map(|member| (Role::Parent, member));
        parent.chain(self.children_unsorted().map(|member| (Role::Child, member)))
    }

    /// The size of all payloads in bytes.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// True if its children have names: all have, or none has.
    pub(super) const fn has_names(&self) -> bool {
        self.has_names
    }

    /// True if time has left something to be stored, or if a member has another content than its first one.
    pub(super) fn has_history(&self) -> bool {
        self.timing != Timing::default() || self.has_updates
    }

    /// True if the members are stored in parts of the entry.
    pub(super) const fn is_in_parts(&self) -> bool {
        self.in_parts
    }

    /// Stores the members in parts of the entry from now on.
    pub(super) fn set_in_parts(&mut self) {
        self.in_parts = true;
    }

    /// True if the members are too large for one entry, which is rewritten with each new member.
    pub(super) fn is_large(&self) -> bool {
        let overhead = self.children.len().saturating_add(1).saturating_mul(MEMBER_OVERHEAD);
        self.size.saturating_add(overhead) > ENTRY_SIZE
    }

    /// The number of received children without those whose position is beyond `last`.
    pub(super) fn count_within(&self, last: u32) -> u32 {
        if self.positions.last().is_none_or(|highest| *highest <= last) {
            return self.count();
        }
        let is_within = |child: &&Arc<Member>| child.position.is_none_or(|position| position <= last);
        u32::try_from(self.children_unsorted().filter(is_within).count()).unwrap_or(u32::MAX)
    }

    /// The number of received children of this name; without a name of all.
    pub(super) fn count_of(&self, name: Option<&str>) -> u32 {
        let Some(name) = name else { return self.count() };
        let named = self.children_unsorted().filter(|child| child.name.as_deref() == Some(name));
        u32::try_from(named.count()).unwrap_or(u32::MAX)
    }

    /// The number of received children.
    pub fn count(&self) -> u32 {
        u32::try_from(self.children.len()).unwrap_or(u32::MAX)
    }

    /// The child with this id among those of its name.
    pub(super) fn child(&self, name: Option<&str>, id: &str) -> Option<&Arc<Member>> {
        let at = self.search(name, id).ok()?;
        self.children.get(at).map(|(_, child)| child)
    }

    /// The index of the child with this name and id, or the index at which it would be inserted.
    fn search(&self, name: Option<&str>, id: &str) -> Result<usize, usize> {
        let hash = hash(name, id);
        self.children.binary_search_by(|(other, child)| {
            other.cmp(&hash).then_with(|| (child.name.as_deref(), &*child.id).cmp(&(name, id)))
        })
    }

    /// The child of this name that states this position.
    pub(super) fn child_at(&self, name: Option<&str>, position: u32) -> Option<&Arc<Member>> {
        if !self.positions.contains(&position) {
            return None;
        }
        self.children_unsorted().find(|child| child.position == Some(position) && child.name.as_deref() == name)
    }

    /// The children by position. Children without a stated position fill the free ones in the order of (event time, id), so
    /// that the result is independent of the order of arrival.
    pub fn by_position(&self) -> BTreeMap<u32, &Arc<Member>> {
        self.by_position_until(None, None)
    }

    /// The children in the order of the submission: by position, and by name before that if they have names.
    pub fn in_order(&self, members: &[NamedChildren]) -> Vec<&Arc<Member>> {
        if members.is_empty() {
            return self.by_position().into_values().collect();
        }
        let named = |named: &NamedChildren| self.by_position_until(Some(&named.name), None).into_values();
        members.iter().flat_map(named).collect()
    }

    /// The missing members, where members later than `until` count as missing, and what they say is not known. `default` is the
    /// number of children until the parent has set it; more received children or higher positions raise it. `members` are the
    /// children by name.
    pub fn missing(&self, members: &[NamedChildren], default: u32, until: Option<Timestamp>) -> Missing {
        let parent = !self.parent.as_ref().is_some_and(|parent| is_counted(parent, until));
        if !members.is_empty() {
            return Missing { parent, children: self.missing_by_name(members, until), condition: false };
        }
        let received = self.by_position_until(None, until);
        let highest = received.values().filter_map(|child| child.position).max().unwrap_or(0);
        let count = u32::try_from(received.len()).unwrap_or(u32::MAX);
        let known = self.expected.filter(|_| !parent || self.parent.is_none());
        let expected = known.unwrap_or_else(|| default.max(highest).max(count)).min(CHILDREN_MAX);
        let positions: RangeInclusive<u32> = 1..=expected;
        let missing = positions.filter(|position| !received.contains_key(position));
        let children = missing.map(|position| MissingChild { name: None, position, is_only: false }).collect();
        Missing { parent, children, condition: false }
    }

    fn missing_by_name(&self, members: &[NamedChildren], until: Option<Timestamp>) -> Vec<MissingChild> {
        let mut missing = Vec::new();
        for NamedChildren { name, count, min } in members {
            let received = self.by_position_until(Some(name), until);
            let free = (1..=*min).filter(|position| !received.contains_key(position));
            let name = Some(Arc::clone(name));
            missing.extend(free.map(|position| MissingChild { name: name.clone(), position, is_only: *count == 1 }));
        }
        missing
    }

    /// The children by position, of one name or of all, without those later than `until`.
    fn by_position_until(&self, name: Option<&str>, until: Option<Timestamp>) -> BTreeMap<u32, &Arc<Member>> {
        let (stated, unstated): (Vec<_>, Vec<_>) = self
            .children()
            .into_iter()
            .filter(|child| is_counted(child, until) && (name.is_none() || child.name.as_deref() == name))
            .partition(|child| child.position.is_some());
        let mut positions: BTreeMap<u32, &Arc<Member>> =
            stated.into_iter().filter_map(|child| child.position.map(|position| (position, child))).collect();
        let mut free = 1;
        for child in unstated {
            while positions.contains_key(&free) {
                free += 1;
            }
            positions.insert(free, child);
        }
        positions
    }

    /// Adds an expected member.
    pub(super) fn add(&mut self, role: Role, member: Arc<Member>) {
        let (first, last) = self.span.unwrap_or((member.at, member.at));
        self.span = Some((first.min(member.at), last.max(member.at)));
        self.size = self.size.saturating_add(member.content.len());
        match role {
            Role::Parent => self.parent = Some(member),
            Role::Child => {
                self.has_names |= member.name.is_some();
                self.positions.extend(member.position);
                let name = member.name.as_deref();
                let (Ok(at) | Err(at)) = self.search(name, &member.id);
                self.children.insert(at, (hash(name, &member.id), member));
            }
        }
    }

    /// Replaces a member by another content of it.
    pub(super) fn replace(&mut self, role: Role, former: &Arc<Member>, member: Arc<Member>) {
        let (in_parts, expected, timing) = (self.in_parts, self.expected, self.timing);
        let story = std::mem::take(&mut self.story);
        let (parent, children) = match role {
            Role::Parent => (Some(member), self.children_unsorted().cloned().collect()),
            Role::Child => {
                let others = self.children_unsorted().filter(|child| !Arc::ptr_eq(child, former)).cloned();
                (self.parent.clone(), others.chain([member]).collect::<Vec<_>>())
            }
        };
        *self = Self { in_parts, timing, ..Self::of(parent, children, expected, story) };
    }

    /// Removes and returns the surplus children once `expected` is known: those with a higher position, then the latest of
    /// those without one.
    pub(super) fn trim(&mut self, expected: u32) -> Vec<Arc<Member>> {
        let is_too_high = |child: &Arc<Member>| child.position.is_some_and(|position| position > expected);
        let children: Vec<Arc<Member>> = self.children().into_iter().cloned().collect();
        let (mut surplus, mut kept): (Vec<_>, Vec<_>) = children.into_iter().partition(is_too_high);
        while u32::try_from(kept.len()).unwrap_or(u32::MAX) > expected {
            let Some(index) = kept.iter().rposition(|child| child.position.is_none()) else { break };
            surplus.push(kept.remove(index));
        }
        if !surplus.is_empty() {
            let (parent, in_parts) = (self.parent.take(), self.in_parts);
            let (expected, story, timing) = (self.expected, std::mem::take(&mut self.story), self.timing);
            *self = Self { in_parts, timing, ..Self::of(parent, kept, expected, story) };
        }
        surplus
    }

    /// Removes and returns the members after a time, children by (event time, id).
    pub(super) fn split_after(&mut self, end: Timestamp) -> Vec<(Role, Arc<Member>)> {
        if self.last_at().is_none_or(|last| last <= end) {
            return Vec::new();
        }
        let is_after = |member: &Arc<Member>| member.at > end;
        let (later, kept): (Vec<_>, Vec<_>) = self.children().into_iter().cloned().partition(is_after);
        let parent = self.parent.take();
        let later_parent = parent.clone().filter(is_after);
        let (in_parts, expected, timing) = (self.in_parts, self.expected, self.timing);
        let story = std::mem::take(&mut self.story);
        let parent = parent.filter(|parent| !is_after(parent));
        *self = Self { in_parts, timing, ..Self::of(parent, kept, expected, story) };
        let children = later.into_iter().map(|child| (Role::Child, child));
        later_parent.map(|parent| (Role::Parent, parent)).into_iter().chain(children).collect()
    }

    /// Names the children anew, after the topology has begun or ceased to count them by name: all or none have names.
    pub(super) fn rename(self, has_names: bool, name: impl Fn(&Member) -> Option<Arc<str>>) -> Self {
        if self.children_unsorted().next().is_none_or(|child| child.name.is_some() == has_names) {
            return self;
        }
        let children: Vec<Arc<Member>> = self
            .children_unsorted()
            .map(|child| Arc::new(Member { name: if has_names { name(child) } else { None }, ..Member::clone(child) }))
            .collect();
        let (in_parts, timing) = (self.in_parts, self.timing);
        Self { in_parts, timing, ..Self::of(self.parent, children, self.expected, self.story) }
    }

    /// A gathering from members that have been classified before.
    pub(super) fn of(
        parent: Option<Arc<Member>>,
        children: impl IntoIterator<Item = Arc<Member>>,
        expected: Option<u32>,
        story: Story,
    ) -> Self {
        let mut children: Vec<_> =
            children.into_iter().map(|child| (hash(child.name.as_deref(), &child.id), child)).collect();
        children.sort_unstable_by(|(a, one), (b, other)| {
            a.cmp(b).then_with(|| (&one.name, &one.id).cmp(&(&other.name, &other.id)))
        });
        children.dedup_by(|(_, one), (_, other)| one.id == other.id && one.name == other.name);
        let all = || parent.iter().chain(children.iter().map(|(_, child)| child));
        let span = all().map(|member| member.at).min().zip(all().map(|member| member.at).max());
        let size = all().map(|member| member.content.len()).sum();
        let positions = children.iter().filter_map(|(_, child)| child.position).collect();
        let has_names = children.iter().any(|(_, child)| child.name.is_some());
        let has_updates = all().any(|member| member.updated_at.is_some());
        let (in_parts, timing) = (false, Timing::default());
        Self { parent, children, positions, span, size, in_parts, has_names, has_updates, expected, story, timing }
    }
}

impl Missing {
    /// The value of the metric label: parent, child, both or condition.
    pub(super) const fn label(&self) -> &'static str {
        if self.condition {
            return "condition";
        }
        match (self.parent, self.children.is_empty()) {
            (true, true) => "parent",
            (true, false) => "both",
            (false, _) => "child",
        }
    }
}

/// A hash that is equal in all processes.
fn hash(name: Option<&str>, id: &str) -> u64 {
    match name {
        None => FixedState::default().hash_one(id),
        Some(name) => FixedState::default().hash_one((name, id)),
    }
}

fn is_counted(member: &Member, until: Option<Timestamp>) -> bool {
    until.is_none_or(|until| member.at <= until)
}
