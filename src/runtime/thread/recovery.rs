//! What happens when a duty fails: abort and do it again, or find out from the broker what is true.
//!
//! | what failed | what is done |
//! |---|---|
//! | the transaction must be aborted | abort; overlay and cache are dropped; the inputs are taken again from memory |
//! | a transactional call timed out, or a store failed after the commit | also a new producer; committed offsets and every touched task's changelog are read before anything else is done |
//! | fenced by a newer generation | abort; the group's next event says what is left |
//! | fenced by a newer producer | a newer incarnation of this instance: stop. Otherwise the coordinator gave up on a slow transaction: as after a time-out |
//! | fenced by a newer member of the same name | a newer incarnation of this instance: stop. Otherwise the coordinator has mistaken this member after an outage: join anew |

use std::mem;
use std::time::Duration;

use super::{BACK_OFF, StreamThread};
use crate::broker::{self, FencedBy};
use crate::metric::TransactionResult;
use crate::model::{ErrorClass, TaskId};
use crate::runtime::error::{Error, Result};
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::instances;
use crate::runtime::mutation::Mutation;
use crate::runtime::task::Lifecycle;
use crate::runtime::transaction::Transaction;
use crate::runtime::turn::Turn;

impl StreamThread {
    /// Judges an error of a turn: what may pass is repaired and tried again, everything else stops the instance.
    pub(super) fn on_error(&mut self, error: Error) -> Result<Turn> {
        match error.class() {
            ErrorClass::Retry => self.on_passing(&error)?,
            ErrorClass::Fenced => self.on_fence(error)?,
            ErrorClass::Corrupt => self.on_corruption(error)?,
            // A record that is too large was refused when it was collected; here it is a mistake of sheaf's own.
            ErrorClass::Reject | ErrorClass::Fatal => return Err(error),
        }
        Ok(Turn::Wait(BACK_OFF))
    }

    fn on_passing(&mut self, error: &Error) -> Result<()> {
        if let Error::Broker(broker::Error::Abortable { .. }) = error {
            tracing::warn!(%error, "transaction aborted; it is done again");
            return self.abandon();
        }
        tracing::warn!(%error, "the broker did not do what was asked; trying again");
        if self.txn.is_empty() && self.committer.is_connected() { Ok(()) } else { self.recover() }
    }

    fn on_fence(&mut self, error: Error) -> Result<()> {
        let Error::Broker(broker::Error::Fenced { by, .. }) = error else { return Err(error) };
        if by == FencedBy::Generation {
            tracing::info!(%error, "transaction aborted: the group has moved on");
            return self.abandon();
        }
        self.context.metrics.transaction(TransactionResult::Fenced, self.age());
        tracing::warn!(%error, "fenced: finding out whether by a newer start of this instance");
        self.recover()?;
        self.committer.set_fenced(by);
        Ok(())
    }

    fn on_corruption(&mut self, error: Error) -> Result<()> {
        let Some(task) = error.task().cloned() else { return Err(error) };
        let error = self.tasks.first_time(error)?;
        tracing::error!(%error, sheaf.task = %task, "the store is corrupt and is rebuilt from its changelog");
        self.rebuild(&task)
    }

    /// Before anything is done again under this thread's name: a process that a newer start of its instance has fenced
    /// stops instead of fencing it in turn.
    pub(super) fn judge_fence(&mut self, by: FencedBy) -> Result<()> {
        instances::refuse_replaced(&self.context)?;
        if by == FencedBy::Instance {
            tracing::warn!("not fenced by a newer start of this instance: joining anew");
            self.rejoin()?;
        } else {
            tracing::warn!("not fenced by a newer start of this instance: recovering");
        }
        self.committer.unfence();
        Ok(())
    }

    /// Ends the transaction without committing it and takes back what went in. When even that fails, the truth has to be
    /// asked for.
    pub(super) fn abandon(&mut self) -> Result<()> {
        if !self.committer.is_certain() {
            return Ok(());
        }
        match self.committer.abort(self.context.settings.broker_timeout) {
            Ok(true) => {
                self.context.metrics.transaction(TransactionResult::Aborted, self.age());
                self.roll_back()
            }
            Ok(false) => self.recover(),
            Err(error) => {
                tracing::warn!(%error, "the transaction could not be aborted: recovering");
                self.recover()
            }
        }
    }

    /// Drops the producer and everything that is not known to be committed; the next turns make a new one, read the
    /// committed offsets and restore every task to its changelog's end.
    pub(super) fn recover(&mut self) -> Result<()> {
        if !self.membership.is_connected() || !self.committer.is_certain() {
            // Nothing has been read yet, or nothing since the last time.
            self.committer.drop_producer();
            return Ok(());
        }
        self.context.metrics.transaction(TransactionResult::Aborted, self.age());
        self.committer.drop_producer();
        self.roll_back()?;
        if !self.context.settings.breaks(Mutation::UnknownIsAborted) {
            self.committer.set_uncertain();
        }
        self.context.fault_observer.reached(FaultPoint::Recovering);
        Ok(())
    }

    /// Begins again as after a start, because this member is of no use any more. librdkafka asks for its place under an
    /// empty member id when a session has ended that it could not end in order, and that is what the coordinator takes
    /// for another process. A process that really is newer has written its incarnation before it joins.
    fn rejoin(&mut self) -> Result<()> {
        self.recover()?;
        let arriving = self.membership.arriving().unwrap_or_default().to_vec();
        for partition in self.inputs.partitions().iter().chain(&arriving) {
            self.give_up(partition, false);
        }
        self.tasks.drop_all();
        self.acts.drop_outcomes();
        self.committer.set_certain();
        self.membership.leave(self.context.settings.broker_timeout);
        Ok(())
    }

    /// How long the transaction has been gathered.
    fn age(&self) -> Duration {
        self.txn.opened_at.map_or(Duration::ZERO, |opened| self.context.clock.uptime().saturating_sub(opened))
    }

    fn roll_back(&mut self) -> Result<()> {
        let fresh = Transaction::new(self.context.clock.now(), self.context.clock.uptime());
        let undone = mem::replace(&mut self.txn, fresh);
        let settings = &self.context.settings;
        if !settings.breaks(Mutation::InputsForgotten) {
            self.inputs.put_back(undone.records);
        }
        self.acts.put_back(undone.outcomes);
        for task in self.tasks.iter_mut() {
            if let Lifecycle::Running(live) = &mut task.state {
                live.roll_back(settings).map_err(|source| Error::Store { task: task.id.clone(), source })?;
            }
        }
        Ok(())
    }

    /// Throws one task's store away and has it made again from its changelog.
    fn rebuild(&mut self, id: &TaskId) -> Result<()> {
        self.context.metrics.store_rebuilt(id);
        self.abandon()?;
        self.tasks.begin_anew(id);
        if self.committer.is_certain() { self.tasks.restore(id) } else { Ok(()) }
    }
}
