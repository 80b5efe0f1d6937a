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
use std::time::Duration;

use super::alert::{self, Origin};
use super::context::Context;
use super::error::Result;
use super::instances::Registry;
use super::mutation::Mutation;
use super::reminder::Reminder;
use super::watermark::Hold;
use super::watermark_round::{Records, Round, Stage};
use crate::broker::Admin;
use crate::model::{Alert, Key, OutRecord, Severity, Timestamp, Topic, TopicPartition};

/// The kind of the alert about deadlines that wait.
pub(super) const HELD: &str = "deadlines_held";
/// The interval of the comparisons.
const INTERVAL: Duration = Duration::from_millis(500);
/// The duration of a hold from which it is logged.
const WARN_AFTER: Duration = Duration::from_mins(1);
/// The longest age of a list of partitions: topics get new ones.
const PARTITIONS_AGE_MAX: Duration = Duration::from_mins(1);

/// Finds out the watermarks of the nodes that want one.
#[derive(Default)]
pub(super) struct Rounds {
    by_node: BTreeMap<usize, Running>,
    partitions: BTreeMap<Topic, (Duration, Vec<TopicPartition>)>,
    next_at: Duration,
}

/// A round, and what was told of it.
struct Running {
    round: Round,
    reminder: Reminder,
    is_alerted: bool,
}

impl Rounds {
    /// One comparison, if it is due; alerts are written by the registry. Returns the uptime of the next comparison; `None` if no
    /// node wants a watermark.
    pub(super) fn turn(
        &mut self,
        now: Timestamp,
        context: &Context,
        (admin, registry): (&mut dyn Admin, &mut Registry),
    ) -> Option<Duration> {
        let (watermarks, uptime) = (context.status.watermarks(), context.clock.uptime());
        let max_hold = context.settings.processing.deadline.max_hold;
        let mut wanted: BTreeSet<usize> = watermarks.wanted().into_iter().collect();
        // One that stands still is watched on, so that the next deadline does not wait as long again.
        let still = self.by_node.iter().filter(|(_, running)| running.round.stands_still(uptime, max_hold));
        wanted.extend(still.map(|(node, _)| *node));
        self.by_node.retain(|node, _| wanted.contains(node));
        if wanted.is_empty() {
            return None;
        }
        if uptime < self.next_at {
            return Some(self.next_at);
        }
        self.next_at = uptime.saturating_add(INTERVAL);
        // The time of a round during which the wall clock was set means nothing.
        self.by_node.retain(|_, running| !running.round.is_clock_set(now, uptime));
        for node in wanted {
            if let Err(error) = self.compare((node, now), context, admin) {
                tracing::debug!(%error, "cannot compare the group's offsets with the ends of the topics");
                self.by_node.values_mut().for_each(|running| running.round.pause(uptime));
                break;
            }
            if let Some(alert) = self.judge((node, now), context) {
                registry.alert(alert);
            }
        }
        Some(self.next_at)
    }

    /// Compares the group's offsets with the ends of a node's topics.
    fn compare(&mut self, (node, now): (usize, Timestamp), context: &Context, admin: &mut dyn Admin) -> Result<()> {
        let uptime = context.clock.uptime();
        if let Some(running) = self.by_node.get_mut(&node) {
            running.round.compare(context, admin)?;
        } else {
            let round = Round::new(now, uptime, self.records(Stage::Sources, node, context, admin)?);
            let running = Running { round, reminder: Reminder::new(uptime, WARN_AFTER), is_alerted: false };
            self.by_node.insert(node, running);
        }
        if self.by_node.get(&node).is_some_and(|running| running.round.has_passed_sources()) {
            let inboxes = self.records(Stage::Inboxes, node, context, admin)?;
            if let Some(running) = self.by_node.get_mut(&node) {
                running.round.go_on(inboxes, uptime);
            }
        }
        Ok(())
    }

    /// Publishes the watermark of a node, or what holds its deadlines; an alert if they are held for long.
    fn judge(&mut self, (node, now): (usize, Timestamp), context: &Context) -> Option<OutRecord> {
        let (watermarks, uptime) = (context.status.watermarks(), context.clock.uptime());
        let running = self.by_node.get_mut(&node)?;
        if running.round.is_done() {
            watermarks.set(node, running.round.watermark());
            watermarks.set_hold(node, None);
            self.by_node.remove(&node);
            return None;
        }
        let hold = running.round.hold(uptime);
        let stands_still = running.round.stands_still(uptime, context.settings.processing.deadline.max_hold);
        let processor = context.plan.topology.nodes.get(node).map(|node| &*node.name).unwrap_or_default();
        let mut alert = None;
        if running.reminder.is_due(uptime).is_some() {
            tracing::warn!(
                processor,
                records = hold.records,
                partitions = hold.partitions.join(", "),
                waited_s = hold.lasted.as_secs(),
                by_the_wall_clock = stands_still,
                "deadlines wait until what was written before them is processed; without progress for deadline.max_hold they \
                 fire by the wall clock"
            );
            if !running.is_alerted {
                running.is_alerted = true;
                alert = Some(alert_of(&hold, processor, now, context));
            }
        }
        watermarks.set_hold(node, Some(hold));
        if stands_still {
            watermarks.set(node, now);
        }
        alert
    }

    /// The records of a stage by partition.
    fn records(&mut self, stage: Stage, node: usize, context: &Context, admin: &mut dyn Admin) -> Result<Records> {
        let (plan, timeout) = (&context.plan, context.settings.limits.broker_timeout);
        if stage == Stage::Inboxes && context.settings.breaks(Mutation::WatermarkBeforeCommit) {
            return Ok(Records::new());
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
        let mut records = Records::new();
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

/// The alert `deadlines_held`, whose key is the processor. Each instance with deadlines that wait raises one.
fn alert_of(hold: &Hold, processor: &str, now: Timestamp, context: &Context) -> OutRecord {
    let Hold { lasted, records, partitions } = hold;
    let message = format!(
        "deadlines of {processor} on {} wait since {} s for {records} records that are not processed: {}",
        context.settings.instance,
        lasted.as_secs(),
        partitions.join(", ")
    );
    let details = [("partitions", serde_json::json!(partitions)), ("records", serde_json::json!(records))];
    let details = details.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let alert = Alert { kind: HELD.to_owned(), severity: Severity::Warning, at: now, message, details };
    let remedy = "find out why nobody comes further with these partitions; without progress for deadline.max_hold deadlines fire \
                  by the wall clock";
    let origin = Origin { processor, part: &context.settings.instance, raised_at: now };
    alert::record(&context.plan, origin, &Key::new(processor), &alert.with_remedy(remedy))
}
