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

use super::{BACK_OFF, StreamThread, Turn};
use crate::broker::{self, FencedBy};
use crate::metric::TransactionResult;
use crate::model::{ErrorClass, TaskId};
use crate::runtime::error::{Error, Result};
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::mutation::Mutation;
use crate::runtime::task::{Lifecycle, Task};
use crate::runtime::transaction::Transaction;

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
        if self.txn.is_empty() && self.producer.is_some() { Ok(()) } else { self.recover() }
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
        self.fenced = Some(by);
        Ok(())
    }

    fn on_corruption(&mut self, error: Error) -> Result<()> {
        let Some(task) = error.task().cloned() else { return Err(error) };
        let error = self.first_time(error)?;
        tracing::error!(%error, sheaf.task = %task, "the store is corrupt and is rebuilt from its changelog");
        self.rebuild(&task)
    }

    /// Before anything is done again under this thread's name: a process that a newer start of its instance has fenced
    /// stops instead of fencing it in turn.
    pub(super) fn judge_fence(&mut self, by: FencedBy) -> Result<()> {
        self.context.incarnation.check(&self.context)?;
        if by == FencedBy::Instance {
            tracing::warn!("not fenced by a newer start of this instance: joining anew");
            self.rejoin()?;
        } else {
            tracing::warn!("not fenced by a newer start of this instance: recovering");
        }
        self.fenced = None;
        Ok(())
    }

    /// An entry that cannot be read twice stands like that in the changelog, and rebuilding would never end.
    fn first_time(&mut self, error: Error) -> Result<Error> {
        let Error::Entry { task, key, source } = error else { return Ok(error) };
        if self.rebuilt.insert((task.clone(), key.clone())) {
            return Ok(Error::Entry { task, key, source });
        }
        let changelog = self.tasks.get(&task).map_or_else(String::new, |task| task.changelog.to_string());
        Err(Error::Unreadable { task, changelog, key, source })
    }

    /// Ends the transaction without committing it and takes back what went in. When even that fails, the truth has to be
    /// asked for.
    pub(super) fn abandon(&mut self) -> Result<()> {
        if self.recovering {
            return Ok(());
        }
        let Some(producer) = &mut self.producer else { return self.recover() };
        match producer.abort(self.context.settings.broker_timeout) {
            Ok(()) => {
                self.context.metrics.transaction(TransactionResult::Aborted, self.age());
                self.roll_back()
            }
            Err(error) => {
                tracing::warn!(%error, "the transaction could not be aborted: recovering");
                self.recover()
            }
        }
    }

    /// Drops the producer and everything that is not known to be committed; the next turns make a new one, read the
    /// committed offsets and restore every task to its changelog's end.
    pub(super) fn recover(&mut self) -> Result<()> {
        if self.consumer.is_none() || self.recovering {
            // Nothing has been read yet, or nothing since the last time.
            self.producer = None;
            return Ok(());
        }
        self.context.metrics.transaction(TransactionResult::Aborted, self.age());
        self.producer = None;
        self.roll_back()?;
        self.recovering = !self.context.settings.breaks(Mutation::UnknownIsAborted);
        self.context.fault_observer.reached(FaultPoint::Recovering);
        Ok(())
    }

    /// Begins again as after a start, because this member is of no use any more. librdkafka asks for its place under an
    /// empty member id when a session has ended that it could not end in order, and that is what the coordinator takes
    /// for another process. A process that really is newer has written its incarnation before it joins.
    fn rejoin(&mut self) -> Result<()> {
        self.recover()?;
        for partition in self.inputs.partitions().iter().chain(self.arriving.take().iter().flatten()) {
            self.give_up(partition, false);
        }
        self.tasks.clear();
        self.outcomes.clear();
        (self.joined, self.recovering) = (false, false);
        if let Some(consumer) = self.consumer.take()
            && let Err(error) = consumer.close(self.context.settings.broker_timeout)
        {
            tracing::debug!(%error, "the fenced member could not be closed in time");
        }
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
        for returned in undone.outcomes.into_iter().rev() {
            self.outcomes.push_front(returned);
        }
        for task in self.tasks.values_mut() {
            if let Lifecycle::Running(live) = &mut task.state {
                live.roll_back(settings.mutation).map_err(|source| Error::Store { task: task.id.clone(), source })?;
            }
        }
        Ok(())
    }

    /// Sends every task to the restorer whose input is known.
    pub(super) fn restore_all(&mut self) -> Result<()> {
        let known = |task: &&Task| self.inputs.get(&task.inbox).is_some();
        let ids: Vec<TaskId> = self.tasks.values().filter(known).map(|task| task.id.clone()).collect();
        ids.iter().try_for_each(|id| self.restore(id))
    }

    /// Throws one task's store away and has it made again from its changelog.
    fn rebuild(&mut self, id: &TaskId) -> Result<()> {
        self.context.metrics.store_rebuilt(id);
        self.abandon()?;
        if let Some(task) = self.tasks.get_mut(id) {
            if let Lifecycle::Running(live) = &task.state {
                task.offset_known = live.is_begun();
            }
            (task.state, task.fresh) = (Lifecycle::Created, true);
        }
        if self.recovering { Ok(()) } else { self.restore(id) }
    }
}
