//! Finds watermarks out: takes the time, asks for the ends of the sources, and waits until the group has committed them.
//!
//! 1. Take the wall clock W, then the ends of all partitions of the node's sources.
//! 2. When the group's committed offsets have come to these, everything that was written before W is in the inboxes, or processed by
//!    direct handover: inputs, outputs and offsets are one transaction. Take the ends of the node's inboxes.
//! 3. When the committed offsets have come to those, everything is in the state of the tasks: W is the watermark.
//!
//! The offsets are those of the whole group, because other instances may read the sources and own the inboxes; so a watermark holds for
//! every task of the node, whoever owns it, and instances need no messages between them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use super::alert::{self, Origin};
use super::context::Context;
use super::error::Result;
use super::mutation::Mutation;
use super::reminder::Reminder;
use super::settings::Settings;
use super::topology_plan::TopologyPlan;
use super::watermark::Hold;
use crate::broker::Admin;
use crate::model::{Alert, Key, OutRecord, Severity, Timestamp, Topic, TopicPartition};

/// The kind of the alert about deadlines that wait.
const HELD: &str = "deadlines_held";
/// The interval of the comparisons.
const INTERVAL: Duration = Duration::from_millis(500);
/// The duration of a hold from which it is logged.
const WARN_AFTER: Duration = Duration::from_mins(1);
/// The most partitions that a message names.
const NAMED_MAX: usize = 5;
/// The longest age of a list of partitions: topics get new ones.
const PARTITIONS_AGE_MAX: Duration = Duration::from_mins(1);
/// The most by which wall clock and monotonic clock may differ during a round: more is a clock that was set.
const STEP_MAX: Duration = Duration::from_secs(1);

/// Finds out the watermarks of the nodes that want one.
#[derive(Default)]
pub(super) struct Rounds {
    by_node: BTreeMap<usize, Round>,
    partitions: BTreeMap<Topic, (Duration, Vec<TopicPartition>)>,
    next_at: Duration,
    /// The alerts that are not taken yet.
    alerts: Vec<OutRecord>,
}

/// One round of a node.
struct Round {
    /// The wall clock and the monotonic clock at its start.
    at: Timestamp,
    started: Duration,
    stage: Stage,
    /// The records of this stage that are not committed.
    records: BTreeMap<TopicPartition, Range<i64>>,
    /// The number of these, and the time of the latest progress or failure.
    left: i64,
    moved_at: Duration,
    reminder: Reminder,
    /// True once an alert tells that it is held.
    is_alerted: bool,
}

/// Records pass from sources to inboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Sources,
    Inboxes,
}

/// The state of a round after a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// The watermark is known.
    Done,
    Waiting,
    /// Nothing has moved for the longest hold.
    StandsStill,
}

impl Rounds {
    /// One comparison, if it is due. Returns the uptime of the next one; `None` if no node wants a watermark.
    pub(super) fn turn(&mut self, now: Timestamp, context: &Context, admin: &mut dyn Admin) -> Option<Duration> {
        let (watermarks, uptime) = (context.status.watermarks(), context.clock.uptime());
        let max_hold = context.settings.processing.deadline.max_hold;
        let mut wanted: BTreeSet<usize> = watermarks.wanted().into_iter().collect();
        // One that stands still is watched on, so that the next deadline does not wait as long again.
        wanted.extend(
            self.by_node.iter().filter(|(_, round)| round.stands_still(uptime, max_hold)).map(|(node, _)| *node),
        );
        self.by_node.retain(|node, _| wanted.contains(node));
        if wanted.is_empty() {
            return None;
        }
        if uptime < self.next_at {
            return Some(self.next_at);
        }
        self.next_at = uptime.saturating_add(INTERVAL);
        for node in wanted {
            match self.compare((node, now), context, admin) {
                Ok(Progress::Done) => {
                    if let Some(round) = self.by_node.remove(&node) {
                        watermarks.set(node, round.watermark(now, context));
                        watermarks.set_hold(node, None);
                    }
                }
                Ok(Progress::Waiting) => {}
                Ok(Progress::StandsStill) => watermarks.set(node, now),
                Err(error) => {
                    tracing::debug!(%error, "cannot compare the group's offsets with the ends of the topics");
                    self.by_node.values_mut().for_each(|round| round.moved_at = uptime);
                    break;
                }
            }
        }
        Some(self.next_at)
    }

