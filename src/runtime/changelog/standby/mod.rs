//! Standbys: stores of tasks that other instances own, kept near the ends of their changelogs.
//!
//! They belong to the restorer's thread, so a store goes from a standby to a restore by being handed on: nothing has to
//! be asked for or waited for. Nothing that fails here stops anything; a standby is given up and tried again later.

mod follow;
mod one;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use one::Standby;

use super::active::may_pass;
use super::head_reader::HeadReader;
use super::reader::ChangelogReader;
use super::replay::{Replay, Subject};
use super::{BACK_OFF, is_due};
use crate::broker::{Admin, Purpose};
use crate::metric::{TaskKind, TaskState};
use crate::model::{ErrorClass, TaskId, Timestamp, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::error::{Error, Result};
use crate::runtime::reminder::Reminder;
use crate::runtime::task;
use crate::runtime::thread::Turn;
use crate::runtime::topics;
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
    reader: ChangelogReader,
    head_reader: HeadReader,
    following: BTreeMap<TopicPartition, Standby>,
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
            reader: ChangelogReader::new(Purpose::Follow),
            head_reader: HeadReader::default(),
            following: BTreeMap::new(),
            later: BTreeMap::new(),
            measure_at,
            interrupted: None,
        }
    }

    /// Gives up the standby of a task that is to be restored here; its store, when it has seen every tombstone.
    pub(super) fn release(&mut self, task: &TaskId, now: Timestamp) -> Option<Box<dyn Store>> {
        let changelog = self.following.iter().find(|(_, standby)| standby.replay.task() == task)?.0.clone();
        let standby = self.close(&changelog)?;
        let is_current = standby.current_at.is_some_and(|at| now.since(at) <= topics::DELETE_RETENTION / 2);
        tracing::info!(sheaf.task = %task, changelog_next = standby.replay.next(), "the standby becomes the task");
        is_current.then(|| standby.replay.into_store())
    }

    /// One round: begins and ends standbys, applies what has arrived.
    pub(super) fn turn(&mut self, admin: &mut dyn Admin, now: Timestamp) -> Turn {
        let more_to_open = self.adjust(admin, now);
        if self.following.is_empty() {
            self.reader.close();
            return if more_to_open { Turn::Again } else { Turn::Wait(Duration::from_secs(1)) };
        }
        self.measure(admin, now);
        if more_to_open {
            return Turn::Again;
        }
        match self.verify(now).and_then(|verified| Ok(verified | self.follow(now)?)) {
            Ok(worked) => {
                self.interrupted = None;
                if worked { Turn::Again } else { Turn::Wait(PAUSE) }
            }
            Err(error) => {
                let is_passing = error.class() == ErrorClass::Retry;
                if is_due(&mut self.interrupted, self.context.clock.uptime()) {
                    tracing::warn!(%error, "following changelogs is interrupted; it goes on where it was");
                }
                self.reader.close();
                self.head_reader.reset();
                Turn::Wait(if is_passing { BACK_OFF } else { GIVEN_UP })
            }
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
            .filter(|(_, standby)| !is_wanted(standby.replay.task()))
            .map(|(changelog, _)| changelog.clone())
            .collect();
        for changelog in gone {
            drop(self.close(&changelog));
        }
        let uptime = self.context.clock.uptime();
        self.later.retain(|task, until| *until > uptime && is_wanted(task));
        let here: BTreeSet<&TaskId> = self.following.values().map(|standby| standby.replay.task()).collect();
        let is_missing = |task: &&TaskId| !here.contains(task) && !self.later.contains_key(task);
        let missing: Vec<TaskId> =
            wanted.iter().filter(is_missing).filter(|task| !self.context.status.owns(task)).cloned().collect();
        for task in missing.iter().take(OPEN_MAX) {
            self.open(task, admin, now);
        }
        missing.len() > OPEN_MAX
    }

    fn open(&mut self, task: &TaskId, admin: &mut dyn Admin, now: Timestamp) {
        let begun = changelog_of(&self.context, task).and_then(|changelog| {
            let subject = Subject { task, changelog: &changelog, store: &mut None, fresh: false };
            Replay::open(subject, &self.context, admin, now)
        });
        match begun {
            Ok(replay) => {
                tracing::info!(sheaf.task = %task, changelog_next = replay.next(), "standby begun");
                self.context.metrics.standby_applied(task, 0);
                let standby = Standby { replay, measured: None, current_at: None };
                self.following.insert(standby.replay.changelog().clone(), standby);
                self.reader.change();
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
        self.reader.change();
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
        for (changelog, standby) in &mut self.following {
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
            let standbys = self.following.values().filter(|standby| standby.current_at.is_some() == is_current);
            u64::try_from(standbys.count()).unwrap_or(u64::MAX)
        };
        let (restoring, running) = (count(false), count(true));
        self.context.metrics.tasks(TaskKind::Standby, TaskState::Restoring, restoring);
        self.context.metrics.tasks(TaskKind::Standby, TaskState::Running, running);
        self.context.status.following([restoring, running]);
    }
}

/// The changelog of a task of this topology.
fn changelog_of(context: &Context, id: &TaskId) -> Result<TopicPartition> {
    let nodes = &context.plan.topology.nodes;
    let at = nodes.iter().position(|node| node.name == id.processor).unwrap_or(usize::MAX);
    task::changelog(&context.plan, at, id.partition)
}
