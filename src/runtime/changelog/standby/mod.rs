//! Standbys: copies of the stores of tasks that other instances own, kept close to the ends of their changelogs.
//!
//! They run on the restorer's thread, so a standby's store is passed to a restore without synchronization. Errors do
//! not stop the instance; a standby is closed and retried later.

mod one;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use one::Standby;

use super::active::is_retriable;
use super::batch::Step;
use super::limit::{BACK_OFF, is_due};
use super::replay::{Replay, ReplaySpec};
use super::replays::{ReplayResult, Replays};
use super::token_bucket::TokenBucket;
use crate::broker::{Admin, Purpose};
use crate::metric::{TaskKind, TaskState};
use crate::model::{ErrorClass, TaskId, Timestamp, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::error::{Error, Result};
use crate::runtime::reminder::Reminder;
use crate::runtime::topic_kind;
use crate::runtime::turn::Turn;
use crate::store::Store;

/// The wait after a round without records.
const PAUSE: Duration = Duration::from_millis(50);
/// The interval of lag measurements.
const MEASURE_INTERVAL: Duration = Duration::from_secs(10);
/// The wait before a failed standby is retried.
const FAILED_WAIT: Duration = Duration::from_mins(1);
/// The most stores that one turn opens, because no restore starts meanwhile.
const OPEN_MAX: usize = 2;

/// All standbys of an instance.
pub(super) struct Standbys {
    context: Context,
    following: Replays<Standby>,
    /// No rate limit applies to standbys.
    tokens: TokenBucket,
    /// Tasks whose standby failed, with the time of the next attempt.
    postponed: BTreeMap<TaskId, Duration>,
    measure_at: Duration,
    /// Set while reads fail.
    interrupted: Option<Reminder>,
}

impl Standbys {
    pub(super) fn new(context: Context) -> Self {
        let measure_at = context.clock.uptime();
        Self {
            context,
            following: Replays::new(Purpose::Follow, 1, false),
            tokens: TokenBucket::new(None, measure_at),
            postponed: BTreeMap::new(),
            measure_at,
            interrupted: None,
        }
    }

    /// Closes the standby of a task that is to be restored here; returns its store if no tombstone can be missing.
    pub(super) fn release(&mut self, task: &TaskId, now: Timestamp) -> Option<Box<dyn Store>> {
        let standby = self.following.iter().find(|standby| standby.replay.task() == task)?;
        let changelog = standby.replay.changelog().clone();
        let standby = self.close(&changelog)?;
        let is_current = standby.current_at.is_some_and(|at| now.since(at) <= topic_kind::DELETE_RETENTION / 2);
        tracing::info!(sheaf.task = %task, changelog_next = standby.replay.next(), "standby becomes the active task");
        is_current.then(|| standby.replay.into_store())
    }

    /// One round: closes and opens standbys, applies records.
    pub(super) fn turn(&mut self, admin: &mut dyn Admin, now: Timestamp) -> Turn {
        let more_to_open = self.adjust(admin, now);
        if self.following.is_empty() {
            self.following.close();
            return if more_to_open { Turn::Again } else { Turn::Wait(Duration::from_secs(1)) };
        }
        self.measure(admin, now);
        if more_to_open {
            return Turn::Again;
        }
        match self.replay(now) {
            Ok(worked) => {
                self.interrupted = None;
                if worked { Turn::Again } else { Turn::Wait(PAUSE) }
            }
            Err(error) => {
                if is_due(&mut self.interrupted, self.context.clock.uptime()) {
                    tracing::warn!(%error, "cannot read changelogs for standbys; retrying from the last position");
                }
                self.following.interrupted(&error);
                Turn::Wait(if error.class() == ErrorClass::Retry { BACK_OFF } else { FAILED_WAIT })
            }
        }
    }

    /// Reads and applies records; true if there were any.
    fn replay(&mut self, now: Timestamp) -> Result<bool> {
        let mut worked = false;
        for stage in self.following.stages() {
            for (changelog, result) in self.following.turn(stage, &mut self.tokens, &self.context, now)? {
                self.on_result(&changelog, result);
                worked = true;
            }
        }
        Ok(worked)
    }

    /// Handles the result of a replay.
    fn on_result(&mut self, changelog: &TopicPartition, result: ReplayResult) {
        let step = match result {
            ReplayResult::Step(step) => step,
            ReplayResult::HeadMoved | ReplayResult::OutOfRange => return self.reopen(changelog),
        };
        let error = match step {
            Ok(Step::Reading | Step::Seek | Step::Done) => return,
            Ok(Step::Outdated) => None,
            Err(error) => Some(error),
        };
        let Some(standby) = self.close(changelog) else { return };
        let task = standby.replay.task().clone();
        drop(standby);
        match error {
            Some(error) => self.postpone(&task, &error),
            None => self.rebuild(&task),
        }
    }

    /// Closes a standby whose position is out of range. Opening it again finds out whether the topic was created anew.
    fn reopen(&mut self, changelog: &TopicPartition) {
        tracing::warn!(partition = %changelog, "the standby's position is out of the range of its changelog: opening it again");
        if let Some(standby) = self.close(changelog) {
            let until = self.context.clock.uptime().saturating_add(BACK_OFF);
            self.postponed.insert(standby.replay.task().clone(), until);
        }
    }

    /// Deletes a store that is too old or out of range, so that the next turns start an empty one. The genesis has been
    /// verified.
    fn rebuild(&mut self, task: &TaskId) {
        tracing::warn!(sheaf.task = %task, "the standby's store is too old for its changelog: rebuilding it");
        self.context.metrics.task.store_rebuilt(task);
        if let Err(source) = self.context.stores.destroy(&self.context.plan.store(task)) {
            self.postpone(task, &Error::store(task, source));
        }
    }

    /// Closes standbys that are not assigned any more and opens missing ones; true if some of these have to wait for
    /// the next turn.
    fn adjust(&mut self, admin: &mut dyn Admin, now: Timestamp) -> bool {
        let wanted = self.context.status.standbys();
        let is_wanted = |task: &TaskId| wanted.contains(task);
        let gone: Vec<TopicPartition> = self
            .following
            .iter()
            .filter(|standby| !is_wanted(standby.replay.task()))
            .map(|standby| standby.replay.changelog().clone())
            .collect();
        for changelog in gone {
            drop(self.close(&changelog));
        }
        let uptime = self.context.clock.uptime();
        self.postponed.retain(|task, until| *until > uptime && is_wanted(task));
        let here: BTreeSet<&TaskId> = self.following.iter().map(|standby| standby.replay.task()).collect();
        let is_missing = |task: &&TaskId| !here.contains(task) && !self.postponed.contains_key(task);
        let missing: Vec<TaskId> =
            wanted.iter().filter(is_missing).filter(|task| !self.context.status.owns(task)).cloned().collect();
        for task in missing.iter().take(OPEN_MAX) {
            self.open(task, admin, now);
        }
        missing.len() > OPEN_MAX
    }

    fn open(&mut self, task: &TaskId, admin: &mut dyn Admin, now: Timestamp) {
        let Some(changelog) = self.context.plan.changelog(task) else { return };
        let spec = ReplaySpec { task, changelog: &changelog, store: &mut None, fresh: false };
        let opened = Replay::open(spec, &self.context, admin, now);
        match opened {
            Ok(replay) => {
                tracing::info!(sheaf.task = %task, changelog_next = replay.next(), "standby started");
                self.context.metrics.task.standby_applied(task, 0);
                self.following.add(Standby { replay, measured: None, current_at: None });
                self.measure_at = self.context.clock.uptime();
                self.report();
            }
            Err(error) => self.postpone(task, &error),
        }
    }

    fn postpone(&mut self, task: &TaskId, error: &Error) {
        let wait = if is_retriable(error) {
            tracing::debug!(%error, sheaf.task = %task, "the standby cannot start yet; retrying");
            BACK_OFF
        } else {
            tracing::warn!(%error, sheaf.task = %task, "the standby failed; its store is kept and it is retried in a minute");
            FAILED_WAIT
        };
        self.postponed.insert(task.clone(), self.context.clock.uptime().saturating_add(wait));
    }

    fn close(&mut self, changelog: &TopicPartition) -> Option<Standby> {
        let standby = self.following.remove(changelog)?;
        self.following.change();
        self.context.metrics.task.standby_closed(standby.replay.task());
        self.report();
        Some(standby)
    }

    /// Measures the lag, once per interval.
    fn measure(&mut self, admin: &mut dyn Admin, now: Timestamp) {
        let uptime = self.context.clock.uptime();
        if uptime < self.measure_at {
            return;
        }
        self.measure_at = uptime.saturating_add(MEASURE_INTERVAL);
        for (changelog, standby) in self.following.iter_mut() {
            match admin.watermarks(changelog, self.context.settings.limits.broker_timeout) {
                Ok((_, end)) => standby.measured = Some((end, now)),
                Err(error) => return tracing::debug!(%error, "cannot measure the lag of standbys"),
            }
            standby.update_current_at();
            let lag = standby.lag();
            self.context.metrics.task.standby_lag(standby.replay.task(), lag);
        }
        self.report();
    }

    /// Reports the number of standbys that catch up, and of those that have caught up.
    fn report(&self) {
        let count = |is_current: bool| {
            let standbys = self.following.iter().filter(|standby| standby.current_at.is_some() == is_current);
            u64::try_from(standbys.count()).unwrap_or(u64::MAX)
        };
        let (restoring, running) = (count(false), count(true));
        self.context.metrics.task.tasks(TaskKind::Standby, TaskState::Restoring, restoring);
        self.context.metrics.task.tasks(TaskKind::Standby, TaskState::Running, running);
        self.context.status.set_standby_counts([restoring, running]);
    }
}
