//! Watches the backlogs: compares the group's committed offsets with the ends of the topics at the start of tasks.
//!
//! The offsets are those of the whole group, because other instances may read the sources of a task.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;
use std::time::Duration;

use super::context::Context;
use super::error::Result;
use super::settings::Settings;
use crate::broker::Admin;
use crate::model::{Topic, TopicPartition};

/// The interval of the comparisons.
const INTERVAL: Duration = Duration::from_millis(500);
/// The time without progress after which deadlines do not wait any longer.
const STANDSTILL: Duration = Duration::from_mins(1);
/// The duration of a wait from which its end is logged.
const LOGGED: Duration = Duration::from_secs(10);
/// The most partitions that a warning names.
const NAMED_MAX: usize = 5;

/// Watches the backlogs of an instance.
#[derive(Default)]
pub(super) struct Watcher {
    /// By node.
    watches: BTreeMap<usize, Watch>,
    next_at: Duration,
}

/// The backlog of a node.
struct Watch {
    /// The latest start that waits for it.
    start: u64,
    stage: Stage,
    /// The records of this stage; the group has to commit their ends.
    records: BTreeMap<TopicPartition, Range<i64>>,
    since: Duration,
    /// The time of the latest progress or failure, and the records that were left then.
    moved_at: Duration,
    left: i64,
}

/// Records pass from sources to inboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Sources,
    Inboxes,
}

impl Watcher {
    /// One round, if it is due. Returns the uptime of the next one; `None` without a backlog.
    pub(super) fn turn(&mut self, context: &Context, admin: &mut dyn Admin) -> Option<Duration> {
        let waiting = context.status.backlog().waiting();
        if waiting.is_empty() {
            return None;
        }
        let uptime = context.clock.uptime();
        if uptime < self.next_at {
            return Some(self.next_at);
        }
        self.next_at = uptime.saturating_add(INTERVAL);
        for (node, start) in waiting {
            match self.look((node, start), context, admin) {
                Ok(false) => {}
                Ok(true) => {
                    if let Some(watch) = self.watches.remove(&node) {
                        context.status.backlog().release(node, watch.start);
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "cannot compare the group's offsets with the ends of the topics");
                    self.watches.values_mut().for_each(|watch| watch.moved_at = uptime);
                    break;
                }
            }
        }
        Some(self.next_at)
    }

    /// Compares the offsets of one node; true if its deadlines need not wait any longer.
    fn look(&mut self, (node, start): (usize, u64), context: &Context, admin: &mut dyn Admin) -> Result<bool> {
        let uptime = context.clock.uptime();
        let watch = match self.watches.entry(node) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let records = backlog(Stage::Sources, node, context, admin)?;
                let (stage, left) = (Stage::Sources, i64::MAX);
                unknown.insert(Watch { start, stage, records, since: uptime, moved_at: uptime, left })
            }
        };
        watch.compare(context, admin)?;
        if watch.left == 0 && watch.stage == Stage::Sources {
            watch.records = backlog(Stage::Inboxes, node, context, admin)?;
            (watch.stage, watch.left) = (Stage::Inboxes, i64::MAX);
            watch.compare(context, admin)?;
        }
        context.status.backlog().set_left(node, watch.left);
        Ok(watch.is_over(uptime))
    }
}

impl Watch {
    /// Asks for the group's offsets, and forgets the partitions that have come to their ends.
    fn compare(&mut self, context: &Context, admin: &mut dyn Admin) -> Result<()> {
        let partitions: Vec<TopicPartition> = self.records.keys().cloned().collect();
        if partitions.is_empty() {
            self.left = 0;
            return Ok(());
        }
        let Settings { application, limits, .. } = &*context.settings;
        let committed = admin.committed(application, &partitions, limits.broker_timeout)?;
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

    fn is_over(&self, uptime: Duration) -> bool {
        let waited_s = uptime.saturating_sub(self.since).as_secs();
        if self.left == 0 {
            if uptime.saturating_sub(self.since) >= LOGGED {
                tracing::info!(waited_s, "what was written before the start is processed: deadlines fire");
            }
            return true;
        }
        if uptime.saturating_sub(self.moved_at) < STANDSTILL {
            return false;
        }
        let named: Vec<String> = self
            .records
            .iter()
            .take(NAMED_MAX)
            .map(|(partition, records)| format!("{partition} to {}", records.end))
            .collect();
        tracing::warn!(
            left = self.left,
            partitions = self.records.len(),
            waited_s,
            "deadlines fire although records that were written before the start are not processed, because nobody has come \
             further with them for a minute: {}",
            named.join(", ")
        );
        true
    }
}

/// The records of a stage by partition.
fn backlog(
    stage: Stage,
    node: usize,
    context: &Context,
    admin: &mut dyn Admin,
) -> Result<BTreeMap<TopicPartition, Range<i64>>> {
    let (plan, timeout) = (&context.plan, context.settings.limits.broker_timeout);
    let topics: Vec<&Topic> = match stage {
        Stage::Sources => {
            let of_node = plan.topology.sources.iter().filter(|source| source.node == node);
            of_node.map(|source| &source.topic).collect()
        }
        Stage::Inboxes => plan.nodes.get(node).map(|topics| &topics.inbox).into_iter().collect(),
    };
    let mut found = BTreeMap::new();
    for topic in topics {
        for partition in admin.partitions(topic, timeout)? {
            let (low, high) = admin.watermarks(&partition, timeout)?;
            if low < high {
                found.insert(partition, low..high);
            }
        }
    }
    Ok(found)
}
