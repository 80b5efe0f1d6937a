//! The start offsets of inputs: the group's committed offsets, once they are stable.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::StreamThread;
use crate::broker::{self, Start};
use crate::config::ProcessingGuarantee;
use crate::model::{Replay, TaskId, TopicPartition};
use crate::runtime::error::{Error, Result};
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::instances::{self, FirstOffsets, SourceOffset};
use crate::runtime::task::Task;
use crate::runtime::topology_plan::Role;

/// A partition, its start offset, and the record of its first committed offset.
type Begin = (TopicPartition, i64, Option<SourceOffset>);

/// The offset before which each partition was processed before, with the replay.
type Before = BTreeMap<TopicPartition, (i64, Arc<Replay>)>;

impl StreamThread {
    /// Reads the committed offsets of newly assigned partitions, starts fetching them, and sends their tasks to the
    /// restorer. While a transaction of an earlier owner is open the offsets are unstable; the next turn asks again.
    pub(super) fn settle_offsets(&mut self) -> Result<()> {
        let is_certain = self.committer.is_certain();
        let partitions = match (self.membership.awaiting_offsets(), is_certain) {
            (Some(awaiting_offsets), true) => awaiting_offsets.to_vec(),
            (None, true) => {
                self.membership.clear_unstable();
                return Ok(());
            }
            (awaiting_offsets, false) => self
                .inputs
                .partitions()
                .into_iter()
                .chain(awaiting_offsets.unwrap_or_default().iter().cloned())
                .collect(),
        };
        let Some(offsets) = self.membership.committed(&partitions, &self.context, self.txn.uptime)? else {
            return Ok(());
        };
        self.inputs.known.read(&self.context)?;
        let (mut starts, mut never_committed) = (Vec::new(), Vec::new());
        for (partition, committed) in partitions.into_iter().zip(offsets) {
            if self.inputs.get(&partition).is_some() {
                self.reconcile(&partition, committed)?;
            } else if let Some(offset) = committed {
                starts.push((partition, offset, None));
            } else {
                never_committed.push(partition);
            }
        }
        let replayed = self.replayed(&starts)?;
        // Their lag is measured from now on, and not from the first commit, which a partition that stands still never has.
        self.context.status.add_committed(starts.iter().map(|(partition, offset, _)| (partition.clone(), *offset)));
        if !never_committed.is_empty() {
            starts.extend(self.first_offsets(never_committed)?);
        }
        self.begin_reading(starts, replayed)?;
        if !is_certain {
            self.restore_all()?;
            self.committer.set_certain();
        }
        Ok(())
    }

    /// The start offsets of partitions without a committed offset. An inbox starts at its beginning; whether that is
    /// right is checked against the task's changelog.
    fn first_offsets(&mut self, partitions: Vec<TopicPartition>) -> Result<Vec<Begin>> {
        let Some(consumer) = self.membership.consumer() else { return Ok(Vec::new()) };
        let is_source =
            |partition: &TopicPartition| matches!(self.context.plan.role(&partition.topic), Some(Role::Source(_)));
        let (sources, inboxes): (Vec<_>, Vec<_>) = partitions.into_iter().partition(is_source);
        let mut starts = Vec::new();
        if !sources.is_empty() {
            let FirstOffsets { offsets: first, decisions } =
                instances::first_offsets(&self.context, (consumer, &mut *self.admin), &sources)?;
            self.committer.write_alone(&decisions, &self.context)?;
            // Without transactions the record could be written without the offset: the registry writes it then.
            let is_atomic = self.context.settings.processing.guarantee == ProcessingGuarantee::ExactlyOnce;
            let begin = |(partition, first): (TopicPartition, SourceOffset)| {
                (partition, first.offset, is_atomic.then_some(first))
            };
            starts = first.into_iter().map(begin).collect();
        }
        for partition in inboxes {
            if let Some(task) = self.tasks.of_mut(&partition, &self.context.plan) {
                task.offset_known = false;
            }
            let (low, _) = self.admin.watermarks(&partition, self.context.settings.limits.broker_timeout)?;
            tracing::debug!(%partition, offset = low, "no committed offset: reading from the beginning");
            starts.push((partition, low, None));
        }
        log_first(&starts);
        Ok(starts)
    }

