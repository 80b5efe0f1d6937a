//! The input partitions of a stream thread: fetched records, positions, and the choice of the next record.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Record, Replay, TaskId, TopicPartition};
use crate::runtime::instances::{KnownAtStart, SourceOffset};
use crate::runtime::reminder::Reminder;
use crate::runtime::topology_plan::Role;

/// An owned input partition.
#[derive(Debug)]
pub(in crate::runtime::thread) struct Input {
    /// The role of its topic.
    pub role: Role,
    /// The task of the inbox; `None` for a partition of a source.
    pub task: Option<TaskId>,
    /// Fetched records that have not been taken.
    pub buffer: VecDeque<Record>,
    /// The offset after the last taken record, which the next transaction commits.
    pub position: i64,
    /// The group's committed offset.
    pub committed: i64,
    /// The record of the first committed offset of a source partition, until it is committed.
    pub first_commit: Option<SourceOffset>,
    /// Set while fetches fail.
    pub failing: Option<Failing>,
    /// The records of a source that were processed before: those before this offset.
    pub replayed: Option<(i64, Arc<Replay>)>,
    /// True if this application writes the topic: then what comes of a replay is marked.
    pub feeds_itself: bool,
}

/// A partition whose fetches fail.
#[derive(Debug)]
pub(in crate::runtime::thread) struct Failing {
    /// The time since the first failure.
    pub reminder: Reminder,
    /// The last failure, on the monotonic clock.
    pub latest: Duration,
    /// The client's message.
    pub detail: String,
}

impl Input {
    /// The replay that a record is of: it was processed before, or it comes of one that was, from a processor of this application.
    fn replay_of(&self, record: &Record) -> Option<Arc<Replay>> {
        let before = self.replayed.as_ref().filter(|(offset, _)| record.offset < *offset);
        let replay = before.map(|(_, replay)| Arc::clone(replay));
        replay.or_else(|| record.headers.replay().filter(|_| self.feeds_itself).map(Arc::new))
    }

    /// Notes a failed fetch; returns the duration of the failures if a warning is due.
    pub(in crate::runtime::thread) fn failed(&mut self, detail: String, uptime: Duration) -> Option<Duration> {
        let new = || Failing { reminder: Reminder::new(uptime, Duration::ZERO), latest: uptime, detail: String::new() };
        let failing = self.failing.get_or_insert_with(new);
        (failing.latest, failing.detail) = (uptime, detail);
        failing.reminder.is_due(uptime)
    }
}

/// All owned input partitions.
#[derive(Debug, Default)]
pub(in crate::runtime::thread) struct Inputs {
    partitions: BTreeMap<TopicPartition, Input>,
    /// A partition whose position is out of range, with its committed offset as known to this thread.
    pub out_of_range: Option<(TopicPartition, i64)>,
    /// What the instances topic had about sources when the thread was first assigned partitions.
    pub known: KnownAtStart,
}

impl Inputs {
    /// Adds a partition with its start offset; `task` is the task of an inbox.
    pub(in crate::runtime::thread) fn add(
        &mut self,
        partition: TopicPartition,
        role: Role,
        task: Option<TaskId>,
        committed: i64,
    ) {
        let buffer = VecDeque::new();
        let input = Input {
            role,
            task,
            buffer,
            position: committed,
            committed,
            first_commit: None,
            failing: None,
            replayed: None,
            feeds_itself: false,
        };
        self.partitions.insert(partition, input);
    }

    /// Removes a partition with its fetched records.
    pub(in crate::runtime::thread) fn remove(&mut self, partition: &TopicPartition) {
        self.partitions.remove(partition);
    }

    /// True if no partition is owned.
    pub(in crate::runtime::thread) fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    /// One partition.
    pub(in crate::runtime::thread) fn get(&self, partition: &TopicPartition) -> Option<&Input> {
        self.partitions.get(partition)
    }

    /// One partition.
    pub(in crate::runtime::thread) fn get_mut(&mut self, partition: &TopicPartition) -> Option<&mut Input> {
        self.partitions.get_mut(partition)
    }

    /// All partitions, ordered by name.
    pub(in crate::runtime::thread) fn iter(&self) -> impl Iterator<Item = (&TopicPartition, &Input)> {
        self.partitions.iter()
    }

    /// All partitions, ordered by name.
    pub(in crate::runtime::thread) fn iter_mut(&mut self) -> impl Iterator<Item = (&TopicPartition, &mut Input)> {
        self.partitions.iter_mut()
    }

    /// The names of all partitions.
    pub(in crate::runtime::thread) fn partitions(&self) -> Vec<TopicPartition> {
        self.partitions.keys().cloned().collect()
    }

    /// Takes the next record: those of inboxes first, because they are further on their way; then the source record
    /// with the lowest timestamp, so that no source runs ahead of the others and few entries are open. Inboxes of tasks
    /// that are not `open` are skipped. With the replay that a source record is of.
    pub(in crate::runtime::thread) fn take(
        &mut self,
        open: impl Fn(&TaskId) -> bool,
    ) -> Option<(Role, Record, Option<Arc<Replay>>)> {
        let ready = |input: &Input| match input.role {
            Role::Source(_) => !input.buffer.is_empty(),
            Role::Inbox(_) => !input.buffer.is_empty() && input.task.as_ref().is_some_and(&open),
        };
        let urgency = |input: &Input| {
            let timestamp = input.buffer.front().map(|record| record.timestamp);
            (matches!(input.role, Role::Source(_)), timestamp)
        };
        let input = self.partitions.values_mut().filter(|input| ready(input)).min_by_key(|input| urgency(input))?;
        let record = input.buffer.pop_front()?;
        input.position = record.offset + 1;
        let replay = if matches!(input.role, Role::Source(_)) { input.replay_of(&record) } else { None };
        Some((input.role, record, replay))
    }

    /// True if the next commit has something new, although no record was taken: transaction markers were passed, or the start of
    /// a partition is not committed.
    pub(in crate::runtime::thread) fn have_moved(&self) -> bool {
        self.partitions.values().any(|input| input.position != input.committed || input.first_commit.is_some())
    }

    /// Puts back the records of an aborted transaction, the last one first.
    pub(in crate::runtime::thread) fn put_back(&mut self, mut records: VecDeque<Record>) {
        while let Some(record) = records.pop_back() {
            if let Some(input) = self.partitions.get_mut(&record.source) {
                input.buffer.push_front(record);
            }
        }
        for input in self.partitions.values_mut() {
            input.position = input.committed;
        }
    }

    /// The offsets of a transaction: the positions of all partitions, also unchanged ones, because these guard the
    /// task's changelog against a zombie.
    pub(in crate::runtime::thread) fn offsets(&self) -> Vec<(TopicPartition, i64)> {
        self.partitions.iter().map(|(partition, input)| (partition.clone(), input.position)).collect()
    }

    /// Notes that all positions are committed.
    pub(in crate::runtime::thread) fn committed(&mut self) {
        for input in self.partitions.values_mut() {
            input.committed = input.position;
            input.first_commit = None;
        }
    }
}
