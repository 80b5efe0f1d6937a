//! The transactional producer of a stream thread, and the certainty of its commits.

use std::collections::BTreeMap;
use std::time::Duration;

use super::batch_limit::BatchLimit;
use super::burst::Burst;
use super::commit_gap::CommitGap;
use super::membership::Membership;
use crate::broker::{FencedBy, GroupMetadata, Producer, ProducerSpec};
use crate::config::ProcessingGuarantee;
use crate::metric::TransactionResult;
use crate::model::{OutRecord, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::error::Result;
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::instances;

/// The offset after the last record, by changelog partition.
pub(super) type Written = BTreeMap<TopicPartition, i64>;

/// The producer of a stream thread.
pub(super) struct Committer {
    producer: Option<Box<dyn Producer>>,
    certainty: Certainty,
    /// True if this incarnation is in the instances topic. It is written once, because the last record is the newest.
    is_announced: bool,
    /// The gap before the next transaction.
    pub(super) gap: CommitGap,
    /// The limit of the inputs of a transaction.
    pub(super) batch_limit: BatchLimit,
}

/// The certainty about a thread's commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    /// All outcomes are known.
    Certain,
    /// The outcome of a transaction is unknown: committed offsets and changelogs have to be read before the next
    /// commit.
    Uncertain,
    /// Fenced: before the thread continues it has to find out if a newer incarnation exists.
    Fenced {
        /// What was fenced.
        by: FencedBy,
        /// True if all outcomes are known.
        is_certain: bool,
    },
}

impl Certainty {
    const fn is_certain(self) -> bool {
        match self {
            Self::Certain => true,
            Self::Uncertain => false,
            Self::Fenced { is_certain, .. } => is_certain,
        }
    }
}

impl Committer {
    /// No producer; `uptime` is the monotonic clock.
    pub(super) fn new(uptime: Duration) -> Self {
        Self {
            producer: None,
            certainty: Certainty::Certain,
            is_announced: false,
            gap: CommitGap::new(uptime),
            batch_limit: BatchLimit::default(),
        }
    }

    /// Creates the producer if there is none, which fences an earlier process with this transactional id. The first
    /// thread announces this incarnation in the instances topic.
    pub(super) fn connect(&mut self, context: &Context, thread: usize) -> Result<()> {
        if self.producer.is_some() {
            return Ok(());
        }
        let transactional_id = match context.settings.processing.guarantee {
            ProcessingGuarantee::ExactlyOnce => Some(context.settings.transactional_id(thread)),
            ProcessingGuarantee::AtLeastOnce => None,
        };
        let mut producer = context.broker.producer(&ProducerSpec {
            transactional_id,
            tracked: context.plan.changelogs(),
            batch_bytes_max: context.plan.batch_bytes_max(),
        })?;
        producer.init(context.settings.limits.broker_timeout)?;
        if thread == 0 && !self.is_announced {
            instances::announce(&mut *producer, context)?;
            self.is_announced = true;
            context.fault_observer.reached(FaultPoint::Announced);
        }
        self.producer = Some(producer);
        Ok(())
    }

    /// True if there is a producer.
    pub(super) fn is_connected(&self) -> bool {
        self.producer.is_some()
    }

    /// True if a commit is possible: there is a producer, and all outcomes are known.
    pub(super) fn can_commit(&self) -> bool {
        self.certainty.is_certain() && self.producer.is_some()
    }

    /// False while the outcome of a transaction is unknown.
    pub(super) fn is_certain(&self) -> bool {
        self.certainty.is_certain()
    }

    /// What was fenced, until it is known if a newer incarnation exists.
    pub(super) fn fenced(&self) -> Option<FencedBy> {
        match self.certainty {
            Certainty::Fenced { by, .. } => Some(by),
            Certainty::Certain | Certainty::Uncertain => None,
        }
    }

    /// Notes that this thread was fenced.
    pub(super) fn set_fenced(&mut self, by: FencedBy) {
        self.certainty = Certainty::Fenced { by, is_certain: self.certainty.is_certain() };
    }

    /// Notes that no newer incarnation exists.
    pub(super) fn unfence(&mut self) {
        self.certainty = if self.certainty.is_certain() { Certainty::Certain } else { Certainty::Uncertain };
    }

    /// Drops the producer and its open transaction.
    pub(super) fn drop_producer(&mut self) {
        self.producer = None;
    }