    /// What was processed before of the sources with these committed offsets. An offset that was set back is noted before anything is
    /// read from it, so that it is known after a restart too.
    fn replayed(&mut self, starts: &[Begin]) -> Result<Before> {
        let (mut found, mut new) = (BTreeMap::new(), Vec::new());
        let timeout = self.context.settings.limits.broker_timeout;
        for (partition, offset, _) in starts {
            let is_source = matches!(self.context.plan.role(&partition.topic), Some(Role::Source(_)));
            let (admin, known) = (&mut self.admin, &self.inputs.known);
            let topic_id = || Ok(admin.topic_id(&partition.topic, timeout)?);
            let replayed = if is_source { known.replayed((partition, *offset), topic_id, self.txn.now)? } else { None };
            let Some((replayed, is_new)) = replayed else { continue };
            found.insert(partition.clone(), (replayed.offset, Arc::new(replayed.replay())));
            if is_new {
                tracing::warn!(
                    %partition, offset, read_to = replayed.offset, records = replayed.offset - offset,
                    "the group's offset was set back while the application did not run: these records are processed again. Alerts \
                     that come of them are not told to people, and submissions that are not known are held \
                     (docs/operations.md, replay)"
                );
                new.push((partition.clone(), replayed));
            }
        }
        let records: Vec<_> =
            new.iter().map(|(partition, replayed)| replayed.record(&self.context.plan.instances, partition)).collect();
        self.committer.write_alone(&records, &self.context)?;
        for (partition, replayed) in new {
            self.inputs.known.note(&self.context.plan, partition, replayed);
        }
        Ok(found)
    }

    fn begin_reading(&mut self, starts: Vec<Begin>, mut replayed: Before) -> Result<()> {
        if self.membership.awaiting_offsets().is_none() {
            return Ok(());
        }
        let at: Vec<_> = starts.iter().map(|(partition, offset, _)| (partition.clone(), Start::At(*offset))).collect();
        self.membership.begin_reading(&at)?;
        for (partition, offset, first) in starts {
            let Some(role) = self.context.plan.role(&partition.topic) else { continue };
            let task = self.context.plan.task(&partition);
            if let Some(id) = &task {
                self.tasks.restore(id)?;
            }
            self.context.metrics.consumer.partition_assigned(&partition);
            self.inputs.add(partition.clone(), role, task, offset);
            if let Some(input) = self.inputs.get_mut(&partition) {
                input.first_commit = first;
                input.replayed = replayed.remove(&partition);
                input.feeds_itself = self.context.plan.writes(&partition.topic);
            }
        }
        self.context.fault_observer.reached(FaultPoint::OffsetsRead);
        Ok(())
    }

    /// Sends the tasks of all known inputs to the restorer.
    fn restore_all(&mut self) -> Result<()> {
        let is_known = |task: &&Task| self.inputs.get(&task.inbox).is_some();
        let ids: Vec<TaskId> = self.tasks.iter().filter(is_known).map(|task| task.id.clone()).collect();
        ids.iter().try_for_each(|id| self.tasks.restore(id))
    }

    /// After a transaction of unknown outcome: drops records that were committed.
    fn reconcile(&mut self, partition: &TopicPartition, committed: Option<i64>) -> Result<()> {
        if let Some(task) = self.tasks.of_mut(partition, &self.context.plan) {
            task.offset_known = committed.is_some();
        }
        let Some(input) = self.inputs.get_mut(partition) else { return Ok(()) };
        // Never committed: all records are taken again.
        let Some(committed) = committed else { return Ok(()) };
        if committed < input.committed {
            return Err(Error::Broker(broker::Error::Fatal {
                operation: "reading the group's offsets",
                detail: format!(
                    "the committed offset of {partition} went back from {} to {committed} while the group was active",
                    input.committed
                ),
            }));
        }
        while input.buffer.front().is_some_and(|record| record.offset < committed) {
            input.buffer.pop_front();
        }
        input.committed = committed;
        input.position = committed;
        Ok(())
    }
}

/// One line for all partitions of a first start, which may be hundreds; `debug` has each.
fn log_first(starts: &[Begin]) {
    let topics: BTreeSet<&str> = starts.iter().map(|(partition, ..)| partition.topic.as_str()).collect();
    if !topics.is_empty() {
        let partitions = starts.len();
        tracing::info!(partitions, ?topics, "no committed offsets: reading these partitions for the first time");
    }
}
