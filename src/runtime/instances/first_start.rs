//! The first start on a source: where to begin is the topology's choice.
//!
//! Reading a topic from its beginning submits every bundle that is complete in it, also one that another program submitted a week
//! ago. So a topic without the key `start` is only begun if it holds no long history; otherwise the start is refused, with the
//! number of records of each choice.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use super::peek;
use crate::broker::Admin;
use crate::model::{Timestamp, Topic, TopicPartition};
use crate::runtime::context::Context;
use crate::runtime::error::{CHOICES, Error, Histories, History, Result};
use crate::topology::StartAt;

/// Records that are younger are no history: they may have been written for this start.
const HISTORY_AGE: Duration = Duration::from_mins(10);
/// The most older records of all undecided topics with which a first start begins by itself.
const HISTORY_MAX: i64 = 100;
/// The most records of a topic that are read to find old ones.
const PEEKED_MAX: usize = 1_000;
/// A partition with the id of its topic and its start offset.
type Start = (TopicPartition, Option<Uuid>, i64);
/// The partitions of a topic with the first and the last offset of their logs.
type Logs = Vec<(TopicPartition, i64, i64)>;

/// The start offsets of all partitions of the topics of `partitions`, which were never read. An error with the history of the topics
/// if one of them has no choice.
pub(super) fn decide(
    context: &Context,
    admin: &mut dyn Admin,
    partitions: &[(TopicPartition, Option<Uuid>)],
) -> Result<Vec<Start>> {
    let timeout = context.settings.limits.broker_timeout;
    let ids: BTreeMap<&Topic, Option<Uuid>> =
        partitions.iter().map(|(partition, topic_id)| (&partition.topic, *topic_id)).collect();
    let now = context.clock.now();
    let (mut begun, mut undecided) = (Vec::new(), Vec::new());
    for (topic, topic_id) in ids {
        let source = context.plan.topology.sources.iter().find(|source| source.topic == *topic);
        let start = source.and_then(|source| source.start);
        let logs = logs(admin, topic, timeout)?;
        if start.is_none() && logs.iter().any(|(_, low, high)| low < high) {
            let (history, old) = history(admin, (topic, &logs), now, timeout)?;
            let may_be_long = old <= HISTORY_MAX && history.earliest > HISTORY_MAX;
            let old = if may_be_long { old.max(old_among_first(context, &logs, now)?) } else { old };
            undecided.push((history, old));
        }
        let start = start.unwrap_or(StartAt::Earliest);
        let offsets = offsets(admin, (start, &logs), now, timeout)?;
        begun.push((topic, topic_id, start, logs, offsets));
    }
    if undecided.iter().map(|(_, old)| old).sum::<i64>() > HISTORY_MAX {
        let application = context.settings.application.clone();
        let histories = Histories(undecided.into_iter().map(|(history, _)| history).collect());
        return Err(Error::FirstStart { application, histories });
    }
    let mut decided = Vec::new();
    for (topic, topic_id, start, logs, offsets) in begun {
        let (partitions, records) = (logs.len(), records(&logs, &offsets));
        tracing::info!(%topic, %start, partitions, records, "first start of a source");
        decided.extend(logs.into_iter().zip(offsets).map(|((partition, ..), offset)| (partition, topic_id, offset)));
    }
    Ok(decided)
}

fn logs(admin: &mut dyn Admin, topic: &Topic, timeout: Duration) -> Result<Logs> {
    let partitions = admin.partitions(topic, timeout)?;
    let log = |partition| {
        let (low, high) = admin.watermarks(&partition, timeout)?;
        Ok((partition, low, high))
    };
    partitions.into_iter().map(log).collect()
}

/// The offsets at which a start begins, by partition in the order of the logs.
fn offsets(
    admin: &mut dyn Admin,
    (start, logs): (StartAt, &Logs),
    now: Timestamp,
    timeout: Duration,
) -> Result<Vec<i64>> {
    let at = match start {
        StartAt::Earliest => return Ok(logs.iter().map(|(_, low, _)| *low).collect()),
        StartAt::Latest => return Ok(logs.iter().map(|(_, _, high)| *high).collect()),
        StartAt::Time(at) => at,
        StartAt::Ago(age) => now.saturating_sub(age),
    };
    let partitions: Vec<TopicPartition> = logs.iter().map(|(partition, ..)| partition.clone()).collect();
    let found = admin.offsets_at(&partitions, at, timeout)?;
    Ok(logs.iter().zip(found).map(|((_, low, high), found)| found.map_or(*high, |offset| offset.max(*low))).collect())
}

/// The number of records behind the offsets; transaction markers count, because a log does not tell them apart.
fn records(logs: &Logs, offsets: &[i64]) -> i64 {
    logs.iter().zip(offsets).map(|((_, _, high), offset)| high.saturating_sub(*offset).max(0)).sum()
}

/// The number of old records among the first ones of a topic, up to one more than [`HISTORY_MAX`]. An offset by timestamp does not show
/// them if the history was copied just now by a transactional producer: a marker in between has the time of its commit.
fn old_among_first(context: &Context, logs: &Logs, now: Timestamp) -> Result<i64> {
    let young = now.saturating_sub(HISTORY_AGE);
    let held = logs.iter().filter(|(_, low, high)| low < high);
    let ends = held.map(|(partition, _, high)| (partition.clone(), *high)).collect();
    let (mut seen, mut old) = (0, 0);
    peek::first_records(context, &ends, PEEKED_MAX, |records| {
        seen += records.len();
        old += records.iter().map(|record| i64::from(record.timestamp < young)).sum::<i64>();
        old > HISTORY_MAX || seen >= PEEKED_MAX
    })?;
    Ok(old)
}

/// What each choice would read of a topic, and the number of its old records.
fn history(
    admin: &mut dyn Admin,
    (topic, logs): (&Topic, &Logs),
    now: Timestamp,
    timeout: Duration,
) -> Result<(History, i64)> {
    let mut number = |start| Ok::<_, Error>(records(logs, &offsets(admin, (start, logs), now, timeout)?));
    let earliest = number(StartAt::Earliest)?;
    let mut since = [0; CHOICES.len()];
    for (number_of, (_, age)) in since.iter_mut().zip(CHOICES) {
        *number_of = number(StartAt::Ago(age))?;
    }
    let old = earliest - number(StartAt::Ago(HISTORY_AGE))?;
    Ok((History { topic: topic.clone(), earliest, since }, old))
}
