//! The requests of group members.

use std::time::Duration;

use super::Cluster;
use crate::broker::memory::group::{Counts, Group, Member, MemberId, Refusal};
use crate::broker::{Error, FencedBy, GroupEvent};

type Answer<T> = Result<T, Refusal>;

/// The identity of a consumer in a group.
#[derive(Clone, Debug)]
pub(in crate::broker::memory) struct Membership {
    pub(in crate::broker::memory) group: String,
    pub(in crate::broker::memory) instance: Option<String>,
    pub(in crate::broker::memory) member: MemberId,
}

impl Cluster {
    pub(in crate::broker::memory) fn join(&mut self, group: &str, member: Member) -> MemberId {
        self.members += 1;
        let (id, now) = (self.members, self.clock.uptime());
        let Self { groups, catalog, settings, wakes, .. } = self;
        let group = groups.entry(group.to_owned()).or_insert_with(|| Group::new(settings));
        group.join(id, member, now, &|topic| catalog.partitions(topic));
        wakes.append(&mut group.take_wakes());
        id
    }

    /// Executes a request of a member at its group.
    pub(in crate::broker::memory) fn at_group<T>(
        &mut self,
        membership: &Membership,
        run: impl FnOnce(&mut Group, Duration, Counts<'_>) -> Answer<T>,
    ) -> Answer<T> {
        let now = self.clock.uptime();
        let Self { groups, catalog, wakes, .. } = self;
        let group = groups.get_mut(&membership.group).ok_or(Refusal::UnknownMember)?;
        group.check_member(membership.member, membership.instance.as_deref())?;
        let answer = run(group, now, &|topic| catalog.partitions(topic));
        wakes.append(&mut group.take_wakes());
        answer
    }

    /// Notifies a group without a response, also from an expelled member.
    pub(in crate::broker::memory) fn tell_group(
        &mut self,
        membership: &Membership,
        run: impl FnOnce(&mut Group, Duration, Counts<'_>),
    ) {
        let now = self.clock.uptime();
        let Self { groups, catalog, wakes, .. } = self;
        if let Some(group) = groups.get_mut(&membership.group) {
            run(group, now, &|topic| catalog.partitions(topic));
            wakes.append(&mut group.take_wakes());
        }
    }

    pub(in crate::broker::memory) fn poll_group(
        &mut self,
        membership: &Membership,
        awaits_answer: bool,
    ) -> Answer<Option<GroupEvent>> {
        self.at_group(membership, |group, now, counts| group.poll(membership.member, awaits_answer, now, counts))
    }

    pub(in crate::broker::memory) fn group(&self, group: &str) -> Option<&Group> {
        self.groups.get(group)
    }
}

impl Refusal {
    /// The error of the port.
    pub(in crate::broker::memory) fn error(self, membership: &Membership) -> Error {
        let Membership { group, instance, member } = membership;
        let (by, what) = match self {
            Self::UnknownMember => (FencedBy::Generation, "is not a member"),
            Self::OldGeneration => (FencedBy::Generation, "is of an older generation"),
            Self::FencedInstance => (FencedBy::Instance, "was replaced"),
        };
        let name = instance.as_deref().map_or_else(|| format!("member {member}"), |name| format!("instance {name}"));
        Error::Fenced { by, detail: format!("{name} {what} of group {group}: give its partitions up and join again") }
    }
}
