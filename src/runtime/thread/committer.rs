//! The transactional producer of a stream thread, and how much is known of what it has committed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::burst::Burst;
use super::membership::Membership;
use crate::broker::{FencedBy, GroupMetadata, Producer, ProducerSpec};
use crate::metric::TransactionResult;
use crate::model::TopicPartition;
use crate::runtime::context::Context;
use crate::runtime::error::Result;
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::instances;
use crate::runtime::settings::Guarantee;

/// For each changelog partition that a commit has written to, the offset after the last record.
pub(super) type Written = BTreeMap<TopicPartition, i64>;

/// The producer of a stream thread.
pub(super) struct Committer {
    producer: Option<Box<dyn Producer>>,
    standing: Standing,
    /// True when this start stands in the instances topic. It is written once: the last one there is the newest.
    is_announced: bool,
    /// When the last commit ended, on the monotonic clock.
    last_commit: Duration,
}

/// How much a thread knows of what it has committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// All of it.
    Certain,
    /// The outcome of a transaction is not known: committed offsets and changelogs have to be read before anything is committed.
    Uncertain,
    /// Fenced. Before anything is done again under this thread's name, it has to be known whether by a newer start.
    Fenced {
        /// What was fenced.
        by: FencedBy,
        /// Whether all that was committed is known.
        is_certain: bool,
    },
}

impl Standing {
    const fn is_certain(self) -> bool {
        match self {
            Self::Certain => true,
            Self::Uncertain => false,
            Self::Fenced { is_certain, .. } => is_certain,
        }
    }
}

impl Committer {
    /// No producer yet; `uptime` is the monotonic clock.
    pub(super) fn new(uptime: Duration) -> Self {
        Self { producer: None, standing: Standing::Certain, is_announced: false, last_commit: uptime }
    }

    /// Makes the producer, unless there is one. An earlier process under this thread's name is fenced by that. The first thread
    /// writes this start to the instances topic.
    pub(super) fn connect(&mut self, context: &Context, thread: usize) -> Result<()> {
        if self.producer.is_some() {
            return Ok(());
        }
        let tracked = context.plan.changelogs();
        let mut producer = match context.settings.guarantee {
            Guarantee::ExactlyOnce => {
                let transactional_id = context.settings.thread_name(thread);
                context.broker.producer(&ProducerSpec { transactional_id, tracked })?
            }
            Guarantee::AtLeastOnce => context.broker.plain_producer(&tracked)?,
        };
        producer.init(context.settings.broker_timeout)?;
        if thread == 0 && !self.is_announced {
            instances::announce(&mut *producer, context)?;
            self.is_announced = true;
            context.fault_observer.reached(FaultPoint::Announced);
        }
        self.producer = Some(producer);
        Ok(())
    }

    /// True when there is a producer.
    pub(super) fn is_connected(&self) -> bool {
        self.producer.is_some()
    }

    /// True when a commit is possible: there is a producer, and what was committed is known.
    pub(super) fn can_commit(&self) -> bool {
        self.standing.is_certain() && self.producer.is_some()
    }

    /// False while it is not known what was committed.
    pub(super) fn is_certain(&self) -> bool {
        self.standing.is_certain()
    }

    /// What was fenced, while it is not known by whom.
    pub(super) fn fenced(&self) -> Option<FencedBy> {
        match self.standing {
            Standing::Fenced { by, .. } => Some(by),
            Standing::Certain | Standing::Uncertain => None,
        }
    }

    /// Notes that this thread was fenced.
    pub(super) fn set_fenced(&mut self, by: FencedBy) {
        self.standing = Standing::Fenced { by, is_certain: self.standing.is_certain() };
    }

    /// No newer start has fenced this thread.
    pub(super) fn unfence(&mut self) {
        self.standing = if self.standing.is_certain() { Standing::Certain } else { Standing::Uncertain };
    }