    /// Notes that the outcome of a transaction is unknown.
    pub(super) fn set_uncertain(&mut self) {
        self.certainty = match self.certainty {
            Certainty::Fenced { by, .. } => Certainty::Fenced { by, is_certain: false },
            Certainty::Certain | Certainty::Uncertain => Certainty::Uncertain,
        };
    }

    /// Notes that all outcomes are known again.
    pub(super) fn set_certain(&mut self) {
        self.certainty = match self.certainty {
            Certainty::Fenced { by, .. } => Certainty::Fenced { by, is_certain: true },
            Certainty::Certain | Certainty::Uncertain => Certainty::Certain,
        };
    }

    /// Writes records in a transaction of their own, before the first one of the duties.
    pub(super) fn write_alone(&mut self, records: &[OutRecord], context: &Context) -> Result<()> {
        let Some(producer) = self.producer.as_mut().filter(|_| !records.is_empty()) else { return Ok(()) };
        let written = producer.transact(records, context.settings.limits.broker_timeout);
        if written.is_err() {
            // The outcome may be unknown; the records are written again by the next producer.
            self.producer = None;
        }
        Ok(written.map(drop)?)
    }

    /// Duties 4 to 6: produces the records, waits for their acknowledgements, and sends the offsets.
    pub(super) fn write(&mut self, burst: &Burst<'_>, group: &GroupMetadata, context: &Context) -> Result<Written> {
        let Some(producer) = &mut self.producer else { return Ok(Written::new()) };
        let (guarantee, timeout) = (context.settings.processing.guarantee, context.settings.limits.broker_timeout);
        let reached = |point| context.fault_observer.reached(point);
        producer.begin()?;
        reached(FaultPoint::Begun);
        burst.produce(&mut **producer, guarantee, timeout)?;
        reached(FaultPoint::Produced);
        let written = producer.drain(timeout)?;
        reached(FaultPoint::Drained);
        if guarantee == ProcessingGuarantee::ExactlyOnce && !burst.offsets.is_empty() {
            producer.send_offsets(&burst.offsets, group, timeout)?;
        }
        reached(FaultPoint::OffsetsSent);
        Ok(written)
    }

    /// Duty 7: the commit.
    pub(super) fn commit(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        membership: &mut Membership,
        context: &Context,
    ) -> Result<()> {
        let timeout = context.settings.limits.broker_timeout;
        match (context.settings.processing.guarantee, &mut self.producer, membership.consumer()) {
            (ProcessingGuarantee::ExactlyOnce, Some(producer), _) => producer.commit(timeout)?,
            // The offsets last: after a crash before this, the inputs are processed again.
            (ProcessingGuarantee::AtLeastOnce, _, Some(consumer)) => consumer.commit(offsets, timeout)?,
            (ProcessingGuarantee::ExactlyOnce, None, _) | (ProcessingGuarantee::AtLeastOnce, _, None) => {}
        }
        context.fault_observer.reached(FaultPoint::Committed);
        Ok(())
    }

    /// Notes the start and the end of a commit, on the monotonic clock.
    pub(super) fn committed(&mut self, started: Duration, now: Duration, context: &Context) {
        self.gap.committed(started, now);
        self.batch_limit.committed();
        context.metrics.producer.transaction(TransactionResult::Committed, now.saturating_sub(started));
    }

    /// Aborts the transaction; false if there is no producer.
    pub(super) fn abort(&mut self, timeout: Duration) -> Result<bool> {
        let Some(producer) = &mut self.producer else { return Ok(false) };
        producer.abort(timeout)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_and_an_unknown_outcome_are_resolved_one_after_the_other() {
        let mut committer = Committer::new(Duration::ZERO);
        assert!(committer.is_certain() && !committer.can_commit(), "there is no producer yet");
        committer.set_uncertain();
        committer.set_fenced(FencedBy::Producer);
        assert_eq!((committer.fenced(), committer.is_certain()), (Some(FencedBy::Producer), false));
        committer.unfence();
        assert_eq!((committer.fenced(), committer.is_certain()), (None, false));
        committer.set_certain();
        assert_eq!(committer.certainty, Certainty::Certain);
    }

    #[test]
    fn a_producer_that_is_fenced_at_its_beginning_has_committed_nothing() {
        let mut committer = Committer::new(Duration::ZERO);
        committer.set_fenced(FencedBy::Instance);
        committer.unfence();
        assert_eq!(committer.certainty, Certainty::Certain);
    }
}
