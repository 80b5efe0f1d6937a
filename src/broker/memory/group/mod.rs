//! The group coordinator: members, generations, rebalances.
//!
//! ```text
//!  Stable ── a member joins, leaves or is expelled; a topic grows ──▶ Preparing ── all have joined ──▶ Stable, generation + 1
//! ```
//!
//! A member learns of a rebalance when it polls. With the cooperative protocol it joins at once and keeps its
//! partitions; the new assignment leaves out partitions of other members, so moved ones are revoked first, and the next
//! rebalance, requested by their former owner, assigns them. With the eager protocol a member first gives up all
//! partitions. A static member that returns gets its predecessor's assignment in the same generation: partitions that
//! the predecessor had to give up have no owner until the next rebalance (measured on Kafka 4.3), which the client
//! therefore requests.

mod assignor;
mod member;

pub(super) use member::{Member, MemberId};

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::assignor::Candidate;
use super::settings::{Protocol, Settings};
use crate::broker::{GroupEvent, Waker};
use crate::model::{Topic, TopicPartition};

/// A topic's partition count; `None` if the topic does not exist.
pub(super) type Counts<'a> = &'a dyn Fn(&Topic) -> Option<i32>;

/// One consumer group.
#[derive(Debug)]
pub(super) struct Group {
    protocol: Protocol,
    session_timeout: Duration,
    max_poll_interval: Duration,
    generation: i32,
    members: BTreeMap<MemberId, Member>,
    /// The start of the rebalance in progress; `None` if the group is stable.
    preparing: Option<Duration>,
    /// The wakers to call after the cluster is unlocked.
    wakes: Vec<Waker>,
}

/// The reason for refusing a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Expelled, or never joined: Kafka's `UNKNOWN_MEMBER_ID`.
    UnknownMember,
    /// Another process joined under its instance name: Kafka's `FENCED_INSTANCE_ID`.
    FencedInstance,
    /// The group has a newer generation: Kafka's `ILLEGAL_GENERATION`.
    OldGeneration,
}

impl Group {
    pub(super) const fn new(settings: &Settings) -> Self {
        Self {
            protocol: settings.protocol,
            session_timeout: settings.session_timeout,
            max_poll_interval: settings.max_poll_interval,
            generation: 0,
            members: BTreeMap::new(),
            preparing: None,
            wakes: Vec::new(),
        }
    }

    /// The members, as text.
    pub(super) fn names(&self) -> Vec<String> {
        self.members
            .iter()
            .map(|(id, member)| member.instance.as_deref().map_or_else(|| id.to_string(), str::to_owned))
            .collect()
    }

    pub(super) const fn generation(&self) -> i32 {
        self.generation
    }