    /// Drops the producer, with the transaction that it may have open.
    pub(super) fn drop_producer(&mut self) {
        self.producer = None;
    }

    /// The outcome of a transaction is not known.
    pub(super) fn set_uncertain(&mut self) {
        self.standing = match self.standing {
            Standing::Fenced { by, .. } => Standing::Fenced { by, is_certain: false },
            Standing::Certain | Standing::Uncertain => Standing::Uncertain,
        };
    }

    /// What was committed is known again.
    pub(super) fn set_certain(&mut self) {
        self.standing = match self.standing {
            Standing::Fenced { by, .. } => Standing::Fenced { by, is_certain: true },
            Standing::Certain | Standing::Uncertain => Standing::Certain,
        };
    }

    /// How long ago the last commit ended.
    pub(super) fn since_commit(&self, uptime: Duration) -> Duration {
        uptime.saturating_sub(self.last_commit)
    }

    /// Duties 4 to 6: produces the burst, waits for its acknowledgements, and makes the offsets part of the transaction.
    pub(super) fn write(&mut self, burst: &Burst<'_>, group: &GroupMetadata, context: &Context) -> Result<Written> {
        let Some(producer) = &mut self.producer else { return Ok(Written::new()) };
        let (guarantee, timeout) = (context.settings.guarantee, context.settings.broker_timeout);
        let reached = |point| context.fault_observer.reached(point);
        producer.begin()?;
        reached(FaultPoint::Begun);
        burst.produce(&mut **producer, guarantee, timeout)?;
        reached(FaultPoint::Produced);
        let written = producer.drain(timeout)?;
        reached(FaultPoint::Drained);
        if guarantee == Guarantee::ExactlyOnce && !burst.offsets.is_empty() {
            producer.send_offsets(&burst.offsets, group, timeout)?;
        }
        reached(FaultPoint::OffsetsSent);
        Ok(written)
    }

    /// Duty 7: commits.
    pub(super) fn commit(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        membership: &mut Membership,
        context: &Context,
    ) -> Result<()> {
        let timeout = context.settings.broker_timeout;
        match (context.settings.guarantee, &mut self.producer, membership.consumer()) {
            (Guarantee::ExactlyOnce, Some(producer), _) => producer.commit(timeout)?,
            // Last of all: what is written and not noted as done is done again.
            (Guarantee::AtLeastOnce, _, Some(consumer)) => consumer.commit(offsets, timeout)?,
            (Guarantee::ExactlyOnce, None, _) | (Guarantee::AtLeastOnce, _, None) => {}
        }
        context.fault_observer.reached(FaultPoint::Committed);
        Ok(())
    }

    /// A commit that began at `started` has ended at `now`, both on the monotonic clock.
    pub(super) fn committed(&mut self, started: Duration, now: Duration, context: &Context) {
        self.last_commit = now;
        context.metrics.transaction(TransactionResult::Committed, now.saturating_sub(started));
    }

    /// Aborts the transaction; false when there is no producer to do it.
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
    fn a_fence_is_judged_and_what_was_committed_is_found_out_one_after_the_other() {
        let mut committer = Committer::new(Duration::ZERO);
        assert!(committer.is_certain() && !committer.can_commit(), "there is no producer yet");
        committer.set_uncertain();
        committer.set_fenced(FencedBy::Producer);
        assert_eq!((committer.fenced(), committer.is_certain()), (Some(FencedBy::Producer), false));
        committer.unfence();
        assert_eq!((committer.fenced(), committer.is_certain()), (None, false));
        committer.set_certain();
        assert_eq!(committer.standing, Standing::Certain);
    }

    #[test]
    fn a_producer_that_is_fenced_at_its_beginning_has_committed_nothing() {
        let mut committer = Committer::new(Duration::ZERO);
        committer.set_fenced(FencedBy::Instance);
        committer.unfence();
        assert_eq!(committer.standing, Standing::Certain);
    }
}
