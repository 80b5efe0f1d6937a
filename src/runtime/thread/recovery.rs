//! The handling of failed duties: abort and repeat, or read the committed state from the broker.
//!
//! | failure | handling |
//! |---|---|
//! | the transaction must be aborted | abort; overlay and cache are dropped; the inputs are taken again from memory |
//! | a transactional call timed out, or a store failed after the commit | also a new producer; committed offsets and every touched task's changelog are read before anything else is done |
//! | fenced by a newer generation | abort; the group's next event has the remaining partitions |
//! | fenced by a newer producer | a newer incarnation of this instance: stop. Otherwise the coordinator gave up on a slow transaction: as after a time-out |
//! | fenced by a newer member of the same name | a newer incarnation of this instance: stop. Otherwise the coordinator has mistaken this member after an outage: join anew |

use std::mem;
use std::time::Duration;

use super::{BACK_OFF, StreamThread};
use crate::broker::{self, FencedBy};
use crate::config::ProcessingGuarantee;
use crate::metric::TransactionResult;
use crate::model::{ErrorClass, TaskId};
use crate::runtime::error::{Error, Result};
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::instances::{self, KnownAtStart};
use crate::runtime::mutation::Mutation;
use crate::runtime::task::Lifecycle;
use crate::runtime::transaction::Transaction;
use crate::runtime::turn::Turn;

impl StreamThread {
    /// Handles an error of a turn: retriable ones are retried, others stop the instance.
    pub(super) fn on_error(&mut self, error: Error) -> Result<Turn> {
        match error.class() {
            ErrorClass::Retry => self.on_retriable(&error)?,
            ErrorClass::Fenced => self.on_fenced(error)?,
            ErrorClass::Corrupt => self.on_corrupt(error)?,
            // Records that are too large are rejected when they are collected; here it is a bug in sheaf.
            ErrorClass::Reject | ErrorClass::Fatal => return Err(error),
        }
        Ok(Turn::Wait(BACK_OFF))
    }

    fn on_retriable(&mut self, error: &Error) -> Result<()> {
        if !self.txn.is_empty() {
            self.committer.batch_limit.failed();
        }
        if let Error::Broker(broker::Error::Abortable { .. }) = error {
            tracing::warn!(%error, "transaction aborted; retrying it");
            return self.abort();
        }
        tracing::warn!(%error, "a request to the broker failed; retrying");
        if self.txn.is_empty() && self.committer.is_connected() { Ok(()) } else { self.recover() }
    }

    fn on_fenced(&mut self, error: Error) -> Result<()> {
        let Error::Broker(broker::Error::Fenced { by, .. }) = error else { return Err(error) };
        if by == FencedBy::Generation {
            tracing::info!(%error, "transaction aborted: the group has a newer generation");
            return self.abort();
        }
        self.context.metrics.producer.transaction(TransactionResult::Fenced, self.age());
        tracing::warn!(%error, "fenced: checking for a newer process of this instance");
        self.recover()?;
        self.committer.set_fenced(by);
        Ok(())
    }

    fn on_corrupt(&mut self, error: Error) -> Result<()> {
        let Some(task) = error.task().cloned() else { return Err(error) };
        let error = self.tasks.first_time(error)?;
        tracing::error!(%error, sheaf.task = %task, "the store is corrupt and is rebuilt from its changelog");
        self.rebuild(&task)
    }

    /// Before the thread uses its transactional id again: if a newer incarnation exists the process stops, instead of
    /// fencing it in turn.
    pub(super) fn resolve_fence(&mut self, by: FencedBy) -> Result<()> {
        instances::refuse_replaced(&self.context)?;
        if by == FencedBy::Instance {
            tracing::warn!("no newer process of this instance exists: rejoining the group");
            self.rejoin()?;
        } else {
            tracing::warn!(
                transactional_id = self.context.settings.transactional_id(self.number),
                "no newer process of this instance exists: recovering; another program may use the transactional id, or a \
                 transaction took longer than transaction.timeout.ms"
            );
        }
        self.committer.unfence();
        Ok(())
    }

