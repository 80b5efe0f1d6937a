//! Standbys: stores of tasks that other instances own, kept near the ends of their changelogs.
//!
//! They belong to the restorer's thread, so a store goes from a standby to a restore by being handed on: nothing has to
//! be asked for or waited for. Nothing that fails here stops anything; a standby is given up and tried again later.

mod one;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use one::Standby;

use super::active::may_pass;
use super::batch::Step;
use super::limit::{BACK_OFF, is_due};
use super::replay::{Replay, Subject};
use super::replays::{Came, Replays};
use super::token_bucket::TokenBucket;
use crate::broker::{Admin, Purpose};
use crate::metric::{TaskKind, TaskState};
use crate::model::{ErrorClass, TaskId, Timestamp, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::error::{Error, Result};
use crate::runtime::reminder::Reminder;
use crate::runtime::topics;
use crate::runtime::turn::Turn;
use crate::store::Store;

/// How long nobody looks for records when there were none.
const PAUSE: Duration = Duration::from_millis(50);
/// How often the lag is measured.
const MEASURE: Duration = Duration::from_secs(10);
/// How long a standby that cannot be is left alone.
const GIVEN_UP: Duration = Duration::from_mins(1);
/// How many stores one turn opens at most: that takes time in which no restore begins.
const OPEN_MAX: usize = 2;

/// All standbys of an instance.
pub(super) struct Standbys {
    context: Context,
    following: Replays<Standby>,
    /// Standbys are not limited.
    tokens: TokenBucket,
    /// Tasks whose standby cannot be for now, and until when.
    later: BTreeMap<TaskId, Duration>,
    measure_at: Duration,
    /// Set while reading fails.
    interrupted: Option<Reminder>,
}

impl Standbys {
    pub(super) fn new(context: Context) -> Self {
        let measure_at = context.clock.uptime();
        Self {
            context,
            following: Replays::new(Purpose::Follow, 1, false),
            tokens: TokenBucket::new(None, measure_at),
            later: BTreeMap::new(),
            measure_at,
            interrupted: None,
        }
    }

    /// Gives up the standby of a task that is to be restored here; its store, when it has seen every tombstone.
    pub(super) fn release(&mut self, task: &TaskId, now: Timestamp) -> Option<Box<dyn Store>> {
        let standby = self.following.iter().find(|standby| standby.replay.task() == task)?;
        let changelog = standby.replay.changelog().clone();
        let standby = self.close(&changelog)?;
        let is_current = standby.current_at.is_some_and(|at| now.since(at) <= topics::DELETE_RETENTION / 2);
        tracing::info!(sheaf.task = %task, changelog_next = standby.replay.next(), "the standby becomes the task");
        is_current.then(|| standby.replay.into_store())
    }

    /// One round: begins and ends standbys, applies what has arrived.
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
                    tracing::warn!(%error, "following changelogs is interrupted; it goes on where it was");
                }
                self.following.interrupted(&error);
                Turn::Wait(if error.class() == ErrorClass::Retry { BACK_OFF } else { GIVEN_UP })
            }
        }
    }

    /// Reads and applies; true when there was something.
    fn replay(&mut self, now: Timestamp) -> Result<bool> {
        let mut worked = false;
        for stage in self.following.stages() {
            for (changelog, came) in self.following.turn(stage, &mut self.tokens, &self.context, now)? {
                self.settle(&changelog, came);
                worked = true;
            }
        }
        Ok(worked)
    }

    /// Acts on what came of a standby.
    fn settle(&mut self, changelog: &TopicPartition, came: Came) {
        let step = match came {
            Came::Step(step) => step,
            Came::HeadMoved | Came::OutOfRange => return self.look_again(changelog),
        };
        let error = match step {
            Ok(Step::Reading | Step::Moved | Step::Done) => return,
            Ok(Step::Outdated) => None,
            Err(error) => Some(error),
        };
        let Some(standby) = self.close(changelog) else { return };
        let task = standby.replay.task().clone();
        drop(standby);
        match error {
            Some(error) => self.put_off(&task, &error),
            None => self.renew(&task),
        }
    }

    /// Closes a standby whose position is not in its changelog. Whether the topic is another one is found out when the
    /// store is opened anew.
    fn look_again(&mut self, changelog: &TopicPartition) {
        tracing::warn!(partition = %changelog, "a standby's position is not in its changelog any more: looking at it anew");
        if let Some(standby) = self.close(changelog) {
            let until = self.context.clock.uptime().saturating_add(BACK_OFF);
            self.later.insert(standby.replay.task().clone(), until);
        }
    }

    /// A store that is too old, or whose position is gone: its contents are thrown away, and the next turns begin anew. The
    /// changelog has been found to be its own.
    fn renew(&mut self, task: &TaskId) {
        tracing::warn!(sheaf.task = %task, "a standby's store is too old for its changelog: making it anew");
        self.context.metrics.store_rebuilt(task);
        if let Err(source) = self.context.stores.destroy(&task.to_string()) {
            self.put_off(task, &Error::store(task, source));
        }
    }

    /// Ends the standbys that are not wanted any more and begins those that are missing; true when some of these have to
    /// wait for the next turn.
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
        self.later.retain(|task, until| *until > uptime && is_wanted(task));
        let here: BTreeSet<&TaskId> = self.following.iter().map(|standby| standby.replay.task()).collect();
        let is_missing = |task: &&TaskId| !here.contains(task) && !self.later.contains_key(task);
        let missing: Vec<TaskId> =
            wanted.iter().filter(is_missing).filter(|task| !self.context.status.owns(task)).cloned().collect();
        for task in missing.iter().take(OPEN_MAX) {
            self.open(task, admin, now);
        }
        missing.len() > OPEN_MAX
    }

    fn open(&mut self, task: &TaskId, admin: &mut dyn Admin, now: Timestamp) {
        let Some(changelog) = self.context.plan.changelog(task) else { return };
        let subject = Subject { task, changelog: &changelog, store: &mut None, fresh: false };
        let begun = Replay::open(subject, &self.context, admin, now);
        match begun {
            Ok(replay) => {
                tracing::info!(sheaf.task = %task, changelog_next = replay.next(), "standby begun");
                self.context.metrics.standby_applied(task, 0);
                self.following.add(Standby { replay, measured: None, current_at: None });
                self.measure_at = self.context.clock.uptime();
                self.report();
            }
            Err(error) => self.put_off(task, &error),
        }
    }

    fn put_off(&mut self, task: &TaskId, error: &Error) {
        let wait = if may_pass(error) {
            tracing::debug!(%error, sheaf.task = %task, "the standby cannot begin yet");
            BACK_OFF
        } else {
            tracing::warn!(%error, sheaf.task = %task, "no standby of this task for now; its store is kept");
            GIVEN_UP
        };
        self.later.insert(task.clone(), self.context.clock.uptime().saturating_add(wait));
    }

    fn close(&mut self, changelog: &TopicPartition) -> Option<Standby> {
        let standby = self.following.remove(changelog)?;
        self.following.change();
        self.context.metrics.standby_closed(standby.replay.task());
        self.report();
        Some(standby)
    }

    /// Now and then asks how far the changelogs' ends are.
    fn measure(&mut self, admin: &mut dyn Admin, now: Timestamp) {
        let uptime = self.context.clock.uptime();
        if uptime < self.measure_at {
            return;
        }
        self.measure_at = uptime.saturating_add(MEASURE);
        for (changelog, standby) in self.following.iter_mut() {
            match admin.watermarks(changelog, self.context.settings.broker_timeout) {
                Ok((_, end)) => standby.measured = Some((end, now)),
                Err(error) => return tracing::debug!(%error, "the lag of standbys is not known"),
            }
            standby.judge();
            let lag = standby.lag();
            self.context.metrics.standby_lag(standby.replay.task(), lag);
        }
        self.report();
    }

    /// Tells how many there are, and how many of them have caught up.
    fn report(&self) {
        let count = |is_current: bool| {
            let standbys = self.following.iter().filter(|standby| standby.current_at.is_some() == is_current);
            u64::try_from(standbys.count()).unwrap_or(u64::MAX)
        };
        let (restoring, running) = (count(false), count(true));
        self.context.metrics.tasks(TaskKind::Standby, TaskState::Restoring, restoring);
        self.context.metrics.tasks(TaskKind::Standby, TaskState::Running, running);
        self.context.status.following([restoring, running]);
    }
}
