//! A group member: pending events, their answers, and positions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::client::Client;
use super::cluster::{Cluster, Membership};
use super::fault::Operation;
use super::group::{Member, MemberId, Refusal};
use super::reader::Cursor;
use super::settings::Protocol;
use crate::broker::{Consumer, ConsumerSpec, Error, FencedBy, GroupEvent, GroupMetadata, Isolation, Result, Start};
use crate::model::{Record, Topic, TopicPartition};

/// A consumer of a cluster in memory.
#[derive(Debug)]
pub(super) struct MemoryConsumer {
    client: Client,
    spec: ConsumerSpec,
    protocol: Protocol,
    topics: BTreeSet<Topic>,
    /// Left out of the first subscription (see [`Consumer::subscribe`]).
    withheld: Option<Topic>,
    /// True after the first assignment was answered: the full subscription is due.
    answered: bool,
    /// `None` before the first subscription.
    membership: Option<Membership>,
    /// As known to this client; the coordinator may have a newer one.
    generation: i32,
    /// True between an event and its answer.
    awaits_answer: bool,
    /// Events of the coordinator that were not returned because the response to the poll was lost.
    arrived: VecDeque<GroupEvent>,
    owned: BTreeSet<TopicPartition>,
    cursors: BTreeMap<TopicPartition, Cursor>,
}

impl MemoryConsumer {
    pub(super) fn new(client: Client, spec: &ConsumerSpec) -> Self {
        let protocol = client.inspect(|cluster| cluster.settings.protocol);
        Self {
            client,
            spec: spec.clone(),
            protocol,
            topics: BTreeSet::new(),
            withheld: None,
            answered: false,
            membership: None,
            generation: -1,
            awaits_answer: false,
            arrived: VecDeque::new(),
            owned: BTreeSet::new(),
            cursors: BTreeMap::new(),
        }
    }

    /// True for a static member whose return would leave something without an owner (see [`Consumer::subscribe`]).
    fn joins_twice(&self) -> bool {
        let Some(instance) = &self.spec.group_instance else { return false };
        let read_others = || {
            self.client.inspect(|cluster| {
                let group = cluster.group(&self.spec.group);
                group.and_then(|group| group.topics_of(instance)).is_some_and(|topics| *topics != self.topics)
            })
        };
        self.protocol == Protocol::Cooperative || read_others()
    }

    /// Sends a heartbeat and queues the coordinator's events.
    fn heartbeat(&mut self) -> Result<()> {
        let Self { client, spec, topics, membership, generation, arrived, owned, .. } = self;
        let awaits_answer = self.awaits_answer;
        client.call(Operation::Poll, |cluster| {
            let Some(me) = membership else {
                return Err(Error::Fatal { operation: "poll", detail: "call subscribe first".into() });
            };
            match cluster.poll_group(me, awaits_answer) {
                Ok(event) => arrived.extend(event),
                Err(refusal @ Refusal::FencedInstance) => return Err(refusal.error(me)),
                Err(Refusal::UnknownMember | Refusal::OldGeneration) if awaits_answer => {}
                Err(Refusal::UnknownMember | Refusal::OldGeneration) => {
                    *generation = -1;
                    if owned.is_empty() {
                        *me = enter(cluster, spec, topics);
                        arrived.extend(cluster.poll_group(me, false).map_err(|refusal| refusal.error(me))?);
                    } else {
                        arrived.push_back(GroupEvent::Lost(owned.iter().cloned().collect()));
                    }
                }
            }
            if let Some(current) = cluster.group(&me.group).and_then(|group| group.generation_of(me.member)) {
                *generation = current;
            }
            Ok(())
        })
    }

    /// Sends the subscription to the coordinator; joins the group first if necessary.
    fn resubscribe(&mut self) -> Result<()> {
        let Self { client, spec, topics, membership, .. } = self;
        client.call(Operation::Poll, |cluster| {
            let Some(me) = membership else {
                *membership = Some(enter(cluster, spec, topics));
                return Ok(());
            };
            let again = cluster.at_group(me, |group, now, _| group.resubscribe(me.member, topics.clone(), now));
            match again {
                // An expelled member joins with the new topics at its next poll.
                Ok(()) | Err(Refusal::UnknownMember | Refusal::OldGeneration) => Ok(()),
                Err(refusal @ Refusal::FencedInstance) => Err(refusal.error(me)),
            }
        })
    }

    /// The common part of closing and dropping; a crashed process does nothing.
    fn leave(&mut self) {
        let Some(me) = self.membership.take() else { return };
        if self.client.is_crashed() {
            return;
        }
        self.client.inspect(|cluster| {
            cluster.unwatch(me.member);
            if cluster.faults.is_reachable() {
                cluster.tell_group(&me, |group, now, counts| group.leave(me.member, now, counts));
            }
        });
    }
}

impl Consumer for MemoryConsumer {
    fn subscribe(&mut self, topics: &[Topic]) -> Result<()> {
        self.topics = topics.iter().cloned().collect();
        if self.membership.is_none() && self.topics.len() > 1 && self.joins_twice() {
            self.withheld = self.topics.pop_last();
        }
        self.resubscribe()
    }

