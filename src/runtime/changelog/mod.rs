//! The restorer: replays changelogs into stores, on a thread of its own, so that a stream thread goes on with its other
//! tasks.
//!
//! ```text
//!  job ──▶ open the store ──▶ verify the genesis ──▶ replay to the high watermark ──▶ back to the stream thread
//!              │                     │                     │
//!              └ missing: fresh      └ mismatch: refuse      └ out of range: rebuild from the beginning
//! ```
//!
//! The end is the high watermark, not the last stable offset: the last committed transaction may be behind an open one.
//! Isolation is `read_committed`, so an open transaction of an earlier owner delays the restore, at most for a
//! transaction time-out. Like a stream thread it is driven by [`turn`](Restorer::turn).
//!
//! | file | content |
//! |---|---|
//! | `active` | one restore |
//! | `standby` | the standbys of this instance |
//! | `replays` | the one loop that reads changelogs for both |
//! | `replay` | applies the records of a changelog to a store |
//! | `batch` | input, batching and result of a replay |
//! | `reader` | a reader of changelogs |
//! | `head_reader` | reads the first records of changelogs, which identify their stores |
//! | `key_filter` | a Bloom filter over the keys of a replay into an empty store |
//! | `start` | the start offset of a replay |
//! | `progress` | log lines about long restores |
//! | `token_bucket` | the rate limit of restores |

mod active;
mod batch;
mod head_reader;
mod key_filter;
mod limit;
mod progress;
mod reader;
mod replay;
mod replays;
mod standby;
mod start;
mod token_bucket;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use active::Active;
use batch::Step;
use limit::{BACK_OFF, is_due};
use progress::Progress;
use replays::{ReplayResult, Replays};
use standby::Standbys;
use token_bucket::TokenBucket;

use super::context::Context;
use super::error::Result;
use super::handoff::Job;
use super::reminder::Reminder;
use super::turn::Turn;
use crate::broker::{Admin, Purpose};
use crate::model::{ErrorClass, TaskId, Timestamp, TopicPartition};

/// Restores stores, several at a time.
pub struct Restorer {
    context: Context,
    jobs: Receiver<Job>,
    /// Jobs that could not start, with the time of the next attempt.
    waiting: Vec<(Duration, Job)>,
    /// The tasks among them, with the warnings so far.
    unable: BTreeMap<TaskId, Reminder>,
    active: Replays<Active>,
    admin: Box<dyn Admin>,
    standbys: Standbys,
    tokens: TokenBucket,
    progress: Progress,
    /// Set while reads fail.
    interrupted: Option<Reminder>,
}

impl fmt::Debug for Restorer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restorer").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

impl Restorer {
    /// A restorer with a channel for jobs.
    pub fn new(context: Context, jobs: Receiver<Job>) -> Result<Self> {
        let admin = context.broker.admin()?;
        let now = context.clock.uptime();
        let standbys = Standbys::new(context.clone());
        let tokens = TokenBucket::new(context.settings.restore.records_per_second_max, now);
        Ok(Self {
            context,
            jobs,
            waiting: Vec::new(),
            unable: BTreeMap::new(),
            active: Replays::new(Purpose::Restore, active::READERS, true),
            admin,
            standbys,
            tokens,
            progress: Progress::new(now),
            interrupted: None,
        })
    }

    /// One round: starts new jobs, applies records, returns finished stores. An error stops the instance.
    pub fn turn(&mut self, now: Timestamp) -> Result<Turn> {
        self.take_jobs(now);
        self.active.retain(Active::is_wanted);
        let restoring = self.restore(now)?;
        if restoring == Turn::Again {
            // Restores have priority over standbys.
            return Ok(Turn::Again);
        }
        let following = self.standbys.turn(&mut *self.admin, now);
        Ok(match (restoring, following) {
            (Turn::Wait(one), Turn::Wait(other)) => Turn::Wait(one.min(other)),
            (Turn::Again, _) | (_, Turn::Again) => Turn::Again,
        })
    }