    /// The alerts since the last call.
    pub(super) fn take_alerts(&mut self) -> Vec<OutRecord> {
        std::mem::take(&mut self.alerts)
    }

    fn compare(
        &mut self,
        (node, now): (usize, Timestamp),
        context: &Context,
        admin: &mut dyn Admin,
    ) -> Result<Progress> {
        let uptime = context.clock.uptime();
        // The time of a round that the wall clock was set in means nothing.
        self.by_node.retain(|_, round| !round.is_clock_set(now, uptime));
        if !self.by_node.contains_key(&node) {
            let records = self.records(Stage::Sources, node, context, admin)?;
            let reminder = Reminder::new(uptime, WARN_AFTER);
            let (at, started, moved_at, left) = (now, uptime, uptime, i64::MAX);
            self.by_node.insert(
                node,
                Round { at, started, stage: Stage::Sources, records, left, moved_at, reminder, is_alerted: false },
            );
        }
        let Some(mut round) = self.by_node.remove(&node) else { return Ok(Progress::Waiting) };
        let compared = round.compare(context, admin).and_then(|()| {
            if round.left == 0 && round.stage == Stage::Sources {
                round.stage = Stage::Inboxes;
                round.records = self.records(Stage::Inboxes, node, context, admin)?;
                round.compare(context, admin)?;
            }
            Ok(())
        });
        let (progress, alert) = round.progress(node, now, context);
        self.alerts.extend(alert);
        self.by_node.insert(node, round);
        compared.map(|()| progress)
    }

    /// The records of a stage by partition.
    fn records(
        &mut self,
        stage: Stage,
        node: usize,
        context: &Context,
        admin: &mut dyn Admin,
    ) -> Result<BTreeMap<TopicPartition, Range<i64>>> {
        let (plan, timeout) = (&context.plan, context.settings.limits.broker_timeout);
        if stage == Stage::Inboxes && context.settings.breaks(Mutation::WatermarkBeforeCommit) {
            return Ok(BTreeMap::new());
        }
        let topics: Vec<Topic> = match stage {
            Stage::Sources => {
                let of_node = plan.topology.sources.iter().filter(|source| source.node == node);
                of_node.map(|source| source.topic.clone()).collect()
            }
            Stage::Inboxes => plan.nodes.get(node).map(|topics| topics.inbox.clone()).into_iter().collect(),
        };
        let mut partitions = Vec::new();
        for topic in topics {
            partitions.extend(self.partitions_of(&topic, context, admin)?);
        }
        if stage == Stage::Sources && context.settings.breaks(Mutation::WatermarkOfOnePartitionForgotten) {
            partitions.pop();
        }
        if context.settings.breaks(Mutation::WatermarkOfAnOldOwner) {
            let own = context.status.offsets();
            partitions.retain(|partition| own.contains_key(partition));
        }
        let ends = admin.ends(&partitions, timeout)?;
        let committed = admin.committed(&context.settings.application, &partitions, timeout)?;
        let mut records = BTreeMap::new();
        for ((partition, end), committed) in partitions.into_iter().zip(ends).zip(committed) {
            let start = match committed {
                Some(committed) => committed,
                // Never read, and perhaps empty.
                None => admin.watermarks(&partition, timeout)?.0,
            };
            if start < end {
                records.insert(partition, start..end);
            }
        }
        Ok(records)
    }

    fn partitions_of(
        &mut self,
        topic: &Topic,
        context: &Context,
        admin: &mut dyn Admin,
    ) -> Result<Vec<TopicPartition>> {
        let uptime = context.clock.uptime();
        match self.partitions.get(topic) {
            Some((at, known)) if uptime.saturating_sub(*at) < PARTITIONS_AGE_MAX => Ok(known.clone()),
            _ => {
                let found = admin.partitions(topic, context.settings.limits.broker_timeout)?;
                self.partitions.insert(topic.clone(), (uptime, found.clone()));
                Ok(found)
            }
        }
    }
}

