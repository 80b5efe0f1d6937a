//! Reads submissions with `read_committed`, and checks each of them.

use std::collections::{BTreeMap, HashSet};
use std::sync::PoisonError;
use std::time::Duration;

use sheaf::broker::{Broker, Isolation, Reader, Start};
use sheaf::model::{Clock, Record, Topic, TopicPartition};
use sheaf::runtime::SystemClock;
use uuid::Uuid;

use crate::Result;
use crate::writer::Ends;

/// The time-out of a poll.
const WAIT: Duration = Duration::from_millis(100);
/// The time without a submission after which no more are expected.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The submissions of one phase.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    bundles: HashSet<Uuid>,
    /// Milliseconds from the production of the last member to the arrival of the submission.
    pub(crate) latencies_ms: Vec<f64>,
    pub(crate) doubled: u32,
    pub(crate) wrong: u32,
    /// The arrival time of the last one, on the uptime clock.
    pub(crate) last_at: Duration,
}

impl Seen {
    /// The number of submitted bundles.
    pub(crate) fn bundles(&self) -> usize {
        self.bundles.len()
    }
}

/// A reader of submissions from now on.
pub(crate) struct Submissions(Box<dyn Reader>);

impl Submissions {
    /// Opens a reader at the end of the topic.
    pub(crate) fn open(broker: &dyn Broker, topic: &Topic) -> Result<Self> {
        let mut admin = broker.admin()?;
        let found = admin.describe(std::slice::from_ref(topic), IDLE_TIMEOUT)?;
        let Some(Some(description)) = found.into_iter().next() else {
            return Err(format!("there is no topic {topic}; is sheaf running?").into());
        };
        let mut starts = BTreeMap::new();
        for partition in 0..description.partitions {
            let partition = TopicPartition::new(topic, partition);
            let (_, end) = admin.watermarks(&partition, IDLE_TIMEOUT)?;
            starts.insert(partition, Start::At(end));
        }
        let mut reader = broker.reader(Isolation::ReadCommitted)?;
        reader.assign(&starts.into_iter().collect::<Vec<_>>())?;
        Ok(Self(reader))
    }

    /// Appends the records that arrive within the time-out of a poll.
    pub(crate) fn poll(&mut self, records: &mut Vec<Record>) -> Result<()> {
        Ok(self.0.poll(10_000, records, WAIT)?)
    }

    /// Reads until `expected` bundles have arrived, or none arrives any more after `silent_from`.
    pub(crate) fn read(mut self, expected: usize, children: u32, silent_from: Duration, ends: &Ends) -> Result<Seen> {
        let mut seen = Seen { last_at: silent_from, ..Seen::default() };
        let mut records = Vec::new();
        while seen.bundles.len() < expected {
            self.0.poll(10_000, &mut records, WAIT)?;
            let now = SystemClock.uptime();
            if records.is_empty() && now.saturating_sub(seen.last_at) > IDLE_TIMEOUT {
                return Ok(seen);
            }
            for record in records.drain(..) {
                seen.take(&record, children, now, ends);
            }
        }
        // Duplicates of the last submissions would arrive now.
        self.0.poll(10_000, &mut records, WAIT)?;
        let at = seen.last_at;
        for record in records.drain(..) {
            seen.take(&record, children, at, ends);
        }
        Ok(seen)
    }
}

impl Seen {
    fn take(&mut self, record: &Record, children: u32, now: Duration, ends: &Ends) {
        self.last_at = self.last_at.max(now);
        let Some(bundle) = checked(record, children) else {
            self.wrong += 1;
            return;
        };
        if !self.bundles.insert(bundle) {
            self.doubled += 1;
            return;
        }
        match ends.lock().unwrap_or_else(PoisonError::into_inner).get(&bundle) {
            Some(ended) => self.latencies_ms.push(now.saturating_sub(*ended).as_secs_f64() * 1_000.0),
            // Submitted before its last member was written, or of another phase.
            None => self.wrong += 1,
        }
    }
}

/// The bundle of a correct submission; `None` for a wrong one.
pub(crate) fn checked(record: &Record, children: u32) -> Option<Uuid> {
    let key = std::str::from_utf8(record.key.as_deref()?).ok()?;
    let value: serde_json::Value = serde_json::from_slice(record.value.as_deref()?).ok()?;
    let is = |value: Option<&serde_json::Value>, text: &str| value.and_then(serde_json::Value::as_str) == Some(text);
    let members = value.get("children")?.as_array()?;
    let right = is(value.get("bundle_id"), key)
        && is(value.pointer("/parent/id"), key)
        && members.len() == usize::try_from(children).ok()?
        && members.iter().zip(1_u64..).all(|(child, position)| {
            is(child.get("parent_id"), key)
                && child.get("position").and_then(serde_json::Value::as_u64) == Some(position)
        });
    if right { key.parse().ok() } else { None }
}