    /// One round of the restores; [`Turn::Again`] while records arrive.
    fn restore(&mut self, now: Timestamp) -> Result<Turn> {
        if self.active.is_empty() {
            self.active.close();
            return Ok(if self.waiting.is_empty() { Turn::Wait(Duration::from_secs(1)) } else { Turn::Wait(BACK_OFF) });
        }
        let turn = match self.replay(now) {
            Ok(worked) => {
                self.interrupted = None;
                if worked { Turn::Again } else { Turn::Wait(token_bucket::PAUSE) }
            }
            Err(error) if error.class() == ErrorClass::Retry => {
                if is_due(&mut self.interrupted, self.context.clock.uptime()) {
                    tracing::warn!(%error, "cannot read changelogs for restores; retrying from the last position");
                }
                self.active.interrupted(&error);
                Turn::Wait(BACK_OFF)
            }
            Err(error) => return Err(error),
        };
        self.progress.log(self.active.iter(), self.context.clock.uptime());
        Ok(turn)
    }

    /// Reads and applies records; true if there were any.
    fn replay(&mut self, now: Timestamp) -> Result<bool> {
        let mut worked = false;
        for stage in self.active.stages() {
            for (changelog, result) in self.active.turn(stage, &mut self.tokens, &self.context, now)? {
                self.on_result(&changelog, result, now);
                worked = true;
            }
        }
        Ok(worked)
    }

    fn take_jobs(&mut self, now: Timestamp) {
        let uptime = self.context.clock.uptime();
        let (due, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(|(at, _)| *at <= uptime);
        self.waiting = waiting;
        let due: Vec<(Duration, Job)> = due;
        for mut job in due.into_iter().map(|(_, job)| job).chain(self.jobs.try_iter().collect::<Vec<_>>()) {
            if job.wanted.strong_count() == 0 {
                self.unable.remove(&job.task);
                continue;
            }
            if let Some(store) = self.standbys.release(&job.task, now) {
                job.store = Some(store);
            }
            match Active::begin(job, &self.context, &mut *self.admin, now) {
                Ok(active) => {
                    self.unable.remove(active.progress().0);
                    self.active.add(active);
                }
                Err(failed) if active::is_retriable(&failed.error) => {
                    let active::Failed { job, error } = *failed;
                    let new = || Reminder::new(uptime, Duration::ZERO);
                    if self.unable.entry(job.task.clone()).or_insert_with(new).is_due(uptime).is_some() {
                        tracing::warn!(%error, sheaf.task = %job.task, "the restore of the task cannot start yet; retrying");
                    }
                    self.waiting.push((uptime.saturating_add(BACK_OFF), job));
                }
                Err(failed) => failed.reply(),
            }
        }
    }

    /// Handles the result of a replay.
    fn on_result(&mut self, changelog: &TopicPartition, result: ReplayResult, now: Timestamp) {
        let result = match result {
            ReplayResult::Step(Ok(Step::Reading | Step::Seek)) => return,
            ReplayResult::Step(Ok(Step::Done)) => Ok(()),
            ReplayResult::Step(Err(error)) => Err(error),
            ReplayResult::Step(Ok(Step::Outdated)) => {
                tracing::warn!(partition = %changelog, "the store is older than half of its changelog's delete.retention.ms, or its position was deleted: rebuilding it");
                return self.rebuild(changelog, now);
            }
            ReplayResult::OutOfRange => {
                tracing::warn!(partition = %changelog, "the store's position is out of the range of its changelog: rebuilding it");
                return self.rebuild(changelog, now);
            }
            ReplayResult::HeadMoved => {
                if let Some(active) = self.active.remove(changelog) {
                    let at = self.context.clock.uptime().saturating_add(BACK_OFF);
                    self.waiting.push((at, active.into_job()));
                }
                return;
            }
        };
        if let Some(active) = self.active.remove(changelog) {
            active.finish(result, &self.context, now);
        }
    }

    /// Restarts a restore from the beginning, into a new store.
    fn rebuild(&mut self, changelog: &TopicPartition, now: Timestamp) {
        let Some(active) = self.active.remove(changelog) else { return };
        self.active.change();
        let job = active.into_fresh_job(&self.context);
        match Active::begin(job, &self.context, &mut *self.admin, now) {
            Ok(active) => self.active.add(active),
            Err(failed) if active::is_retriable(&failed.error) => {
                self.waiting.push((self.context.clock.uptime(), failed.job));
            }
            Err(failed) => failed.reply(),
        }
    }
}
