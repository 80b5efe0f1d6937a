//! The state: for each route the alerts that its next messages tell, and the message that is on its way.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::told::Told;
use crate::codec::{self, Versioned, binary};
use crate::model::{Severity, Target, Timestamp};
use crate::processor::call::Call;

/// The period of the limit of messages.
pub(super) const HOUR: Duration = Duration::from_hours(1);
/// The most groups of a route with alerts; further ones are gathered as [`OTHERS`].
const GROUPS_MAX: usize = 20;
/// The name of the group of those beyond [`GROUPS_MAX`].
const OTHERS: &str = "other groups";
/// The most alerts at the begin of a group, and at its end, that are told one by one.
const SHOWN_AT_EACH_END_MAX: usize = 5;
/// The most alerts of a route that are told one by one; the others are counted.
const SHOWN_MAX: usize = 60;
/// The most texts of the alerts of a route that are told one by one, in bytes.
const SHOWN_BYTES_MAX: usize = 28 << 10;

/// What can be told one by one beside the alerts that a route has gathered.
#[derive(Clone, Copy)]
struct Free {
    alerts: usize,
    bytes: usize,
}

/// The state of the one entry.
///
/// This type with all that it contains is version 1 of the stored form: bincode identifies fields by their order, so a change
/// needs a version 2 beside a frozen copy of this one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notifications {
    /// The outboxes, by the names of their routes.
    pub outboxes: BTreeMap<String, Outbox>,
}

/// The alerts of one route, and its message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox {
    /// The slot of its acts.
    pub slot: u8,
    /// The number of messages so far.
    pub sequence: u64,
    /// The number of the latest act of the slot.
    pub calls: u32,
    /// The times at which the messages of the last hour began, in their order.
    pub begun: Vec<Timestamp>,
    /// True while the limit of messages per hour holds a message back.
    pub is_limited: bool,
    /// The groups.
    pub groups: BTreeMap<String, Group>,
    /// The message on its way.
    pub open: Option<Open>,
}

/// A group of alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The begin of its latest message.
    pub told_at: Option<Timestamp>,
    /// The alerts since then.
    pub batch: Option<Batch>,
}

/// Alerts of a group that one message tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The time of the message.
    pub due: Timestamp,
    /// The number of alerts.
    pub count: u64,
    /// The highest severity.
    pub severity: Severity,
    /// The earliest time of an alert.
    pub first_at: Timestamp,
    /// The latest time of an alert.
    pub last_at: Timestamp,
    /// The first alerts that arrived.
    pub first: Vec<Told>,
    /// The last ones, after those.
    pub last: Vec<Told>,
}

/// A message on its way. Its content is made once, so that all attempts send the same bytes, also after a change of the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// The id, by which a receiver recognizes a repetition.
    pub id: Uuid,
    /// The sink.
    pub to: Target,
    /// The request.
    pub request: String,
    /// The subject, and the number of alerts with their earliest and latest time, for a dead letter.
    pub summary: String,
    /// The attempts.
    pub call: Call,
}

impl Outbox {
    /// Adds an alert to its group. The message of a new batch is due at a time that depends on the group's latest message. False
    /// if the message will only count the alert.
    pub(super) fn gather(
        &mut self,
        group: &str,
        alert: Told,
        due: impl FnOnce(Option<Timestamp>) -> Timestamp,
    ) -> bool {
        let is_known = self.groups.contains_key(group);
        let group = if is_known || self.groups.len() < GROUPS_MAX { group } else { OTHERS };
        let free = self.free();
        let Group { told_at, batch } = self.groups.entry(group.to_owned()).or_default();
        let batch = batch.get_or_insert_with(|| Batch {
            due: due(*told_at),
            count: 0,
            severity: alert.severity,
            first_at: alert.occurred_at,
            last_at: alert.occurred_at,
            first: Vec::new(),
            last: Vec::new(),
        });
        batch.add(alert, free)
    }

    /// What can be told beside the gathered alerts.
    fn free(&self) -> Free {
        let shown = || self.batches().flat_map(|(_, batch)| batch.first.iter().chain(&batch.last));
        let bytes: usize = shown().map(Told::size).sum();
        Free { alerts: SHOWN_MAX.saturating_sub(shown().count()), bytes: SHOWN_BYTES_MAX.saturating_sub(bytes) }
    }

    /// The time at which the next message or attempt is due; `None` while an attempt is pending, and without alerts.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        if let Some(open) = &self.open {
            return open.call.retry_at;
        }
        let due = self.batches().map(|(_, batch)| batch.due).min()?;
        let free_at = self.begun.first().filter(|_| self.is_limited).map(|first| first.saturating_add(HOUR));
        Some(free_at.map_or(due, |free_at| due.max(free_at)))
    }

    /// The batches with the names of their groups.
    pub(super) fn batches(&self) -> impl Iterator<Item = (&str, &Batch)> {
        self.groups.iter().filter_map(|(name, group)| Some((name.as_str(), group.batch.as_ref()?)))
    }
}

impl Batch {
    /// Adds an alert; false if it is only counted.
    fn add(&mut self, alert: Told, free: Free) -> bool {
        self.count = self.count.saturating_add(1);
        self.severity = self.severity.max(alert.severity);
        self.first_at = self.first_at.min(alert.occurred_at);
        self.last_at = self.last_at.max(alert.occurred_at);
        let size = alert.size();
        let may_be_shown = free.alerts > 0 && size <= free.bytes;
        if may_be_shown && self.first.len() < SHOWN_AT_EACH_END_MAX {
            self.first.push(alert);
            return true;
        }
        if may_be_shown && self.last.len() < SHOWN_AT_EACH_END_MAX {
            self.last.push(alert);
            return true;
        }
        // One that was shown makes way for it.
        if self.last.first().is_some_and(|first| size <= free.bytes + first.size()) {
            self.last.remove(0);
            self.last.push(alert);
        }
        false
    }

    /// The number of alerts between the first and the last ones, which are only counted.
    pub fn not_shown(&self) -> u64 {
        let shown = u64::try_from(self.first.len() + self.last.len()).unwrap_or(u64::MAX);
        self.count.saturating_sub(shown)
    }
}

impl Versioned for Notifications {
    const VERSION: u16 = 1;
    const NAME: &'static str = "notification";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        binary::encode(self, out)
    }

    fn decode(_version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        binary::decode(bytes)
    }
}

#[cfg(test)]
mod tests;
