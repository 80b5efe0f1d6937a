//! Periodic maintenance off the stream threads: purging inboxes, measuring lag, removing old stores, the registry of
//! instances.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::checkpoint::Checkpoint;
use super::context::Context;
use super::error::Result;
use super::instances::Registry;
use super::missing_topics::MissingTopics;
use super::reminder::Reminder;
use super::standstill::Standstills;
use super::thread_state::ThreadState;
use super::topic_kind::DELETE_RETENTION;
use super::topology_plan::Role;
use super::turn::Turn;
use super::waiting::Waiting;
use super::watermark_rounds::Rounds;
use crate::broker::Admin;
use crate::metric::StoreFigures;
use crate::model::{TaskId, Timestamp, TopicPartition};
use crate::topology::{self, Node};

/// The interval at which inboxes are purged up to the committed offset, as in Kafka Streams
/// (`repartition.purge.interval.ms`).
const PURGE_INTERVAL: Duration = Duration::from_secs(30);
/// The interval of lag measurements.
const MEASURE_INTERVAL: Duration = Duration::from_secs(10);
/// The interval of looking for the coordinators' topics while this instance joins.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// The interval of removing old stores.
const CLEANUP_INTERVAL: Duration = Duration::from_mins(10);

/// The interval of looking for nodes that want a watermark.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The maintenance of one instance. Errors do not stop the instance.
pub struct Housekeeper {
    context: Context,
    admin: Box<dyn Admin>,
    purged: BTreeMap<TopicPartition, i64>,
    purge_at: Duration,
    measure_at: Duration,
    sweep_at: Duration,
    registry: Registry,
    rounds: Rounds,
    standstills: Standstills,
    missing: MissingTopics,
    waiting: Waiting,
    coordinators: Coordinators,
}

/// The check of the coordinators' topics.
#[derive(Debug)]
struct Coordinators {
    check_at: Duration,
    /// Set while the cluster has no coordinator.
    problem: Option<Reminder>,
}

impl fmt::Debug for Housekeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Housekeeper").finish_non_exhaustive()
    }
}

impl Housekeeper {
    /// The first rounds are one interval away.
    pub fn new(context: Context) -> Result<Self> {
        let (admin, now) = (context.broker.admin()?, context.clock.uptime());
        let at = |period| now.saturating_add(period);
        for node in &context.plan.topology.nodes {
            context.metrics.task.generation(&node.name, node.generation);
        }
        context.metrics.task.expected(u64::try_from(context.plan.tasks().count()).unwrap_or(u64::MAX));
        Ok(Self {
            admin,
            purged: BTreeMap::new(),
            purge_at: at(PURGE_INTERVAL),
            measure_at: now,
            sweep_at: at(CLEANUP_INTERVAL),
            registry: Registry::new(context.clone()),
            rounds: Rounds::default(),
            standstills: Standstills::default(),
            missing: MissingTopics::new(now),
            waiting: Waiting::default(),
            coordinators: Coordinators { check_at: at(CHECK_INTERVAL), problem: None },
            context,
        })
    }

    /// One round: whatever is due.
    pub fn turn(&mut self, now: Timestamp) -> Turn {
        let uptime = self.context.clock.uptime();
        if uptime >= self.measure_at {
            self.measure_at = uptime.saturating_add(MEASURE_INTERVAL);
            self.measure();
        }
        if uptime >= self.coordinators.check_at {
            self.coordinators.check_at = uptime.saturating_add(CHECK_INTERVAL);
            self.check_coordinators(uptime);
        }
        if uptime >= self.purge_at {
            self.purge_at = uptime.saturating_add(PURGE_INTERVAL);
            self.purge();
        }
        if uptime >= self.sweep_at {
            self.sweep_at = uptime.saturating_add(CLEANUP_INTERVAL);
            self.sweep(now);
        }
        let next = self.measure_at.min(self.purge_at).min(self.sweep_at);
        let next = self.registry.turn(&mut *self.admin).map_or(next, |due| due.min(next));
        // A deadline that is due does not wake this thread.
        let compared = self.rounds.turn(now, &self.context, (&mut *self.admin, &mut self.registry));
        self.missing.turn(&mut *self.admin, &self.context);
        let next = compared.unwrap_or(uptime.saturating_add(LOOK_INTERVAL)).min(next);
        Turn::Wait(next.saturating_sub(uptime))
    }

    /// Ends it, after the last commits of the stream threads.
    pub fn close(mut self) {
        self.registry.close(&mut *self.admin);
    }

    /// Deletes processed records from the inboxes, whose retention is unlimited, so that no long outage loses records.
    fn purge(&mut self) {
        let inbox =
            |partition: &TopicPartition| matches!(self.context.plan.role(&partition.topic), Some(Role::Inbox(_)));
        let done: Vec<(TopicPartition, i64)> = self
            .context
            .status
            .offsets()
            .into_iter()
            .filter(|(partition, offset)| inbox(partition) && self.purged.get(partition).is_none_or(|to| to < offset))
            .collect();
        if done.is_empty() {
            return;
        }
        match self.admin.delete_records(&done, self.context.settings.limits.broker_timeout) {
            Ok(()) => self.purged.extend(done),
            Err(error) => tracing::warn!(%error, "cannot purge the inboxes; they grow until the next attempt"),
        }
    }

