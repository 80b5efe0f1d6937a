//! Reads the audit topic of an application from its end: the latest commands first, by pages.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::audit::{Audit, recorded_key};
use crate::broker::{Broker, Isolation, Result, Start};
use crate::model::{Key, Record, Timestamp, Topic, TopicPartition};
use crate::topology::internal_topic;

/// The most records that are read for a page. A page that ends there has a next one, and may be empty.
const SCAN_MAX: i64 = 10_000;
/// The records that are read at first; four times as many each further time.
const CHUNK: i64 = 500;
/// The longest wait of one poll.
const POLL: Duration = Duration::from_millis(100);
/// The polls without a record after which there is nothing more to read, as before the end of an open transaction.
const EMPTY_POLLS_MAX: u32 = 3;
/// The same until the first answer of the broker.
const FIRST_POLLS_MAX: u32 = 20;
/// By how much the clocks of broker and instances may differ.
const SKEW: Duration = Duration::from_mins(5);

/// The audit topic of an application.
pub struct AuditLog {
    topic: Topic,
    broker: Arc<dyn Broker>,
    /// The time-out of a call to the broker.
    timeout: Duration,
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLog").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// Which commands are listed; a member that is `None` selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The processor.
    pub processor: Option<String>,
    /// The key of the entry.
    pub key: Option<String>,
    /// The name of the command.
    pub command: Option<String>,
    /// The operator.
    pub by: Option<String>,
    /// The earliest time of the execution.
    pub since: Option<Timestamp>,
}

/// Commands with the offsets of their records, the latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditPage {
    /// The commands.
    pub items: Vec<(i64, Audit)>,
    /// The offset before which the next page begins; `None`: this is the last one.
    pub next: Option<i64>,
}

impl AuditLog {
    /// It does not connect yet.
    pub fn new(application: &str, broker: Arc<dyn Broker>, timeout: Duration) -> Self {
        Self { topic: internal_topic(application, "audit"), broker, timeout }
    }

    /// The commands that a filter selects of those before the offset `before`, `limit` at most; without one of all.
    pub fn page(&self, filter: &AuditFilter, before: Option<i64>, limit: usize) -> Result<AuditPage> {
        let partition = TopicPartition::new(&self.topic, 0);
        let Some((begin, end)) = self.bounds(&partition, filter.since)? else { return Ok(AuditPage::default()) };
        let filter = filter.as_recorded();
        let mut items = Vec::new();
        let (mut upper, mut left, mut size) = (before.unwrap_or(end).min(end), SCAN_MAX, CHUNK);
        while upper > begin && left > 0 && items.len() < limit {
            let lower = upper.saturating_sub(size.min(left)).max(begin);
            let records = self.between(&partition, lower, upper)?;
            left = left.saturating_sub(upper.saturating_sub(lower));
            upper = lower;
            for record in records.iter().rev() {
                if items.len() == limit {
                    break;
                }
                if let Some(audit) = Audit::read(record).filter(|audit| filter.selects(audit)) {
                    items.push((record.offset, audit));
                    if items.len() == limit {
                        upper = record.offset;
                    }
                }
            }
            size = size.saturating_mul(4);
        }
        Ok(AuditPage { items, next: (upper > begin).then_some(upper) })
    }

    /// The first offset that may be selected, and that after the last record; `None` without the topic.
    fn bounds(&self, partition: &TopicPartition, since: Option<Timestamp>) -> Result<Option<(i64, i64)>> {
        let mut admin = self.broker.admin()?;
        if admin.partitions(&self.topic, self.timeout)?.is_empty() {
            return Ok(None);
        }
        let (begin, end) = admin.watermarks(partition, self.timeout)?;
        let Some(since) = since else { return Ok(Some((begin, end))) };
        let found = admin.offsets_at(std::slice::from_ref(partition), since.saturating_sub(SKEW), self.timeout)?;
        Ok(Some((found.into_iter().next().flatten().unwrap_or(end).max(begin), end)))
    }

    /// The committed records of these offsets.
    fn between(&self, partition: &TopicPartition, from: i64, to: i64) -> Result<Vec<Record>> {
        let mut reader = self.broker.reader(Isolation::ReadCommitted)?;
        reader.assign(&[(partition.clone(), Start::At(from))])?;
        let (mut records, mut empty) = (Vec::new(), 0);
        loop {
            let position = reader.position(partition);
            let empty_max = if position.is_some() { EMPTY_POLLS_MAX } else { FIRST_POLLS_MAX };
            if position.is_some_and(|position| position >= to) || empty == empty_max {
                break;
            }
            let before = records.len();
            reader.poll(usize::try_from(to.saturating_sub(from)).unwrap_or(1), &mut records, POLL)?;
            empty = if records.len() == before { empty + 1 } else { 0 };
        }
        records.retain(|record| record.offset < to);
        Ok(records)
    }
}

impl AuditFilter {
    /// The filter for what audits have of a key.
    fn as_recorded(&self) -> Self {
        let key = self.key.as_ref().map(|key| recorded_key(&Key::new(key)).text().into_owned());
        Self { key, ..self.clone() }
    }

    fn selects(&self, audit: &Audit) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        is(&self.processor, &audit.processor)
            && is(&self.key, &audit.key)
            && is(&self.command, &audit.name)
            && is(&self.by, &audit.by)
            && self.since.is_none_or(|since| audit.at >= since)
    }
}
