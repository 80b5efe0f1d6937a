//! One round that finds out a watermark: a time, and the records that must be committed for it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use super::context::Context;
use super::error::Result;
use super::settings::Settings;
use super::watermark::Hold;
use crate::broker::Admin;
use crate::model::{Timestamp, TopicPartition};

/// The most partitions that a message names.
const NAMED_MAX: usize = 5;
/// The most by which wall clock and monotonic clock may differ during a round: more is a clock that was set.
const STEP_MAX: Duration = Duration::from_secs(1);

/// The records of a stage by partition.
pub(super) type Records = BTreeMap<TopicPartition, Range<i64>>;

/// Records pass from sources to inboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Sources,
    Inboxes,
}

/// One round of a node.
pub(super) struct Round {
    /// The wall clock and the monotonic clock at its start.
    at: Timestamp,
    started: Duration,
    stage: Stage,
    /// The records of this stage that are not committed, of partitions that have some.
    records: Records,
    /// The time of the latest progress or failure.
    moved_at: Duration,
}

impl Round {
    /// A round that begins with the records of the sources.
    pub(super) const fn new(at: Timestamp, uptime: Duration, records: Records) -> Self {
        Self { at, started: uptime, stage: Stage::Sources, records, moved_at: uptime }
    }

    /// True if the sources are committed, and the inboxes are to be compared.
    pub(super) fn has_passed_sources(&self) -> bool {
        self.records.is_empty() && self.stage == Stage::Sources
    }

    /// Goes on with the records of the inboxes.
    pub(super) fn go_on(&mut self, records: Records, uptime: Duration) {
        (self.stage, self.records, self.moved_at) = (Stage::Inboxes, records, uptime);
    }

    /// True if the watermark is known.
    pub(super) fn is_done(&self) -> bool {
        self.records.is_empty() && self.stage == Stage::Inboxes
    }

    /// The watermark, once it is known.
    pub(super) const fn watermark(&self) -> Timestamp {
        self.at
    }

    /// Notes that nothing can be said about progress: the brokers do not answer.
    pub(super) fn pause(&mut self, uptime: Duration) {
        self.moved_at = uptime;
    }

    /// What the deadlines wait for.
    pub(super) fn hold(&self, uptime: Duration) -> Hold {
        let named = self.records.iter().take(NAMED_MAX);
        Hold {
            lasted: uptime.saturating_sub(self.started),
            records: self.left(),
            partitions: named.map(|(partition, records)| format!("{partition} to {}", records.end)).collect(),
        }
    }

    /// True if the wall clock was set during the round: its time means nothing then.
    pub(super) fn is_clock_set(&self, now: Timestamp, uptime: Duration) -> bool {
        let expected = self.at.saturating_add(uptime.saturating_sub(self.started));
        now.since(expected).max(expected.since(now)) > STEP_MAX
    }

    /// True if nothing has moved for the longest hold.
    pub(super) fn stands_still(&self, uptime: Duration, max_hold: Duration) -> bool {
        !self.records.is_empty() && uptime.saturating_sub(self.moved_at) >= max_hold
    }

    /// Asks for the group's offsets, and forgets what is committed.
    pub(super) fn compare(&mut self, context: &Context, admin: &mut dyn Admin) -> Result<()> {
        if self.records.is_empty() {
            return Ok(());
        }
        let partitions: Vec<TopicPartition> = self.records.keys().cloned().collect();
        let Settings { application, limits, .. } = &*context.settings;
        let committed = admin.committed(application, &partitions, limits.broker_timeout)?;
        let before = self.left();
        for (records, committed) in self.records.values_mut().zip(committed) {
            // Without an offset the partition is still to be read for the first time.
            records.start = records.start.max(committed.unwrap_or(records.start));
        }
        self.records.retain(|_, records| !records.is_empty());
        if self.left() < before {
            self.moved_at = context.clock.uptime();
        }
        Ok(())
    }

    /// The number of records that are not committed.
    fn left(&self) -> i64 {
        self.records.values().map(|records| records.end - records.start).sum()
    }
}
