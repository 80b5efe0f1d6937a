//! The membership of a stream thread in the consumer group: its consumer, and which partitions wait for their offsets.

use std::time::Duration;

use crate::broker::{self, Consumer, ConsumerSpec, FencedBy, GroupEvent, GroupMetadata, Start, Waker};
use crate::model::{ErrorClass, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::error::Result;
use crate::runtime::reminder::Reminder;

/// How long one attempt to learn committed offsets may take; between attempts the thread goes on with its other tasks.
pub(super) const OFFSETS_TIMEOUT: Duration = Duration::from_millis(500);
/// After this long an operator is told that offsets are not stable. Instances give their transactions half of that, and the
/// broker looks for late ones every ten seconds (`transaction.abort.timed.out.transaction.cleanup.interval.ms`).
const PATIENCE: Duration = Duration::from_secs(30);

/// The membership of a stream thread.
pub(super) struct Membership {
    waker: Waker,
    consumer: Option<Box<dyn Consumer>>,
    state: State,
    /// Set while the committed offsets that are waited for are not stable.
    unstable: Option<Reminder>,
}

/// What is known of the membership.
#[derive(Debug, PartialEq, Eq)]
enum State {
    /// No assignment has come, or the last one was lost.
    Joining,
    /// A member. The committed offsets of these partitions are not known yet.
    Arriving(Vec<TopicPartition>),
    /// A member, be it of no partition. All partitions are being read.
    Joined,
}

impl Membership {
    /// A thread that is no member; `waker` is woken when something arrives for it.
    pub(super) fn new(waker: Waker) -> Self {
        Self { waker, consumer: None, state: State::Joining, unstable: None }
    }

    /// Makes the consumer, unless there is one, under the static member name of the thread.
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

    /// True when there is a consumer.
    pub(super) fn is_connected(&self) -> bool {
        self.consumer.is_some()
    }

    /// True from an assignment until the membership is lost.
    pub(super) fn is_joined(&self) -> bool {
        self.state != State::Joining
    }

    /// The next event of the group, when one has come.
    pub(super) fn poll(&mut self) -> Result<Option<GroupEvent>> {
        let Some(consumer) = &mut self.consumer else { return Ok(None) };
        Ok(consumer.poll()?)
    }

    /// The generation in which this member may commit. Without one it is fenced.
    pub(super) fn generation(&self) -> Result<Option<GroupMetadata>> {
        let Some(consumer) = &self.consumer else { return Ok(None) };
        let group = consumer.group()?;
        if group.generation < 0 {
            let detail = "this member is in no generation of the group".to_owned();
            return Err(broker::Error::Fenced { by: FencedBy::Generation, detail }.into());
        }
        Ok(Some(group))
    }

    /// Partitions were assigned: they wait for their offsets.
    pub(super) fn assigned(&mut self, partitions: Vec<TopicPartition>) {
        match &mut self.state {
            State::Arriving(arriving) => arriving.extend(partitions),
            State::Joining | State::Joined => self.state = State::Arriving(partitions),
        }
    }

    /// All partitions belong to others.
    pub(super) fn lost(&mut self) {
        self.state = State::Joining;
    }

    /// A partition is given up. It need not wait for its offset any more.
    pub(super) fn give_up(&mut self, partition: &TopicPartition) {
        if let State::Arriving(arriving) = &mut self.state {
            arriving.retain(|other| other != partition);
            if arriving.is_empty() {
                self.state = State::Joined;
            }
        }
    }

    /// Answers the group that these partitions are given up.
    pub(super) fn unassign(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        if let Some(consumer) = &mut self.consumer {
            consumer.unassign(partitions)?;
        }
        Ok(())
    }

    /// The partitions that wait for their offsets; `None` when no assignment has to be answered.
    pub(super) fn arriving(&self) -> Option<&[TopicPartition]> {
        match &self.state {
            State::Arriving(partitions) => Some(partitions),
            State::Joining | State::Joined => None,
        }
    }

    /// Begins to read what was arriving, at these offsets.
    pub(super) fn begin_reading(&mut self, at: &[(TopicPartition, Start)]) -> Result<()> {
        if let Some(consumer) = &mut self.consumer {
            consumer.assign(at)?;
            self.state = State::Joined;
        }
        Ok(())
    }

    /// The committed offsets of these partitions; `None` while they are not known, because an earlier owner's transaction is
    /// open: then the next turn asks again.
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
                tracing::debug!(%error, "committed offsets are not known yet");
                if error == broker::Error::Unstable {
                    self.warn_of_unstable_offsets(context, uptime);
                }
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// No offsets are waited for: what is waited for next has a time of its own.
    pub(super) fn waits_for_nothing(&mut self) {
        self.unstable = None;
    }

    fn warn_of_unstable_offsets(&mut self, context: &Context, uptime: Duration) {
        let reminder = self.unstable.get_or_insert_with(|| Reminder::new(uptime, PATIENCE));
        if let Some(waited) = reminder.is_due(uptime) {
            tracing::warn!(
                group = context.settings.application,
                waited_seconds = waited.as_secs(),
                "committed offsets are part of a transaction that does not end, and nothing is read before it has: find it \
                 with kafka-transactions.sh find-hanging; docs/operations.md has the steps"
            );
        }
    }

    /// Leaves the group, to join it anew with the next [`connect`](Self::connect).
    pub(super) fn leave(&mut self, timeout: Duration) {
        self.state = State::Joining;
        if let Some(consumer) = self.consumer.take()
            && let Err(error) = consumer.close(timeout)
        {
            tracing::debug!(%error, "the fenced member could not be closed in time");
        }
    }

    /// Ends in order. The place of a static member stays reserved for its restart.
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
        assert_eq!(membership.arriving(), Some(&[partition(0), partition(1)][..]));
        membership.give_up(&partition(0));
        assert_eq!(membership.arriving(), Some(&[partition(1)][..]));
        membership.give_up(&partition(1));
        assert_eq!((membership.arriving(), membership.is_joined()), (None, true));
    }

    #[test]
    fn an_empty_assignment_has_to_be_answered_too() {
        let mut membership = Membership::new(Waker::none());
        membership.assigned(Vec::new());
        assert_eq!(membership.arriving(), Some(&[][..]));
    }

    #[test]
    fn what_was_arriving_when_the_membership_was_lost_is_not_waited_for() {
        let mut membership = Membership::new(Waker::none());
        membership.assigned(vec![partition(0)]);
        membership.lost();
        assert_eq!((membership.arriving(), membership.is_joined()), (None, false));
    }
}