    pub(super) fn take_wakes(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.wakes)
    }

    /// The owners of partitions.
    pub(super) fn owners(&self) -> BTreeMap<TopicPartition, MemberId> {
        let pairs =
            |(id, member): (&MemberId, &Member)| member.owned.iter().map(|p| (p.clone(), *id)).collect::<Vec<_>>();
        self.members.iter().flat_map(pairs).collect()
    }

    /// Adds a member, or replaces the static member of the same name.
    pub(super) fn join(&mut self, id: MemberId, mut member: Member, now: Duration, counts: Counts<'_>) {
        member.seen = now;
        let place =
            self.members.iter().find(|(_, other)| member.instance.is_some() && other.instance == member.instance);
        let place = place.map(|(old, _)| *old);
        let Some(predecessor) = place.and_then(|old| self.members.remove(&old)) else {
            self.members.insert(id, member);
            return self.rejoin(id, now, counts);
        };
        member.succeed(predecessor);
        member.due = self.preparing.is_none();
        self.members.insert(id, member);
        if self.preparing.is_some() {
            self.rejoin(id, now, counts);
        }
    }

    /// The subscription of a static member.
    pub(super) fn topics_of(&self, instance: &str) -> Option<&BTreeSet<Topic>> {
        let found = self.members.values().find(|member| member.instance.as_deref() == Some(instance));
        found.map(|member| &member.topics)
    }

    /// Changes a member's subscription.
    pub(super) fn resubscribe(&mut self, id: MemberId, topics: BTreeSet<Topic>, now: Duration) -> Result<(), Refusal> {
        let member = self.members.get_mut(&id).ok_or(Refusal::UnknownMember)?;
        if member.topics != topics {
            member.topics = topics;
            self.prepare(now);
        }
        Ok(())
    }

    /// A heartbeat; if no answer is due, also the member's next event.
    pub(super) fn poll(
        &mut self,
        id: MemberId,
        awaits_answer: bool,
        now: Duration,
        counts: Counts<'_>,
    ) -> Result<Option<GroupEvent>, Refusal> {
        let (eager, preparing) = (self.protocol == Protocol::Eager, self.preparing.is_some());
        let member = self.members.get_mut(&id).ok_or(Refusal::UnknownMember)?;
        member.seen = now;
        if awaits_answer {
            return Ok(None);
        }
        if member.due {
            if let Some(event) = member.next_event() {
                return Ok(Some(event));
            }
        } else if member.rejoins {
            member.rejoins = false;
            self.rejoin(id, now, counts);
        } else if preparing && !member.joined {
            if eager && !member.owned.is_empty() {
                return Ok(Some(GroupEvent::Revoked(member.owned.iter().cloned().collect())));
            }
            self.rejoin(id, now, counts);
        }
        // The last member to join completes the rebalance and gets its event at once.
        let member = self.members.get_mut(&id).ok_or(Refusal::UnknownMember)?;
        Ok(if member.due { member.next_event() } else { None })
    }

    /// A member has given up these partitions.
    pub(super) fn release(&mut self, id: MemberId, partitions: &[TopicPartition]) {
        if let Some(member) = self.members.get_mut(&id) {
            for partition in partitions {
                member.owned.remove(partition);
            }
            // Wakes the member for the next rebalance, which others wait for.
            self.wakes.push(member.waker.clone());
        }
    }

    /// A member leaves. A static one keeps its assignment for its restart.
    pub(super) fn leave(&mut self, id: MemberId, now: Duration, counts: Counts<'_>) {
        if self.members.get(&id).is_some_and(|member| member.instance.is_none()) {
            self.members.remove(&id);
            self.prepare(now);
            self.complete(counts);
        }
    }

    /// Expels members whose session or rebalance has timed out.
    pub(super) fn expire(&mut self, now: Duration, counts: Counts<'_>) {
        let held_up = self.preparing.is_some_and(|since| now.saturating_sub(since) >= self.max_poll_interval);
        let (before, silence_max) = (self.members.len(), self.session_timeout);
        self.members.retain(|_, member| now.saturating_sub(member.seen) < silence_max && (member.joined || !held_up));
        if self.members.len() < before {
            self.prepare(now);
            self.complete(counts);
        }
    }

    /// A topic was created, extended or deleted.
    pub(super) fn topic_changed(&mut self, topic: &Topic, now: Duration) {
        if self.members.values().any(|member| member.topics.contains(topic)) {
            self.prepare(now);
        }
    }

    /// The generation of a member.
    pub(super) fn generation_of(&self, id: MemberId) -> Option<i32> {
        self.members.get(&id).map(|member| member.generation)
    }

    /// The check of `TxnOffsetCommit` (`ClassicGroup.validateOffsetCommit` of Kafka 4).
    pub(super) fn validate(&self, id: MemberId, instance: Option<&str>, generation: i32) -> Result<(), Refusal> {
        self.check_member(id, instance)?;
        if generation == self.generation { Ok(()) } else { Err(Refusal::OldGeneration) }
    }

    /// Checks the membership.
    pub(super) fn check_member(&self, id: MemberId, instance: Option<&str>) -> Result<(), Refusal> {
        if self.members.contains_key(&id) {
            return Ok(());
        }
        let taken = instance.is_some() && self.members.values().any(|member| member.instance.as_deref() == instance);
        Err(if taken { Refusal::FencedInstance } else { Refusal::UnknownMember })
    }

    fn rejoin(&mut self, id: MemberId, now: Duration, counts: Counts<'_>) {
        self.prepare(now);
        if let Some(member) = self.members.get_mut(&id) {
            member.joined = true;
        }
        self.complete(counts);
    }

    /// Starts a rebalance, unless one is in progress.
    fn prepare(&mut self, now: Duration) {
        if self.preparing.is_none() {
            self.preparing = Some(now);
            self.members.values_mut().for_each(|member| member.joined = false);
        }
        self.wakes.extend(self.members.values().map(|member| member.waker.clone()));
    }

    /// Completes the rebalance when all members have joined: a new generation with new assignments.
    fn complete(&mut self, counts: Counts<'_>) {
        if self.preparing.is_none() || !self.members.values().all(|member| member.joined) {
            return;
        }
        self.preparing = None;
        self.generation += 1;
        let held = self.owners();
        let mut order: Vec<_> = self.members.iter_mut().collect();
        order.sort_by(|(a, one), (b, other)| (&one.instance, *a).cmp(&(&other.instance, *b)));
        let eager = self.protocol == Protocol::Eager;
        let candidates: Vec<_> = order
            .iter()
            // Eager members own nothing now; their last assignment counts for stickiness.
            .map(|(_, member)| Candidate {
                topics: &member.topics,
                owned: if eager { &member.target } else { &member.owned },
            })
            .collect();
        let shares = assignor::assign(&candidates, counts);
        for ((id, member), mut share) in order.into_iter().zip(shares) {
            share.retain(|partition| held.get(partition).is_none_or(|holder| holder == id));
            member.target = share;
            member.due = true;
            member.joined = false;
            member.generation = self.generation;
            self.wakes.push(member.waker.clone());
        }
    }
}