    fn poll(&mut self) -> Result<Option<GroupEvent>> {
        if let (true, Some(withheld)) = (self.answered, self.withheld.clone()) {
            self.topics.insert(withheld);
            self.resubscribe()?;
            // Not before: a failed request is sent again by the next poll.
            self.withheld = None;
        }
        if self.arrived.is_empty() {
            self.heartbeat()?;
        }
        let event = self.arrived.pop_front();
        match &event {
            None => {}
            Some(GroupEvent::Assigned(partitions)) => {
                self.owned.extend(partitions.iter().cloned());
                self.awaits_answer = true;
            }
            Some(GroupEvent::Revoked(_) | GroupEvent::Lost(_)) => self.awaits_answer = true,
        }
        Ok(event)
    }

    fn assign(&mut self, partitions: &[(TopicPartition, Start)]) -> Result<()> {
        let Self { client, cursors, spec, .. } = self;
        let Some(member) = self.membership.as_ref().map(|me| me.member) else {
            return Err(Error::Fatal { operation: "assign", detail: "call subscribe first".into() });
        };
        if self.protocol == Protocol::Eager {
            cursors.clear();
        }
        client.inspect(|cluster| {
            for (partition, start) in partitions {
                cursors.insert(partition.clone(), Cursor::new(cluster, partition, *start, Isolation::ReadCommitted));
            }
            rewatch(cluster, member, cursors, spec);
        });
        self.awaits_answer = false;
        self.answered = true;
        Ok(())
    }

    fn unassign(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        for partition in partitions {
            self.owned.remove(partition);
            self.cursors.remove(partition);
        }
        self.awaits_answer = false;
        let Self { client, cursors, spec, membership, .. } = self;
        let Some(me) = membership else { return Ok(()) };
        client.inspect(|cluster| {
            rewatch(cluster, me.member, cursors, spec);
            cluster.tell_group(me, |group, _, _| group.release(me.member, partitions));
        });
        Ok(())
    }

    fn fetch(&mut self, partition: &TopicPartition, max: usize, out: &mut Vec<Record>) -> Result<()> {
        let Some(cursor) = self.cursors.get_mut(partition) else {
            return Err(Error::Fatal { operation: "fetch", detail: format!("{partition} is not assigned") });
        };
        let what = (Isolation::ReadCommitted, max);
        let fetched = self.client.call(Operation::Fetch, |cluster| cursor.fetch(cluster, partition, what, out));
        fetched.map_err(|error| {
            // A broker's error for a fetch is the error of one partition.
            let Error::Transient { detail, .. } = error else { return error };
            Error::FetchFailed { partition: partition.clone(), detail }
        })
    }

    fn position(&mut self, partition: &TopicPartition) -> Option<i64> {
        self.cursors.get(partition).and_then(Cursor::position)
    }

    fn committed(&mut self, partitions: &[TopicPartition], _timeout: Duration) -> Result<Vec<Option<i64>>> {
        let group = &self.spec.group;
        self.client.call(Operation::Committed, |cluster| {
            cluster
                .offsets(group)
                .map_or_else(|| Ok(vec![None; partitions.len()]), |offsets| offsets.stable(partitions))
        })
    }

    fn commit(&mut self, offsets: &[(TopicPartition, i64)], _timeout: Duration) -> Result<()> {
        let generation = self.group()?.generation;
        let Some(me) = &self.membership else {
            return Err(Error::Fatal { operation: "commit", detail: "call subscribe first".into() });
        };
        if generation < 0 {
            let detail = format!("the member has no generation in group {}: join again", me.group);
            return Err(Error::Fenced { by: FencedBy::Generation, detail });
        }
        self.client.call(Operation::Commit, |cluster| cluster.commit_offsets(offsets, me, generation))
    }

    fn group(&self) -> Result<GroupMetadata> {
        let Self { client, spec, membership, .. } = self;
        let Some(me) = membership else {
            return Err(Error::Fatal { operation: "group", detail: "call subscribe first".into() });
        };
        // librdkafka learns of a new generation in the background, but not of an expulsion.
        let current = client.inspect(|cluster| {
            let reachable = cluster.faults.is_reachable();
            cluster.group(&me.group).filter(|_| reachable).and_then(|group| group.generation_of(me.member))
        });
        let generation = current.unwrap_or(self.generation);
        Ok(GroupMetadata { generation, group: spec.group.clone(), native: Box::new(me.clone()) })
    }

    fn close(mut self: Box<Self>, _timeout: Duration) -> Result<()> {
        self.leave();
        Ok(())
    }
}

impl Drop for MemoryConsumer {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Joins the group.
fn enter(cluster: &mut Cluster, spec: &ConsumerSpec, topics: &BTreeSet<Topic>) -> Membership {
    let member = Member::new(spec.group_instance.clone(), topics.clone(), spec.waker.clone());
    let member = cluster.join(&spec.group, member);
    Membership { group: spec.group.clone(), instance: spec.group_instance.clone(), member }
}

/// Registers the waker of this client for its partitions.
fn rewatch(cluster: &mut Cluster, member: MemberId, cursors: &BTreeMap<TopicPartition, Cursor>, spec: &ConsumerSpec) {
    cluster.unwatch(member);
    for partition in cursors.keys() {
        cluster.watch(partition, member, &spec.waker);
    }
}
