//! Where inputs are read from: the group's committed offsets, once they are stable.

use super::StreamThread;
use crate::broker::{self, Start};
use crate::model::{TaskId, TopicPartition};
use crate::runtime::error::{Error, Result};
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::instances::{self, SourceOffset};
use crate::runtime::settings::Guarantee;
use crate::runtime::task::Task;
use crate::runtime::topology_plan::Role;

/// A partition, where it is read from, and what is to be written down of it with its first commit.
type Begin = (TopicPartition, i64, Option<SourceOffset>);

impl StreamThread {
    /// Learns the committed offsets of newly assigned partitions, begins to read them, and sends their tasks to the restorer. While
    /// an earlier owner's transaction is open the offsets are not stable; the next turn asks again.
    pub(super) fn settle_offsets(&mut self) -> Result<()> {
        let is_certain = self.committer.is_certain();
        let partitions = match (self.membership.arriving(), is_certain) {
            (Some(arriving), true) => arriving.to_vec(),
            (None, true) => {
                self.membership.waits_for_nothing();
                return Ok(());
            }
            (arriving, false) => {
                self.inputs.partitions().into_iter().chain(arriving.unwrap_or_default().iter().cloned()).collect()
            }
        };
        let Some(offsets) = self.membership.committed(&partitions, &self.context, self.txn.uptime)? else {
            return Ok(());
        };
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
        if !never_committed.is_empty() {
            starts.extend(self.first_offsets(never_committed)?);
        }
        self.begin_reading(starts)?;
        if !is_certain {
            self.restore_all()?;
            self.committer.set_certain();
        }
        Ok(())
    }

    /// Where partitions are read from of which the group has no committed offset. That of an inbox is its beginning, by the
    /// policy for the first start; whether it really is the first start is checked against the task's changelog.
    fn first_offsets(&mut self, partitions: Vec<TopicPartition>) -> Result<Vec<Begin>> {
        let Some(consumer) = self.membership.consumer() else { return Ok(Vec::new()) };
        let is_source =
            |partition: &TopicPartition| matches!(self.context.plan.role(&partition.topic), Some(Role::Source(_)));
        let (sources, inboxes): (Vec<_>, Vec<_>) = partitions.into_iter().partition(is_source);
        let mut starts = Vec::new();
        if !sources.is_empty() {
            let first = instances::first_offsets(&self.context, (consumer, &mut *self.admin), &sources)?;
            // Without transactions it may be written down although the offsets are not committed: the registry does it then.
            let is_atomic = self.context.settings.guarantee == Guarantee::ExactlyOnce;
            let begin = |(partition, first): (TopicPartition, SourceOffset)| {
                (partition, first.offset, is_atomic.then_some(first))
            };
            starts = first.into_iter().map(begin).collect();
        }
        for partition in inboxes {
            if let Some(task) = self.tasks.of_mut(&partition, &self.context.plan) {
                task.offset_known = false;
            }
            let (low, _) = self.admin.watermarks(&partition, self.context.settings.broker_timeout)?;
            tracing::info!(%partition, offset = low, "no committed offset: reading from the beginning");
            starts.push((partition, low, None));
        }
        Ok(starts)
    }

    fn begin_reading(&mut self, starts: Vec<Begin>) -> Result<()> {
        if self.membership.arriving().is_none() {
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
            self.context.metrics.partition_assigned(&partition);
            self.inputs.add(partition.clone(), role, task, offset);
            if let Some(input) = self.inputs.get_mut(&partition) {
                input.first_commit = first;
            }
        }
        self.context.fault_observer.reached(FaultPoint::OffsetsRead);
        Ok(())
    }

    /// Sends every task to the restorer whose input is known.
    fn restore_all(&mut self) -> Result<()> {
        let is_known = |task: &&Task| self.inputs.get(&task.inbox).is_some();
        let ids: Vec<TaskId> = self.tasks.iter().filter(is_known).map(|task| task.id.clone()).collect();
        ids.iter().try_for_each(|id| self.tasks.restore(id))
    }

    /// After a transaction of unknown outcome: what the broker says was committed is not taken again.
    fn reconcile(&mut self, partition: &TopicPartition, committed: Option<i64>) -> Result<()> {
        if let Some(task) = self.tasks.of_mut(partition, &self.context.plan) {
            task.offset_known = committed.is_some();
        }
        let Some(input) = self.inputs.get_mut(partition) else { return Ok(()) };
        // Never committed: nothing of it was taken for good.
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
