//! One restore: from a store's position to the end of its changelog.

use std::time::Duration;

use uuid::Uuid;

use super::batch::{Batching, Read, Step};
use super::replay::{Replay, ReplaySpec};
use super::replays::Replaying;
use crate::broker::Admin;
use crate::model::{ErrorClass, TaskId, Timestamp};
use crate::runtime::context::Context;
use crate::runtime::error::{Error, Result};
use crate::runtime::fault_point::FaultPoint;
use crate::runtime::handoff::{Genesis, Job, Restored, RestoredStore};
use crate::store;

/// The least number of offsets of a bulk restore. For fewer, as after a standby, ingestion does not pay off.
const BULK_MIN: i64 = 20_000;

/// The most offsets of a short restore, which does not queue behind long ones.
const SHORT_MAX: i64 = 100;
/// The shortest restore that is logged above `debug`: with a store that is up to date it takes milliseconds.
const LONG_RESTORE: Duration = Duration::from_secs(1);

/// The number of readers for restores: one for short ones, one for long ones.
pub(super) const READERS: usize = 2;

/// A running restore.
pub(super) struct Active {
    job: Job,
    replay: Replay,
    started: Duration,
}

/// True for errors after which a job is retried: retriable errors of the broker, and a store that another thread of
/// this process is still closing.
pub(super) fn is_retriable(error: &Error) -> bool {
    error.class() == ErrorClass::Retry || matches!(error, Error::Store { error: store::Error::Locked { .. }, .. })
}

/// Sends the result of a job to its stream thread.
pub(super) fn reply(job: &Job, result: Result<RestoredStore>) {
    let (sender, waker) = &job.reply;
    // The receiver may be gone; then the store is closed by being dropped.
    drop(sender.send(Restored { task: job.task.clone(), epoch: job.epoch, result }));
    waker.wake();
}

/// A job that could not start.
pub(super) struct Failed {
    pub(super) job: Job,
    pub(super) error: Error,
}

impl Failed {
    /// Sends the error to the job's stream thread.
    pub(super) fn reply(self) {
        reply(&self.job, Err(self.error));
    }
}

impl Active {
    /// Opens the store and reads the range of its changelog.
    pub(super) fn begin(
        mut job: Job,
        context: &Context,
        admin: &mut dyn Admin,
        now: Timestamp,
    ) -> std::result::Result<Self, Box<Failed>> {
        let Job { task, changelog, store, fresh, .. } = &mut job;
        let spec = ReplaySpec { task, changelog, store, fresh: *fresh };
        match Replay::open(spec, context, admin, now) {
            Ok(replay) => {
                job.fresh = false;
                Ok(Self { job, replay, started: context.clock.uptime() })
            }
            Err(error) => Err(Box::new(Failed { job, error })),
        }
    }

    /// True if there is little to read: after a clean stop it is only the marker of the last commit.
    fn is_short(&self) -> bool {
        self.replay.progress().1 <= SHORT_MAX
    }

    /// False if the task was revoked meanwhile.
    pub(super) fn is_wanted(&self) -> bool {
        self.job.wanted.strong_count() > 0
    }

    /// The task, the number of replayed offsets, and their total.
    pub(super) fn progress(&self) -> (&TaskId, i64, i64) {
        let (done, total) = self.replay.progress();
        (&self.job.task, done, total)
    }

    /// Ends the restore: applies pending records and returns the store.
    pub(super) fn finish(mut self, result: Result<()>, context: &Context, now: Timestamp) {
        let (is_begun, is_bulk) = (self.replay.genesis().is_some(), self.is_bulk());
        let result = result.and_then(|()| if is_begun { self.replay.complete(now, is_bulk) } else { Ok(()) });
        let result = result.map(|()| {
            let id = Uuid::new_v5(&context.incarnation.id, self.job.task.to_string().as_bytes());
            let genesis = if is_begun { Genesis::Written } else { Genesis::Due(id) };
            let (changelog_next, (offsets, _)) = (self.replay.next(), self.replay.progress());
            let took = context.clock.uptime().saturating_sub(self.started);
            context.metrics.task.restore_ended(&self.job.task, took);
            if took >= LONG_RESTORE {
                tracing::info!(sheaf.task = %self.job.task, offsets, changelog_next, ?took, "restored");
            } else {
                tracing::debug!(sheaf.task = %self.job.task, offsets, changelog_next, ?took, "restored");
            }
            RestoredStore { store: self.replay.into_store(), changelog_next, genesis }
        });
        context.fault_observer.reached(FaultPoint::Restored);
        reply(&self.job, result);
    }

    /// The job, for a retry; the store is closed.
    pub(super) fn into_job(self) -> Job {
        self.job
    }

    /// The job, with an empty store.
    pub(super) fn into_fresh_job(self, context: &Context) -> Job {
        let Self { job, .. } = self;
        context.metrics.task.store_rebuilt(&job.task);
        Job { fresh: true, ..job }
    }
}

impl Replaying for Active {
    fn replay(&self) -> &Replay {
        &self.replay
    }

    fn is_reading(&self) -> bool {
        let (done, total) = self.replay.progress();
        self.replay.is_verified() && done < total
    }

    /// One reader for short restores, one for long ones: records arrive in one queue per reader, and a task with little
    /// to restore must not wait behind one with much.
    fn reader(&self) -> usize {
        usize::from(!self.is_short())
    }

    fn is_bulk(&self) -> bool {
        self.replay.progress().1 > BULK_MIN
    }

    fn advance(&mut self, read: Read, bulk: usize, context: &Context, now: Timestamp) -> Result<Step> {
        let batching = if self.is_bulk() { Batching::Bulk { replays: bulk } } else { Batching::AtOnce };
        let (step, applied) = self.replay.advance(read, now, batching)?;
        if applied > 0 {
            context.fault_observer.reached(FaultPoint::RestoreBatch);
        }
        if self.replay.is_verified() {
            let (done, total) = self.replay.progress();
            context.metrics.task.restored(&self.job.task, applied, u64::try_from(total - done).unwrap_or(0));
        }
        Ok(step)
    }
}