    fn measure(&mut self) {
        self.measure_stores();
        for (broker, figures) in self.context.broker.connections() {
            self.context.metrics.client.connection(broker, &figures);
        }
        if let Some(figures) = self.context.broker.tokens() {
            self.context.metrics.client.token(figures);
        }
        let (partitions, committed): (Vec<_>, Vec<_>) = self.context.status.offsets().into_iter().unzip();
        let ends = match self.admin.ends(&partitions, self.context.settings.limits.broker_timeout) {
            Ok(ends) => ends,
            Err(error) => return tracing::debug!(%error, "cannot measure the lag"),
        };
        let positions = committed.into_iter().zip(ends);
        let measured: Vec<_> = partitions.into_iter().zip(positions).map(|(it, (at, end))| (it, at, end)).collect();
        let waiting = self.waiting.observe(&measured, self.context.clock.uptime());
        for ((partition, committed, end), waiting) in measured.iter().zip(waiting) {
            self.context.metrics.consumer.position(partition, *committed, *end);
            self.context.metrics.consumer.waiting(partition, waiting);
        }
        self.standstills.observe(&measured, &self.context);
    }

    /// What the stores take of disk and memory.
    fn measure_stores(&self) {
        let Context { stores, status, metrics, plan, .. } = &self.context;
        match stores.disk() {
            Ok(Some(disk)) => {
                status.set_disk_free(disk.free_bytes);
                metrics.store.disk(disk);
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "cannot measure the free space"),
        }
        metrics.store.block_cache(stores.cache_bytes());
        let mut sums: BTreeMap<Arc<str>, StoreFigures> = BTreeMap::new();
        for (task, running) in status.running().all() {
            // A store that is being closed has none.
            let figures = running.reader.figures().unwrap_or_default();
            let sum = sums.entry(task.processor).or_default();
            *sum = sum.and(figures);
        }
        for node in &plan.topology.nodes {
            metrics.store.measured(&node.name, &sums.get(&node.name).copied().unwrap_or_default());
        }
    }

    /// Names the setting of the brokers for which this instance cannot join.
    fn check_coordinators(&mut self, uptime: Duration) {
        let status = &self.context.status;
        let joining = matches!(status.state(), ThreadState::Created | ThreadState::Joining);
        if !joining && self.coordinators.problem.is_none() {
            return;
        }
        let problem = match self.admin.coordinator_problem(self.context.settings.limits.broker_timeout) {
            Ok(problem) => problem.filter(|_| joining),
            Err(error) => return tracing::debug!(%error, "cannot check the coordinators"),
        };
        if let Some(problem) = &problem {
            let reminder = self.coordinators.problem.get_or_insert_with(|| Reminder::new(uptime, Duration::ZERO));
            if reminder.is_due(uptime).is_some() {
                tracing::error!(problem, "the instance cannot join the group");
            }
        } else if self.coordinators.problem.take().is_none() {
            return;
        }
        status.set_obstacle(problem);
    }

    /// Removes stores without a task here that are too old to be used: they would be rebuilt anyway.
    fn sweep(&mut self, now: Timestamp) {
        let names = match self.context.stores.existing() {
            Ok(names) => names,
            Err(error) => return tracing::warn!(%error, "cannot list the state directory"),
        };
        for name in names {
            if let Some(node) = self.other_generation(&name) {
                self.sweep_generation(&name, &node);
                continue;
            }
            // A store that cannot be opened is in use, or needs an operator.
            let Ok(store) = self.context.stores.open(&name) else { continue };
            let Checkpoint { changelog, newest, applied_at, .. } = Checkpoint::of(&*store).unwrap_or_default();
            drop(store);
            let position = changelog.max(newest);
            let Some(applied_at) = applied_at.filter(|at| now.since(*at) > DELETE_RETENTION / 2) else { continue };
            if !self.has_changelog(&name, position.unwrap_or(0)) {
                tracing::warn!(
                    sheaf.task = %name,
                    "an unused store is kept: its changelog ends before the store's position, so this may \
                     be the last copy; see `sheaf state republish`"
                );
                continue;
            }
            match self.context.stores.destroy(&name) {
                Ok(()) => {
                    tracing::info!(sheaf.task = %name, %applied_at, "removed an unused store");
                }
                Err(error) => tracing::warn!(%error, "cannot remove an unused store"),
            }
        }
    }

    /// The node of a store that is of another generation than the one in force, with that generation.
    fn other_generation(&self, name: &str) -> Option<Node> {
        let (processor, generation, _) = topology::parse_store(name)?;
        let mut nodes = self.context.plan.topology.nodes.iter();
        let node = nodes.find(|node| *node.name == *processor && node.generation != generation)?;
        Some(Node { generation, ..node.clone() })
    }

    /// Removes a store of a generation whose changelog was pruned; the others stay, so that a replay can be aborted.
    fn sweep_generation(&mut self, name: &str, node: &Node) {
        let Context { settings, stores, .. } = &self.context;
        let changelog = node.changelog(&settings.application);
        let found = self.admin.describe(std::slice::from_ref(&changelog), settings.limits.broker_timeout);
        let is_pruned = found.is_ok_and(|found| found.iter().all(Option::is_none));
        if is_pruned {
            match stores.destroy(name) {
                Ok(()) => tracing::info!(store = name, "removed a store of a generation that was pruned"),
                Err(error) => tracing::warn!(%error, "cannot remove a store of a generation that was pruned"),
            }
        }
    }

    /// True if the changelog reaches the store's position, so that the store can be rebuilt; false also if that cannot
    /// be found out.
    fn has_changelog(&mut self, name: &str, position: i64) -> bool {
        let task = topology::parse_store(name)
            .map(|(processor, _, partition)| TaskId { processor: processor.into(), partition });
        let Some(changelog) = task.and_then(|task| self.context.plan.changelog(&task)) else {
            return false;
        };
        let ends = self.admin.watermarks(&changelog, self.context.settings.limits.broker_timeout);
        ends.is_ok_and(|(_, high)| high >= position)
    }
}