impl Round {
    fn is_clock_set(&self, now: Timestamp, uptime: Duration) -> bool {
        let expected = self.at.saturating_add(uptime.saturating_sub(self.started));
        now.since(expected).max(expected.since(now)) > STEP_MAX
    }

    /// True if nothing has moved for the longest hold.
    fn stands_still(&self, uptime: Duration, max_hold: Duration) -> bool {
        self.left > 0 && uptime.saturating_sub(self.moved_at) >= max_hold
    }

    fn watermark(&self, now: Timestamp, context: &Context) -> Timestamp {
        if context.settings.breaks(Mutation::WatermarkAhead) { now } else { self.at }
    }

    /// Asks for the group's offsets, and forgets the partitions that have come to their ends.
    fn compare(&mut self, context: &Context, admin: &mut dyn Admin) -> Result<()> {
        let partitions: Vec<TopicPartition> = self.records.keys().cloned().collect();
        let Settings { application, limits, .. } = &*context.settings;
        let committed = match partitions.as_slice() {
            [] => Vec::new(),
            some => admin.committed(application, some, limits.broker_timeout)?,
        };
        let mut left = 0_i64;
        for (partition, committed) in partitions.into_iter().zip(committed) {
            // Without an offset the partition is still to be read for the first time.
            let behind = |records: &Range<i64>| records.end - committed.unwrap_or(records.start).max(records.start);
            let behind = self.records.get(&partition).map_or(0, behind);
            if behind <= 0 {
                self.records.remove(&partition);
            }
            left = left.saturating_add(behind.max(0));
        }
        if left != self.left {
            (self.left, self.moved_at) = (left, context.clock.uptime());
        }
        Ok(())
    }

    /// Publishes and logs what holds the deadlines.
    fn progress(&mut self, node: usize, now: Timestamp, context: &Context) -> (Progress, Option<OutRecord>) {
        let uptime = context.clock.uptime();
        if self.left == 0 {
            return (Progress::Done, None);
        }
        let lasted = uptime.saturating_sub(self.started);
        let partitions: Vec<String> = self
            .records
            .iter()
            .take(NAMED_MAX)
            .map(|(partition, records)| format!("{partition} to {}", records.end))
            .collect();
        let stands_still = self.stands_still(uptime, context.settings.processing.deadline.max_hold);
        let processor = context.plan.topology.nodes.get(node).map(|node| &*node.name).unwrap_or_default();
        let is_due = self.reminder.is_due(uptime).is_some();
        if is_due {
            tracing::warn!(
                processor,
                records = self.left,
                partitions = partitions.join(", "),
                waited_s = lasted.as_secs(),
                by_the_wall_clock = stands_still,
                "deadlines wait until what was written before them is processed; without progress for deadline.max_hold they \
                 fire by the wall clock"
            );
        }
        let hold = Hold { lasted, records: self.left, partitions };
        let is_first = is_due && !self.is_alerted;
        self.is_alerted |= is_due;
        let alert = is_first.then(|| alert_of(&hold, processor, now, &context.plan));
        context.status.watermarks().set_hold(node, Some(hold));
        (if stands_still { Progress::StandsStill } else { Progress::Waiting }, alert)
    }
}

/// The alert `deadlines_held`, whose key is the processor.
fn alert_of(hold: &Hold, processor: &str, now: Timestamp, plan: &TopologyPlan) -> OutRecord {
    let Hold { lasted, records, partitions } = hold;
    let message = format!(
        "deadlines of {processor} wait since {} s for {records} records that are not processed: {}",
        lasted.as_secs(),
        partitions.join(", ")
    );
    let details = [("partitions", serde_json::json!(partitions)), ("records", serde_json::json!(records))];
    let details = details.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let alert = Alert { kind: HELD.to_owned(), severity: Severity::Warning, at: now, message, details };
    let remedy = "find out why nobody comes further with these partitions; without progress for deadline.max_hold deadlines fire \
                  by the wall clock";
    let origin = Origin { processor, part: &"deadlines", raised_at: now };
    alert::record(plan, origin, &Key::new(processor), &alert.with_remedy(remedy))
}
