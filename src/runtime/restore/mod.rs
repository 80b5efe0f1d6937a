//! The restorer: brings stores up to the end of their changelogs, off the stream threads, so that the other tasks of a
//! thread go on meanwhile.
//!
//! ```text
//!  job ──▶ open the store ──▶ verify the genesis ──▶ replay to the high watermark ──▶ back to the stream thread
//!              │                     │                     │
//!              └ not there: fresh    └ not its own: refuse └ offset gone: rebuild from the beginning
//! ```
//!
//! The end is the high watermark, not the last stable offset: the last committed transaction may lie behind an open one.
//! Reading is `read_committed`, so what an earlier owner left open is waited for, at most for a transaction's time-out.
//! Like a stream thread it is driven by [`turn`](Restorer::turn).

mod job;
mod place;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Weak;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use job::{Active, Step};

use super::error::{Error, Result};
use super::task::Genesis;
use super::thread::{Pace, Shared};
use crate::broker::{self, Admin, Isolation, Reader, Start, Waker};
use crate::model::{ErrorClass, Record, TaskId, Timestamp, TopicPartition};
use crate::store::Store;

/// A store to be brought up to its changelog's end.
pub struct Job {
    /// Whose.
    pub task: TaskId,
    /// Of which opening of the task.
    pub epoch: u64,
    /// The changelog's partition.
    pub changelog: TopicPartition,
    /// The store, when it is open already.
    pub store: Option<Box<dyn Store>>,
    /// True when what there is of the store is to be thrown away first.
    pub fresh: bool,
    /// Dead when nobody wants the result any more.
    pub wanted: Weak<()>,
    /// Where the result goes, and whom it wakes.
    pub reply: (Sender<Restored>, Waker),
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("task", &self.task).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// What became of a [`Job`].
#[derive(Debug)]
pub struct Restored {
    /// Whose.
    pub(super) task: TaskId,
    /// Of which opening of the task.
    pub(super) epoch: u64,
    /// The store, or why there is none.
    pub(super) result: Result<Done>,
}

/// A store at its changelog's end.
pub(super) struct Done {
    pub store: Box<dyn Store>,
    /// The offset of the changelog up to which the store has it.
    pub changelog_next: i64,
    /// Whether the changelog says whose it is.
    pub genesis: Genesis,
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Done").field("changelog_next", &self.changelog_next).finish_non_exhaustive()
    }
}

/// How many records one turn applies at most.
const BATCH_MAX: usize = 2_000;
/// How long a job waits after a failure that may pass.
const BACK_OFF: Duration = Duration::from_millis(300);
/// How long a reader waits for the next record.
const POLL: Duration = Duration::from_millis(20);
/// How often progress is logged.
const PROGRESS: Duration = Duration::from_secs(10);

/// Restores stores, several at a time.
pub struct Restorer {
    shared: Shared,
    jobs: Receiver<Job>,
    /// Jobs that could not be begun, with when to try again.
    waiting: Vec<(Duration, Job)>,
    active: BTreeMap<TopicPartition, Active>,
    admin: Box<dyn Admin>,
    reader: Option<Box<dyn Reader>>,
    /// True when the reader does not read what `active` says.
    stale: bool,
    progress_at: Duration,
}

impl fmt::Debug for Restorer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restorer").field("active", &self.active.keys()).finish_non_exhaustive()
    }
}

impl Restorer {
    /// A restorer that takes jobs from a channel.
    pub fn new(shared: Shared, jobs: Receiver<Job>) -> Result<Self> {
        let admin = shared.broker.admin()?;
        let progress_at = shared.clock.uptime();
        Ok(Self {
            shared,
            jobs,
            waiting: Vec::new(),
            active: BTreeMap::new(),
            admin,
            reader: None,
            stale: false,
            progress_at,
        })
    }

    /// One round: takes new jobs, applies what has arrived, gives back what is finished. An error stops the instance.
    pub fn turn(&mut self, now: Timestamp) -> Result<Pace> {
        self.take_jobs(now);
        self.drop_unwanted();
        if self.active.is_empty() {
            self.reader = None;
            return Ok(if self.waiting.is_empty() { Pace::Idle(Duration::from_secs(1)) } else { Pace::Idle(BACK_OFF) });
        }
        match self.replay(now) {
            Ok(()) => {}
            Err(error) if error.class() == ErrorClass::Retry => {
                tracing::warn!(%error, "restoring is interrupted; it goes on where it was");
                self.stale = true;
                return Ok(Pace::Idle(BACK_OFF));
            }
            Err(error) => return Err(error),
        }
        self.log_progress();
        Ok(Pace::Busy)
    }