    /// Aborts the transaction and takes its inputs back. If the abort fails the thread recovers.
    pub(super) fn abort(&mut self) -> Result<()> {
        if !self.committer.is_certain() {
            return Ok(());
        }
        // Without transactions an abort does not undo writes: only the changelog tells what was written.
        let is_undone = self.context.settings.processing.guarantee == ProcessingGuarantee::ExactlyOnce;
        if !is_undone && !self.txn.is_empty() {
            return self.recover();
        }
        match self.committer.abort(self.context.settings.limits.broker_timeout) {
            Ok(true) => {
                self.context.metrics.producer.transaction(TransactionResult::Aborted, self.age());
                self.roll_back()
            }
            Ok(false) => self.recover(),
            Err(error) => {
                tracing::warn!(%error, "cannot abort the transaction: recovering");
                self.recover()
            }
        }
    }

    /// Drops the producer and all uncertain state; the next turns create a new producer, read the committed offsets and
    /// restore every task.
    pub(super) fn recover(&mut self) -> Result<()> {
        if !self.membership.is_connected() || !self.committer.is_certain() {
            // Nothing has been fetched since the last recovery.
            self.committer.drop_producer();
            return Ok(());
        }
        self.context.metrics.producer.transaction(TransactionResult::Aborted, self.age());
        self.committer.drop_producer();
        self.roll_back()?;
        if !self.context.settings.breaks(Mutation::UnknownIsAborted) {
            self.committer.set_uncertain();
        }
        self.context.fault_observer.reached(FaultPoint::Recovering);
        Ok(())
    }

    /// Leaves the group and starts over, because the member is unusable. librdkafka rejoins with an empty member id
    /// after a session that it could not end, which the coordinator takes for another process. A newer process would
    /// have announced its incarnation before it joins.
    fn rejoin(&mut self) -> Result<()> {
        self.recover()?;
        let awaiting_offsets = self.membership.awaiting_offsets().unwrap_or_default().to_vec();
        for partition in self.inputs.partitions().iter().chain(&awaiting_offsets) {
            self.give_up(partition, false);
        }
        self.inputs.known = KnownAtStart::default();
        self.tasks.drop_all();
        self.acts.drop_outcomes();
        self.committer.set_certain();
        self.membership.leave(self.context.settings.limits.broker_timeout);
        Ok(())
    }

    /// The age of the transaction.
    fn age(&self) -> Duration {
        self.txn.opened_at.map_or(Duration::ZERO, |opened| self.context.clock.uptime().saturating_sub(opened))
    }

    fn roll_back(&mut self) -> Result<()> {
        let next = Transaction::new(self.txn.now, self.context.clock.uptime()).with_spans(self.context.spans.is_some());
        let mut aborted = mem::replace(&mut self.txn, next);
        let settings = &self.context.settings;
        if !settings.breaks(Mutation::InputsForgotten) {
            self.inputs.put_back(aborted.records);
        }
        self.acts.put_back(aborted.outcomes);
        // Those that this transaction has added go first: they are behind those that were there before.
        for (task, to) in aborted.acts.take_queued() {
            if let Some(task) = self.tasks.get_mut(&task) {
                task.queues.take_back(&to);
            }
        }
        let released =
            if settings.breaks(Mutation::ReleasedForgotten) { None } else { Some(aborted.acts.into_released()) };
        for (task, to, act) in released.into_iter().flatten() {
            if let Some(task) = self.tasks.get_mut(&task) {
                task.queues.put_back(&to, act);
            }
        }
        for task in self.tasks.iter_mut() {
            if let Lifecycle::Running(state) = &mut task.state {
                state.roll_back(settings).map_err(|error| Error::store(&task.id, error))?;
            }
        }
        Ok(())
    }

    /// Deletes a task's store and restores it from its changelog.
    fn rebuild(&mut self, id: &TaskId) -> Result<()> {
        self.context.metrics.task.store_rebuilt(id);
        self.abort()?;
        self.tasks.restore_from_empty(id);
        if self.committer.is_certain() { self.tasks.restore(id) } else { Ok(()) }
    }
}
