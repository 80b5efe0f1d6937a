//! The membership of a stream thread in the consumer group: its consumer, and partitions without a start offset.

use std::time::Duration;

use crate::broker::{self, Consumer, ConsumerSpec, FencedBy, GroupEvent, GroupMetadata, Start, Waker};
use crate::model::{ErrorClass, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::error::Result;
use crate::runtime::reminder::Reminder;

/// The time-out of one request for committed offsets; between requests the thread continues with its other tasks.
pub(super) const OFFSETS_TIMEOUT: Duration = Duration::from_millis(500);
/// The time after which unstable offsets are logged. Instances set half of it as `transaction.timeout.ms`, and the
/// broker checks for expired transactions every ten seconds
/// (`transaction.abort.timed.out.transaction.cleanup.interval.ms`).
const WARN_AFTER: Duration = Duration::from_secs(30);

/// The membership of a stream thread.
pub(super) struct Membership {
    waker: Waker,
    consumer: Option<Box<dyn Consumer>>,
    state: State,
    /// Set while the requested committed offsets are unstable.
    unstable: Option<Reminder>,
    /// The time at which partitions were revoked or lost, on the monotonic clock, until the next assignment.
    rebalancing_since: Option<Duration>,
}

/// The state of the membership.
#[derive(Debug, PartialEq, Eq)]
enum State {
    /// No assignment yet, or the last one was lost.
    Joining,
    /// A member; the committed offsets of these partitions are not known yet.
    AwaitingOffsets(Vec<TopicPartition>),
    /// A member, perhaps without partitions; all partitions are fetched.
    Joined,
}

impl Membership {
    /// No membership; `waker` is woken for the consumer's events.
    pub(super) fn new(waker: Waker) -> Self {
        Self { waker, consumer: None, state: State::Joining, unstable: None, rebalancing_since: None }
    }

    /// Creates the consumer with this static member name, if there is none.
    pub(super) fn connect(&mut self, context: &Context, member: String) -> Result<()> {
        if self.consumer.is_none() {
            let group = context.settings.application.clone();
            let spec = ConsumerSpec { group, group_instance: Some(member), waker: self.waker.clone() };
            let mut consumer = context.broker.consumer(&spec)?;
            consumer.subscribe(&context.plan.subscription())?;
            self.consumer = Some(consumer);
        }
        Ok(())
    }

    /// The consumer; `None` before the first [`connect`](Self::connect), and after [`leave`](Self::leave).
    pub(super) fn consumer(&mut self) -> Option<&mut (dyn Consumer + 'static)> {
        self.consumer.as_deref_mut()
    }

    /// True if there is a consumer.
    pub(super) fn is_connected(&self) -> bool {
        self.consumer.is_some()
    }

    /// True from the first assignment until the membership is lost.
    pub(super) fn is_joined(&self) -> bool {
        self.state != State::Joining
    }

    /// The next event of the group.
    pub(super) fn poll(&mut self) -> Result<Option<GroupEvent>> {
        let Some(consumer) = &mut self.consumer else { return Ok(None) };
        Ok(consumer.poll()?)
    }

    /// The generation for commits; an error if the member is in none.
    pub(super) fn generation(&self) -> Result<Option<GroupMetadata>> {
        let Some(consumer) = &self.consumer else { return Ok(None) };
        let group = consumer.group()?;
        if group.generation < 0 {
            let detail = "this member is in no generation of the group".to_owned();
            return Err(broker::Error::Fenced { by: FencedBy::Generation, detail }.into());
        }
        Ok(Some(group))
    }

    /// Adds assigned partitions, whose offsets are needed.
    pub(super) fn assigned(&mut self, partitions: Vec<TopicPartition>) {
        match &mut self.state {
            State::AwaitingOffsets(awaiting_offsets) => awaiting_offsets.extend(partitions),
            State::Joining | State::Joined => self.state = State::AwaitingOffsets(partitions),
        }
    }

    /// Partitions were revoked or lost.
    pub(super) fn rebalances(&mut self, uptime: Duration) {
        self.rebalancing_since.get_or_insert(uptime);
    }

    /// Partitions are assigned: the time since the others were revoked or lost.
    pub(super) fn rebalanced(&mut self, uptime: Duration) -> Option<Duration> {
        self.rebalancing_since.take().map(|since| uptime.saturating_sub(since))
    }

    /// All partitions are lost.
    pub(super) fn lost(&mut self) {
        self.state = State::Joining;
    }

    /// Removes a partition that is given up.
    pub(super) fn give_up(&mut self, partition: &TopicPartition) {
        if let State::AwaitingOffsets(awaiting_offsets) = &mut self.state {
            awaiting_offsets.retain(|other| other != partition);
            if awaiting_offsets.is_empty() {
                self.state = State::Joined;
            }
        }
    }

    /// Answers a revocation.
    pub(super) fn unassign(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        if let Some(consumer) = &mut self.consumer {
            consumer.unassign(partitions)?;
        }
        Ok(())
    }

    /// The partitions that need offsets; `None` if there is no assignment to answer.
    pub(super) fn awaiting_offsets(&self) -> Option<&[TopicPartition]> {
        match &self.state {
            State::AwaitingOffsets(partitions) => Some(partitions),
            State::Joining | State::Joined => None,
        }
    }

    /// Starts fetching the assigned partitions at these offsets.
    pub(super) fn begin_reading(&mut self, at: &[(TopicPartition, Start)]) -> Result<()> {
        if let Some(consumer) = &mut self.consumer {
            consumer.assign(at)?;
            self.state = State::Joined;
        }
        Ok(())
    }

    /// The committed offsets of these partitions; `None` while they are unknown because of an open transaction of an
    /// earlier owner: the next turn asks again.
    pub(super) fn committed(
        &mut self,
        partitions: &[TopicPartition],
        context: &Context,
        uptime: Duration,
    ) -> Result<Option<Vec<Option<i64>>>> {
        let Some(consumer) = &mut self.consumer else { return Ok(None) };
        match consumer.committed(partitions, OFFSETS_TIMEOUT) {
            Ok(offsets) => {
                self.unstable = None;
                Ok(Some(offsets))
            }
            Err(error) if error.class() == ErrorClass::Retry => {
                tracing::debug!(%error, "cannot read the committed offsets yet; retrying");
                if error == broker::Error::Unstable {
                    self.warn_of_unstable_offsets(context, uptime);
                }
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a wait for unstable offsets, so that the next one has a time of its own.
    pub(super) fn clear_unstable(&mut self) {
        self.unstable = None;
    }

    fn warn_of_unstable_offsets(&mut self, context: &Context, uptime: Duration) {
        let reminder = self.unstable.get_or_insert_with(|| Reminder::new(uptime, WARN_AFTER));
        if let Some(waited) = reminder.is_due(uptime) {
            tracing::warn!(
                group = context.settings.application,
                waited_seconds = waited.as_secs(),
                "committed offsets are part of a transaction that does not end, and nothing is read before it has: find it \
                 with kafka-transactions.sh find-hanging; docs/operations.md has the steps"
            );
        }
    }

    /// Leaves the group; the next [`connect`](Self::connect) joins again.
    pub(super) fn leave(&mut self, timeout: Duration) {
        self.state = State::Joining;
        if let Some(consumer) = self.consumer.take()
            && let Err(error) = consumer.close(timeout)
        {
            tracing::debug!(%error, "cannot close the fenced member within the time-out");
        }
    }

    /// Closes the consumer. A static member stays in the group for its restart until the session times out.
    pub(super) fn close(&mut self, timeout: Duration) -> Result<()> {
        match self.consumer.take() {
            Some(consumer) => Ok(consumer.close(timeout)?),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Topic;

    fn partition(number: i32) -> TopicPartition {
        TopicPartition::new(&Topic::new("t"), number)
    }

    #[test]
    fn an_assignment_waits_for_its_offsets_until_it_is_read_or_given_up() {
        let mut membership = Membership::new(Waker::none());
        assert!(!membership.is_joined());
        membership.assigned(vec![partition(0)]);
        membership.assigned(vec![partition(1)]);
        assert!(membership.is_joined());
        assert_eq!(membership.awaiting_offsets(), Some(&[partition(0), partition(1)][..]));
        membership.give_up(&partition(0));
        assert_eq!(membership.awaiting_offsets(), Some(&[partition(1)][..]));
        membership.give_up(&partition(1));
        assert_eq!((membership.awaiting_offsets(), membership.is_joined()), (None, true));
    }

    #[test]
    fn an_empty_assignment_has_to_be_answered_too() {
        let mut membership = Membership::new(Waker::none());
        membership.assigned(Vec::new());
        assert_eq!(membership.awaiting_offsets(), Some(&[][..]));
    }

    #[test]
    fn offsets_are_not_awaited_after_the_membership_is_lost() {
        let mut membership = Membership::new(Waker::none());
        membership.assigned(vec![partition(0)]);
        membership.lost();
        assert_eq!((membership.awaiting_offsets(), membership.is_joined()), (None, false));
    }
}
