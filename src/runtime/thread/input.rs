//! The input partitions of a stream thread: what has arrived, what was taken, and whose turn it is.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::model::{Record, TaskId, TopicPartition};
use crate::runtime::instances::SourceOffset;
use crate::runtime::reminder::Reminder;
use crate::runtime::topology_plan::Role;

/// One input partition that is owned.
#[derive(Debug)]
pub(in crate::runtime::thread) struct Input {
    /// What its topic is for.
    pub role: Role,
    /// Whose inbox it is; `None` for a source's partition.
    pub task: Option<TaskId>,
    /// Records that have arrived and were not taken.
    pub buffer: VecDeque<Record>,
    /// The offset after the last record that was taken: what the next transaction commits.
    pub position: i64,
    /// The group's committed offset.
    pub committed: i64,
    /// Set for a source's partition whose offset is to be committed for the first time.
    pub first_commit: Option<SourceOffset>,
    /// Set while fetches of it fail.
    pub failing: Option<Failing>,
}

/// Fetches of a partition that fail, one after the other.
#[derive(Debug)]
pub(in crate::runtime::thread) struct Failing {
    /// Since when.
    pub reminder: Reminder,
    /// When the latest has failed, on the monotonic clock.
    pub latest: Duration,
    /// What the client said of it.
    pub detail: String,
}

impl Input {
    /// Notes that a fetch has failed; for how long they have, when that is to be said.
    pub(in crate::runtime::thread) fn failed(&mut self, detail: String, uptime: Duration) -> Option<Duration> {
        let new = || Failing { reminder: Reminder::new(uptime, Duration::ZERO), latest: uptime, detail: String::new() };
        let failing = self.failing.get_or_insert_with(new);
        (failing.latest, failing.detail) = (uptime, detail);
        failing.reminder.is_due(uptime)
    }
}

/// All input partitions that are owned.
#[derive(Debug, Default)]
pub(in crate::runtime::thread) struct Inputs {
    partitions: BTreeMap<TopicPartition, Input>,
    /// A partition whose next record is not there any more, and the committed offset that this thread knows of it.
    pub out_of_range: Option<(TopicPartition, i64)>,
}

impl Inputs {
    /// Adds a partition that is read from `committed` on; `task` is whose inbox it is.
    pub(in crate::runtime::thread) fn add(
        &mut self,
        partition: TopicPartition,
        role: Role,
        task: Option<TaskId>,
        committed: i64,
    ) {
        let buffer = VecDeque::new();
        let input = Input { role, task, buffer, position: committed, committed, first_commit: None, failing: None };
        self.partitions.insert(partition, input);
    }

    /// Gives a partition up, with what has arrived of it.
    pub(in crate::runtime::thread) fn remove(&mut self, partition: &TopicPartition) {
        self.partitions.remove(partition);
    }

    /// True when no partition is owned.
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

    /// All partitions, in the order of their names.
    pub(in crate::runtime::thread) fn iter(&self) -> impl Iterator<Item = (&TopicPartition, &Input)> {
        self.partitions.iter()
    }

    /// All partitions, in the order of their names.
    pub(in crate::runtime::thread) fn iter_mut(&mut self) -> impl Iterator<Item = (&TopicPartition, &mut Input)> {
        self.partitions.iter_mut()
    }

    /// The names of all partitions.
    pub(in crate::runtime::thread) fn partitions(&self) -> Vec<TopicPartition> {
        self.partitions.keys().cloned().collect()
    }

    /// Takes the next record: an inbox first, because what is there is further on its way; then the source record with
    /// the lowest timestamp, so that no source runs ahead of the others and the open state stays small. Inboxes of
    /// whose task `open` says no are passed over.
    pub(in crate::runtime::thread) fn take(&mut self, open: impl Fn(&TaskId) -> bool) -> Option<(Role, Record)> {
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
        Some((input.role, record))
    }

    /// Puts records back that an aborted transaction had taken, the last one first.
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

    /// The offsets that a transaction commits: the position of every partition, moved or not, because an unmoved one
    /// is what guards its task's changelog against a zombie.
    pub(in crate::runtime::thread) fn offsets(&self) -> Vec<(TopicPartition, i64)> {
        self.partitions.iter().map(|(partition, input)| (partition.clone(), input.position)).collect()
    }

    /// Notes that everything taken is committed.
    pub(in crate::runtime::thread) fn committed(&mut self) {
        for input in self.partitions.values_mut() {
            input.committed = input.position;
            input.first_commit = None;
        }
    }
}
