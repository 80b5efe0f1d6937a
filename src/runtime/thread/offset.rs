//! Where inputs are read from: the group's committed offsets, once they are stable.

use std::time::Duration;

use super::StreamThread;
use crate::broker::{self, Start};
use crate::model::{ErrorClass, TopicPartition};
use crate::runtime::error::{Error, Result};
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::reminder::Reminder;
use crate::runtime::settings::Guarantee;
use crate::runtime::source_offset::{self, SourceOffset};
use crate::runtime::topology_plan::Role;

/// How long one attempt to learn committed offsets may take; between attempts the thread goes on with its other tasks.
pub(super) const OFFSETS_TIMEOUT: Duration = Duration::from_millis(500);
/// After this long an operator hears that offsets are not stable. Instances give their transactions half of that, and the
/// broker looks for late ones every ten seconds (`transaction.abort.timed.out.transaction.cleanup.interval.ms`).
const PATIENCE: Duration = Duration::from_secs(30);

/// A partition, where it is read from, and what is to be written down of it with its first commit.
type Begin = (TopicPartition, i64, Option<SourceOffset>);

impl StreamThread {
    /// Learns the committed offsets of what has arrived, begins to read it, and sends its tasks to the restorer. While
    /// an earlier owner's transaction is open the offsets are not stable; the next turn asks again.
    pub(super) fn settle_offsets(&mut self) -> Result<()> {
        let recovering = self.recovering;
        let partitions = match (&self.arriving, recovering) {
            (Some(arriving), false) => arriving.clone(),
            (None, false) => {
                // What is waited for next has its own time.
                self.unstable = None;
                return Ok(());
            }
            (arriving, true) => {
                self.inputs.partitions().into_iter().chain(arriving.iter().flatten().cloned()).collect()
            }
        };
        let Some(consumer) = &mut self.consumer else { return Ok(()) };
        let offsets = match consumer.committed(&partitions, OFFSETS_TIMEOUT) {
            Ok(offsets) => offsets,
            Err(error) if error.class() == ErrorClass::Retry => {
                tracing::debug!(%error, "committed offsets are not known yet");
                let uptime = self.txn.uptime;
                if error == broker::Error::Unstable
                    && let Some(waited) =
                        self.unstable.get_or_insert_with(|| Reminder::new(uptime, PATIENCE)).is_due(uptime)
                {
                    tracing::warn!(
                        group = self.context.settings.application,
                        waited_seconds = waited.as_secs(),
                        "committed offsets are part of a transaction that does not end, and nothing is read before it \
                         has: find it with kafka-transactions.sh find-hanging; docs/operations.md has the steps"
                    );
                }
                return Ok(());
            }
            Err(error) => return Err(error.into()),
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
        if recovering {
            self.restore_all()?;
            self.recovering = false;
        }
        Ok(())
    }

    /// Where partitions are read from of which the group has no committed offset. That of an inbox is its beginning, by the
    /// policy for the first start; whether it really is the first start is checked against the task's changelog.
    fn first_offsets(&mut self, partitions: Vec<TopicPartition>) -> Result<Vec<Begin>> {
        let Some(consumer) = &mut self.consumer else { return Ok(Vec::new()) };
        let is_source =
            |partition: &TopicPartition| matches!(self.context.plan.role(&partition.topic), Some(Role::Source(_)));
        let (sources, inboxes): (Vec<_>, Vec<_>) = partitions.into_iter().partition(is_source);
        let mut starts = Vec::new();
        if !sources.is_empty() {
            let first = source_offset::first_offsets(&self.context, (&mut **consumer, &mut *self.admin), &sources)?;
            // Without transactions it may be written down although the offsets are not committed: the registry does it then.
            let is_atomic = self.context.settings.guarantee == Guarantee::ExactlyOnce;
            let begin = |(partition, first): (TopicPartition, SourceOffset)| {
                (partition, first.offset, is_atomic.then_some(first))
            };
            starts = first.into_iter().map(begin).collect();
        }
        for partition in inboxes {
            if let Some(task) = self.context.plan.task(&partition).and_then(|id| self.tasks.get_mut(&id)) {
                task.offset_known = false;
            }
            let (low, _) = self.admin.watermarks(&partition, self.context.settings.broker_timeout)?;
            tracing::info!(%partition, offset = low, "no committed offset: reading from the beginning");
            starts.push((partition, low, None));
        }
        Ok(starts)
    }

    fn begin_reading(&mut self, starts: Vec<Begin>) -> Result<()> {
        let (Some(consumer), true) = (&mut self.consumer, self.arriving.is_some()) else { return Ok(()) };
        let at: Vec<_> = starts.iter().map(|(partition, offset, _)| (partition.clone(), Start::At(*offset))).collect();
        consumer.assign(&at)?;
        self.arriving = None;
        for (partition, offset, first) in starts {
            let Some(role) = self.context.plan.role(&partition.topic) else { continue };
            let task = self.context.plan.task(&partition);
            if let Some(id) = &task {
                self.restore(id)?;
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

    /// After a transaction of unknown outcome: what the broker says was committed is not taken again.
    fn reconcile(&mut self, partition: &TopicPartition, committed: Option<i64>) -> Result<()> {
        if let Some(task) = self.context.plan.task(partition).and_then(|id| self.tasks.get_mut(&id)) {
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
