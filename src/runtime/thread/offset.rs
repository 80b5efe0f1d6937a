//! Where inputs are read from: the group's committed offsets, once they are stable.

use std::time::Duration;

use super::StreamThread;
use crate::broker::{self, Start};
use crate::model::{ErrorClass, TopicPartition};
use crate::runtime::error::{Error, Result};
use crate::runtime::point::Point;
use crate::runtime::reminder::Reminder;

/// How long one attempt to learn committed offsets may take; between attempts the thread goes on with its other tasks.
pub(super) const OFFSETS_TIMEOUT: Duration = Duration::from_millis(500);
/// After this long an operator hears that offsets are not stable. Instances give their transactions half of that, and the
/// broker looks for late ones every ten seconds (`transaction.abort.timed.out.transaction.cleanup.interval.ms`).
const PATIENCE: Duration = Duration::from_secs(30);

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
                        group = self.shared.settings.application,
                        waited_seconds = waited.as_secs(),
                        "committed offsets are part of a transaction that does not end, and nothing is read before it \
                         has: find it with kafka-transactions.sh find-hanging; docs/operations.md has the steps"
                    );
                }
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let mut starts = Vec::new();
        for (partition, committed) in partitions.into_iter().zip(offsets) {
            if self.inputs.get(&partition).is_some() {
                self.reconcile(&partition, committed)?;
            } else {
                let offset = self.first_offset(&partition, committed)?;
                starts.push((partition, offset));
            }
        }
        self.begin_reading(starts)?;
        if recovering {
            self.restore_all()?;
            self.recovering = false;
        }
        Ok(())
    }

    /// Where a partition is read from. Without a committed offset that is its beginning, by the policy for the first
    /// start; whether it really is the first start is checked against the task's changelog.
    fn first_offset(&mut self, partition: &TopicPartition, committed: Option<i64>) -> Result<i64> {
        if let Some(offset) = committed {
            return Ok(offset);
        }
        if let Some(task) = self.shared.plan.task(partition).and_then(|id| self.tasks.get_mut(&id)) {
            task.offset_known = false;
        }
        let (low, _) = self.admin.watermarks(partition, self.shared.settings.broker_timeout)?;
        tracing::info!(%partition, offset = low, "no committed offset: reading from the beginning");
        Ok(low)
    }

    fn begin_reading(&mut self, starts: Vec<(TopicPartition, i64)>) -> Result<()> {
        let (Some(consumer), true) = (&mut self.consumer, self.arriving.is_some()) else { return Ok(()) };
        let at: Vec<_> = starts.iter().map(|(partition, offset)| (partition.clone(), Start::At(*offset))).collect();
        consumer.assign(&at)?;
        self.arriving = None;
        for (partition, offset) in starts {
            let Some(role) = self.shared.plan.role(&partition.topic) else { continue };
            let task = self.shared.plan.task(&partition);
            if let Some(id) = &task {
                self.restore(id)?;
            }
            self.shared.metrics.partition_assigned(&partition);
            self.inputs.add(partition, role, task, offset);
        }
        self.shared.probe.reached(Point::OffsetsRead);
        Ok(())
    }

    /// After a transaction of unknown outcome: what the broker says was committed is not taken again.
    fn reconcile(&mut self, partition: &TopicPartition, committed: Option<i64>) -> Result<()> {
        if let Some(task) = self.shared.plan.task(partition).and_then(|id| self.tasks.get_mut(&id)) {
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