    fn take_jobs(&mut self, now: Timestamp) {
        let uptime = self.shared.clock.uptime();
        let (due, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(|(at, _)| *at <= uptime);
        self.waiting = waiting;
        let due: Vec<(Duration, Job)> = due;
        for job in due.into_iter().map(|(_, job)| job).chain(self.jobs.try_iter().collect::<Vec<_>>()) {
            if job.wanted.strong_count() == 0 {
                continue;
            }
            match Active::begin(job, &self.shared, &mut *self.admin, now) {
                Ok(active) => {
                    self.active.insert(active.changelog().clone(), active);
                    self.stale = true;
                }
                Err(failed) if job::may_pass(&failed.error) => {
                    let job::Failed { job, error } = *failed;
                    tracing::warn!(%error, sheaf.task = %job.task, "the task cannot be restored yet; trying again");
                    self.waiting.push((uptime.saturating_add(BACK_OFF), job));
                }
                Err(failed) => failed.reply(),
            }
        }
    }

    fn drop_unwanted(&mut self) {
        let before = self.active.len();
        self.active.retain(|_, active| active.is_wanted());
        self.stale |= self.active.len() != before;
    }

    fn replay(&mut self, now: Timestamp) -> Result<()> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none @ None => {
                self.stale = true;
                none.insert(self.shared.broker.reader(Isolation::ReadCommitted)?)
            }
        };
        if self.stale {
            let at: Vec<_> =
                self.active.iter().map(|(partition, active)| (partition.clone(), Start::At(active.next()))).collect();
            reader.assign(&at)?;
            self.stale = false;
        }
        let mut records: Vec<Record> = Vec::new();
        match reader.poll(BATCH_MAX, &mut records, POLL) {
            Ok(()) => {}
            Err(broker::Error::OutOfRange { partition }) => {
                tracing::warn!(%partition, "a store's position is not in its changelog any more: rebuilding it");
                self.rebuild(&partition, now);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        let mut by_partition: BTreeMap<TopicPartition, Vec<Record>> = BTreeMap::new();
        for record in records {
            by_partition.entry(record.source.clone()).or_default().push(record);
        }
        let (mut finished, mut outdated) = (Vec::new(), Vec::new());
        for (partition, active) in &mut self.active {
            let records = by_partition.remove(partition).unwrap_or_default();
            let position = reader.position(partition);
            match active.advance(records, position, &self.shared, now) {
                Ok(Step::Reading) => {}
                Ok(Step::Moved) => self.stale = true,
                Ok(Step::Outdated) => outdated.push(partition.clone()),
                Ok(Step::Done) => finished.push((partition.clone(), Ok(()))),
                Err(error) => finished.push((partition.clone(), Err(error))),
            }
        }
        for (partition, result) in finished {
            self.stale = true;
            if let Some(active) = self.active.remove(&partition) {
                active.finish(result, &self.shared, now);
            }
        }
        for partition in outdated {
            tracing::warn!(%partition, "a store is older than half of its changelog's delete.retention.ms: rebuilding it");
            self.rebuild(&partition, now);
        }
        Ok(())
    }

    /// Everything from the beginning, into a new store.
    fn rebuild(&mut self, partition: &TopicPartition, now: Timestamp) {
        let Some(active) = self.active.remove(partition) else { return };
        self.stale = true;
        let job = active.into_fresh_job(&self.shared);
        match Active::begin(job, &self.shared, &mut *self.admin, now) {
            Ok(active) => drop(self.active.insert(partition.clone(), active)),
            Err(failed) if job::may_pass(&failed.error) => {
                self.waiting.push((self.shared.clock.uptime(), failed.job));
            }
            Err(failed) => failed.reply(),
        }
    }

    fn log_progress(&mut self) {
        let uptime = self.shared.clock.uptime();
        if uptime.saturating_sub(self.progress_at) < PROGRESS {
            return;
        }
        self.progress_at = uptime;
        for active in self.active.values() {
            let (task, done, total) = active.progress();
            tracing::info!(sheaf.task = %task, done, total, "restoring");
        }
    }
}

/// A store's error with its task.
pub(super) fn store_error(task: &TaskId, source: crate::store::Error) -> Error {
    Error::Store { task: task.clone(), source }
}
