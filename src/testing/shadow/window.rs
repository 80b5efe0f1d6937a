//! Reads the records of a window of time.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::request::{Result, Shadow, ShadowError};
use crate::broker::{self, Isolation, Start};
use crate::codec::partitioner;
use crate::model::{Key, OutRecord, Record, Topic, TopicPartition};
use crate::processor::Keyed;
use crate::processor::bundle::submitting_application;
use crate::topology::{Source, Topology};

/// The time-out of one poll.
const POLL: Duration = Duration::from_millis(200);
/// The most records of one poll.
const RECORDS_MAX: usize = 10_000;

/// The records of a window.
#[derive(Debug, Default)]
pub struct Window {
    /// The records of all sources in the order of their timestamps.
    pub records: Vec<OutRecord>,
    /// The number of offsets that the window has, transaction markers included.
    pub offsets: usize,
    /// Of so many entries one is played; 1: all.
    pub share: i32,
}

/// True for an entry that is played.
pub(super) fn is_chosen(key: &[u8], share: i32) -> bool {
    share <= 1 || partitioner(key, share) == 0
}

/// The records of the sources of a topology.
pub(super) fn read(
    shadow: &Shadow<'_>,
    topology: &Topology,
    progress: &mut dyn FnMut(&'static str, usize, usize),
) -> Result<Window> {
    let topics: Vec<Topic> = topology.sources.iter().map(|source| source.topic.clone()).collect();
    let ranges = ranges(shadow, &topics)?;
    let offsets = ranges.values().map(|(from, end)| usize::try_from(end - from).unwrap_or_default()).sum::<usize>();
    let share = i32::try_from(offsets.div_ceil(shadow.records_max.max(1)).max(1)).unwrap_or(i32::MAX);
    let mut records = Vec::new();
    let mut seen = 0;
    scan(shadow, &ranges, |record| {
        seen += 1;
        progress("reading", seen, offsets);
        let source = topology.sources.iter().find(|source| source.topic == record.source.topic);
        if record.timestamp < shadow.until && source.is_some_and(|source| is_of_chosen(source, &record, share)) {
            records.push(record);
        }
    })?;
    records.sort_by(|one, other| {
        (one.timestamp, &one.source, one.offset).cmp(&(other.timestamp, &other.source, other.offset))
    });
    let records = records.into_iter().map(out).collect();
    Ok(Window { records, offsets, share })
}

/// True for a record of an entry that is played; what the keying step rejects is played too.
fn is_of_chosen(source: &Source, record: &Record, share: i32) -> bool {
    match source.keying.key(record) {
        Ok(Keyed::To(to)) => is_chosen(to.key.as_bytes(), share),
        Ok(Keyed::Pass | Keyed::Foreign(_)) => false,
        Err(_) => is_chosen(record.key.as_deref().unwrap_or_default(), share),
    }
}

fn out(record: Record) -> OutRecord {
    OutRecord {
        topic: record.source.topic,
        partition: None,
        key: record.key.map(Key::from_bytes),
        value: record.value,
        headers: record.headers,
        timestamp: Some(record.timestamp),
    }
}

/// What was really written, by key.
#[derive(Debug, Default)]
pub(super) struct Real {
    /// In the window.
    pub(super) within: BTreeMap<Bytes, Bytes>,
    /// After it: what was complete at its end may have been written then.
    pub(super) after: BTreeMap<Bytes, Bytes>,
}

/// What this application has really written since the begin of the window; what comes of a replay is left out.
pub(super) fn real(shadow: &Shadow<'_>, share: i32) -> Result<Real> {
    let ranges = ranges(shadow, std::slice::from_ref(shadow.real))?;
    let mut real = Real::default();
    scan(shadow, &ranges, |record| {
        // Several applications may share the topic.
        let is_own = submitting_application(&record.headers).is_none_or(|it| it == shadow.application);
        let is_first = record.headers.replay().is_none();
        if let (Some(key), Some(value), true) = (record.key, record.value, is_own && is_first)
            && is_chosen(&key, share)
        {
            let part = if record.timestamp < shadow.until { &mut real.within } else { &mut real.after };
            part.insert(key, value);
        }
    })?;
    Ok(real)
}

/// The offsets of the window in each partition, the first and the one after the last.
fn ranges(shadow: &Shadow<'_>, topics: &[Topic]) -> Result<BTreeMap<TopicPartition, (i64, i64)>> {
    let mut admin = shadow.broker.admin()?;
    let mut ranges = BTreeMap::new();
    for topic in topics {
        let partitions = admin.partitions(topic, shadow.timeout)?;
        if partitions.is_empty() {
            return Err(ShadowError::NoTopic(topic.clone()));
        }
        let starts = admin.offsets_at(&partitions, shadow.from, shadow.timeout)?;
        let ends = admin.ends(&partitions, shadow.timeout)?;
        for ((partition, start), end) in partitions.into_iter().zip(starts).zip(ends) {
            if let Some(start) = start.filter(|start| *start < end) {
                ranges.insert(partition, (start, end));
            }
        }
    }
    Ok(ranges)
}

/// Hands each committed record of these ranges to `each`.
fn scan(
    shadow: &Shadow<'_>,
    ranges: &BTreeMap<TopicPartition, (i64, i64)>,
    mut each: impl FnMut(Record),
) -> Result<()> {
    if ranges.is_empty() {
        return Ok(());
    }
    let mut reader = shadow.broker.reader(Isolation::ReadCommitted)?;
    let starts: Vec<_> = ranges.iter().map(|(partition, (start, _))| (partition.clone(), Start::At(*start))).collect();
    reader.assign(&starts)?;
    let polls_max = shadow.timeout.as_millis() / POLL.as_millis();
    let mut polls_left = polls_max;
    let mut records = Vec::new();
    while !ranges
        .iter()
        .all(|(partition, (_, end))| reader.position(partition).is_some_and(|position| position >= *end))
    {
        reader.poll(RECORDS_MAX, &mut records, POLL)?;
        polls_left = if records.is_empty() { polls_left.saturating_sub(1) } else { polls_max };
        if polls_left == 0 {
            let detail = "the rest is behind an open transaction, or no broker answers".to_owned();
            return Err(broker::Error::TimedOut { operation: "reading the window", detail }.into());
        }
        records.drain(..).for_each(&mut each);
    }
    Ok(())
}
