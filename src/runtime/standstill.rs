//! Sources that stand still: they hold records, and none can be read.
//!
//! `read_committed` readers wait for the end of the first open transaction of a partition (the last stable offset). A producer that
//! hangs, or a broker that has lost a transaction's marker, stops the partition for everybody, and no request fails.

use std::collections::BTreeMap;
use std::time::Duration;

use super::context::Context;
use super::reminder::Reminder;
use super::thread_state::ThreadState;
use super::topology_plan::Role;
use crate::model::TopicPartition;

/// The time without progress after which a partition stands still. An idle thread commits what it has passed within seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// The progress of the sources' partitions, as seen by the measurements of the lag.
#[derive(Debug, Default)]
pub(super) struct Standstills {
    behind: BTreeMap<TopicPartition, Behind>,
}

/// A partition whose end is not reached.
#[derive(Debug)]
struct Behind {
    committed: i64,
    reminder: Reminder,
}

impl Standstills {
    /// Takes a measurement of all owned partitions: the committed offset and the end.
    pub(super) fn observe(&mut self, measured: &[(TopicPartition, i64, i64)], context: &Context) {
        let uptime = context.clock.uptime();
        let works = matches!(context.status.state(), ThreadState::Running | ThreadState::Waiting);
        let failing = context.status.failing();
        let mut standing = BTreeMap::new();
        let mut before = std::mem::take(&mut self.behind);
        for (partition, committed, end) in measured {
            let is_source = matches!(context.plan.role(&partition.topic), Some(Role::Source(_)));
            if !works || !is_source || committed >= end || failing.contains_key(partition) {
                context.metrics.consumer.standing_still(partition, None);
                continue;
            }
            let stays = before.remove(partition).filter(|behind| behind.committed == *committed);
            let new = || Behind { committed: *committed, reminder: Reminder::new(uptime, PATIENCE) };
            let mut behind = stays.unwrap_or_else(new);
            if let Some(lasted) = behind.reminder.is_due(uptime) {
                tracing::warn!(
                    %partition,
                    offset = committed,
                    end,
                    stands_still_s = lasted.as_secs(),
                    "a source stands still: its next records are behind an open transaction of a producer; find it with \
                     `kafka-transactions.sh find-hanging` (docs/operations.md, a hanging transaction)"
                );
            }
            let lasted = Some(behind.reminder.lasted(uptime)).filter(|lasted| *lasted >= PATIENCE);
            context.metrics.consumer.standing_still(partition, lasted);
            if lasted.is_some() {
                let detail = format!("stands still at offset {committed} of {end}, behind an open transaction");
                standing.insert(partition.clone(), detail);
            }
            self.behind.insert(partition.clone(), behind);
        }
        context.status.set_standing(standing);
    }
}
