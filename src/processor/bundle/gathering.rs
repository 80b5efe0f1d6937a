//! The members of a bundle that waits for others.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher as _;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;

use super::{CHILDREN_MAX, Fingerprint, Member, Role};
use crate::model::Timestamp;

/// How many bytes an entry may have before its members become parts of it, about.
const ENTRY_SIZE: usize = 4 << 10;
/// What a member takes in an entry besides its payload, about.
const MEMBER_OVERHEAD: usize = 100;

/// The members that have come, and how many there will be. Cloning it shares the members.
///
/// What a member's arrival asks is answered without going through the others: a bundle may have thousands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathering {
    parent: Option<Arc<Member>>,
    /// With the hashes of their ids, in the order of these and of the ids: one is found without looking at the others,
    /// which are all over the memory.
    children: Vec<(u64, Arc<Member>)>,
    /// The places that children name.
    places: BTreeSet<u32>,
    /// The event times of the earliest and of the latest member.
    span: Option<(Timestamp, Timestamp)>,
    /// How many bytes the payloads take.
    size: usize,
    /// True when the members stand in parts of the entry, and not in the entry itself.
    parted: bool,
    /// How many children there will be; decided by the parent's arrival.
    pub wanted: Option<u32>,
    /// The deviations that have been alerted, in their order; at most [`REPORTED_MAX`](super::REPORTED_MAX).
    pub reported: Vec<Fingerprint>,
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
    /// The parent, when it has come.
    pub fn parent(&self) -> Option<&Arc<Member>> {
        self.parent.as_ref()
    }

    /// The children that have come, in the order of (event time, id), which does not depend on their arrival.
    pub fn children(&self) -> Vec<&Arc<Member>> {
        let mut children: Vec<&Arc<Member>> = self.children_unsorted().collect();
        children.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        children
    }

    /// The same in an order that only does not depend on their arrival.
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

    /// When the bundle is due: `sla` after its earliest member.
    pub fn due(&self, sla: Duration) -> Option<Timestamp> {
        self.first_at().map(|first| first.saturating_add(sla))
    }

    /// The parent, then the children, in an order that does not depend on their arrival.
    pub fn members(&self) -> impl Iterator<Item = (Role, &Arc<Member>)> {
        let parent = self.parent.iter().map(|member| (Role::Parent, member));
        parent.chain(self.children_unsorted().map(|member| (Role::Child, member)))
    }

    /// How many bytes the payloads take.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// True when the members stand in parts of the entry.
    pub(super) const fn is_parted(&self) -> bool {
        self.parted
    }

    /// From here on the members stand in parts of the entry.
    pub(super) fn part(&mut self) {
        self.parted = true;
    }

    /// True when the members are too much for an entry that is written again with each of them.
    pub(super) fn is_large(&self) -> bool {
        let overhead = self.children.len().saturating_add(1).saturating_mul(MEMBER_OVERHEAD);
        self.size.saturating_add(overhead) > ENTRY_SIZE
    }

    /// True when the parent and all its children have come.
    pub fn is_complete(&self) -> bool {
        self.parent.is_some() && self.wanted.is_some_and(|wanted| self.count() >= wanted)
    }

    /// How many children have come.
    pub fn count(&self) -> u32 {
        u32::try_from(self.children.len()).unwrap_or(u32::MAX)
    }

    /// The child of this id.
    pub(super) fn child(&self, id: &str) -> Option<&Arc<Member>> {
        let at = self.position(id).ok()?;
        self.children.get(at).map(|(_, child)| child)
    }

    /// Where the child of this id is, or belongs.
    fn position(&self, id: &str) -> Result<usize, usize> {
        let hash = hash(id);
        self.children.binary_search_by(|(other, child)| other.cmp(&hash).then_with(|| (*child.id).cmp(id)))
    }

    /// The child that says that this is its place.
    pub(super) fn child_at(&self, place: u32) -> Option<&Arc<Member>> {
        if !self.places.contains(&place) {
            return None;
        }
        self.children_unsorted().find(|child| child.place == Some(place))
    }

    /// The children by place: those that say which they are stand there, the others fill the free places in the order of
    /// (event time, id), so that the order of arrival does not show.
    pub fn arranged(&self) -> BTreeMap<u32, &Arc<Member>> {
        self.arranged_until(None)
    }

    /// Who has not come, when members later than `until` are taken as not come. `default` is how many children there are
    /// as long as the parent has not said; more are taken to exist when more have come or name higher places.
    pub fn missing(&self, default: u32, until: Option<Timestamp>) -> Missing {
        let highest = self.places.last().copied().unwrap_or(0);
        let wanted = self.wanted.unwrap_or_else(|| default.max(highest).max(self.count())).min(CHILDREN_MAX);
        let there = self.arranged_until(until);
        let parent = !self.parent.as_ref().is_some_and(|parent| is_counted(parent, until));
        let places: RangeInclusive<u32> = 1..=wanted;
        Missing { parent, children: places.filter(|place| !there.contains_key(place)).collect() }
    }

    fn arranged_until(&self, until: Option<Timestamp>) -> BTreeMap<u32, &Arc<Member>> {
        let (named, unnamed): (Vec<_>, Vec<_>) = self
            .children()
            .into_iter()
            .filter(|child| is_counted(child, until))
            .partition(|child| child.place.is_some());
        let mut places: BTreeMap<u32, &Arc<Member>> =
            named.into_iter().filter_map(|child| child.place.map(|place| (place, child))).collect();
        let mut free = 1;
        for child in unnamed {
            while places.contains_key(&free) {
                free += 1;
            }
            places.insert(free, child);
        }
        places
    }

    /// Adds a member that fits.
    pub(super) fn join(&mut self, role: Role, member: Arc<Member>) {
        let (first, last) = self.span.unwrap_or((member.at, member.at));
        self.span = Some((first.min(member.at), last.max(member.at)));
        self.size = self.size.saturating_add(member.content.len());
        match role {
            Role::Parent => self.parent = Some(member),
            Role::Child => {
                self.places.extend(member.place);
                let (Ok(at) | Err(at)) = self.position(&member.id);
                self.children.insert(at, (hash(&member.id), member));
            }
        }
    }

    /// Takes out the children that are too many now that `wanted` is known: those whose place does not exist, then the
    /// latest of those that name none.
    pub(super) fn trim(&mut self, wanted: u32) -> Vec<Arc<Member>> {
        let is_too_high = |child: &Arc<Member>| child.place.is_some_and(|place| place > wanted);
        let children: Vec<Arc<Member>> = self.children().into_iter().cloned().collect();
        let (mut surplus, mut kept): (Vec<_>, Vec<_>) = children.into_iter().partition(is_too_high);
        while u32::try_from(kept.len()).unwrap_or(u32::MAX) > wanted {
            let Some(index) = kept.iter().rposition(|child| child.place.is_none()) else { break };
            surplus.push(kept.remove(index));
        }
        if !surplus.is_empty() {
            let (parent, parted) = (self.parent.take(), self.parted);
            let (wanted, reported) = (self.wanted, std::mem::take(&mut self.reported));
            *self = Self { parted, ..Self::of(parent, kept, wanted, reported) };
        }
        surplus
    }

    /// Members that fit together; they need not be added one by one.
    pub(super) fn of(
        parent: Option<Arc<Member>>,
        children: impl IntoIterator<Item = Arc<Member>>,
        wanted: Option<u32>,
        reported: Vec<Fingerprint>,
    ) -> Self {
        let mut children: Vec<_> = children.into_iter().map(|child| (hash(&child.id), child)).collect();
        children.sort_unstable_by(|(a, one), (b, other)| a.cmp(b).then_with(|| one.id.cmp(&other.id)));
        children.dedup_by(|(_, one), (_, other)| one.id == other.id);
        let all = || parent.iter().chain(children.iter().map(|(_, child)| child));
        let span = all().map(|member| member.at).min().zip(all().map(|member| member.at).max());
        let size = all().map(|member| member.content.len()).sum();
        let places = children.iter().filter_map(|(_, child)| child.place).collect();
        Self { parent, children, places, span, size, parted: false, wanted, reported }
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

/// The same in every process.
fn hash(id: &str) -> u64 {
    FixedState::default().hash_one(id)
}

fn is_counted(member: &Member, until: Option<Timestamp>) -> bool {
    until.is_none_or(|until| member.at <= until)
}
