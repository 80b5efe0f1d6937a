//! The generations of state, and what was processed before, in the instances topic.
//!
//! | key | value | written |
//! |---|---|---|
//! | `generation/<processor>` | the [`Generation`] of its state | by `sheaf replay apply` and `abort` |
//! | `replayed/<topic>-<partition>` | [`Replayed`]: the records of a source that were processed before | by `sheaf replay apply`, and by an instance that finds the group's offset behind the position up to which the source was read |
//!
//! A generation has an inbox, a changelog and stores of its own, so the former one stays as it is until it is pruned, and a replay can
//! be undone. While one is being changed no instance starts: half of it would work on one generation, and half on the other.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::{Error, Result};
use super::whole_topic;
use crate::broker::{self, Admin, Broker, Isolation, Reader};
use crate::model::{Key, OutRecord, Record, Replay, Timestamp, Topic, TopicPartition};
use crate::topology::{Topology, internal_topic};

/// The prefix of the keys of generations.
const PREFIX: &str = "generation/";
/// The prefix of the keys of records that were processed before.
const REPLAYED: &str = "replayed/";

/// The generation of a processor's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// The number of the one in force.
    pub number: u32,
    /// The highest number that was ever used: none is used twice.
    pub highest: u32,
    /// The change that is under way.
    pub phase: Phase,
    /// The replay that has made it, or is making the next one; `None` after it was aborted.
    pub replay: Option<Reprocess>,
}

/// The change of a generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// None: instances may start.
    #[default]
    Settled,
    /// To the next generation.
    Applying,
    /// Back to the former one.
    Aborting,
}

/// A replay that processes sources again with a new state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reprocess {
    /// The id.
    pub id: String,
    /// The generation before it.
    pub from: u32,
    /// Its generation.
    pub to: u32,
    /// Who has applied it.
    pub by: String,
    /// Why.
    pub why: String,
    /// The time of the application's last sign of life before it.
    pub at: Timestamp,
    /// The offsets of the sources that it has moved.
    pub offsets: Vec<Moved>,
}

/// The offset of a source's partition that a replay has moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The partition, `<topic>-<partition>`.
    pub partition: String,
    /// The group's offset before.
    pub saved: i64,
    /// The offset from which it is processed again.
    pub target: i64,
}

/// The records of a source's partition that were processed before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// The offset after the last of them.
    pub offset: i64,
    /// The id of the replay.
    pub id: String,
    /// The end of the time that is processed again.
    pub at: Timestamp,
    /// The id of the topic; `None` if it is not known.
    #[serde(default)]
    pub topic_id: Option<Uuid>,
}

impl Replayed {
    /// Its record for the instances topic.
    pub(super) fn record(&self, instances: &Topic, partition: &TopicPartition) -> OutRecord {
        // A struct of texts and numbers always serializes.
        let value = Bytes::from(serde_json::to_vec(self).unwrap_or_default());
        OutRecord::logged(&TopicPartition::new(instances, 0), Key::new(&Self::key(partition)), Some(value))
    }

    /// Its mark.
    pub(super) fn replay(&self) -> Replay {
        Replay { id: self.id.as_str().into(), at: self.at }
    }

    /// The key of its record.
    pub(super) fn key(partition: &TopicPartition) -> String {
        format!("{REPLAYED}{partition}")
    }

    /// The partition and its mark in a record of the instances topic; `None` for another record.
    pub(super) fn of(record: &Record) -> Option<(TopicPartition, Self)> {
        let partition = key(record)?.strip_prefix(REPLAYED)?.parse().ok()?;
        Some((partition, serde_json::from_slice(record.value.as_deref()?).ok()?))
    }
}

impl Generation {
    /// The key of the record of a processor's generation.
    pub(super) fn key(processor: &str) -> String {
        format!("{PREFIX}{processor}")
    }

    /// The processor and its generation in a record of the instances topic; `None` for another record.
    pub(super) fn of(record: &Record) -> Option<(String, Self)> {
        let processor = key(record)?.strip_prefix(PREFIX)?.to_owned();
        Some((processor, serde_json::from_slice(record.value.as_deref()?).ok()?))
    }
}

fn key(record: &Record) -> Option<&str> {
    std::str::from_utf8(record.key.as_deref()?).ok()
}

/// The generations of an application's processors, by name; those that are missing are 0.
pub type Generations = BTreeMap<String, Generation>;

/// Reads the generations; there are none before the first start. A change behind a transaction that is still open is not seen: a process
/// that was killed may have left one, and no start waits for it. [`KnownAtStart`](super::instances) sees it.
pub fn read(
    (broker, admin): (&dyn Broker, &mut dyn Admin),
    application: &str,
    timeout: Duration,
) -> broker::Result<Generations> {
    let mut generations = Generations::new();
    let read = |clients: Clients<'_>, partition: &TopicPartition, each: &mut dyn FnMut(Record)| {
        whole_topic::read_stable(clients, partition, timeout, each)
    };
    read_with(broker, admin, (application, timeout), read, |record| generations.extend(Generation::of(record)))?;
    Ok(generations)
}

/// The generations, and what was processed before.
pub(super) type All = (Generations, BTreeMap<TopicPartition, Replayed>);

/// Reads the generations, and what was processed before.
///
/// # Errors
/// [`TimedOut`](broker::Error::TimedOut) if the topic ends with a transaction that is still open.
pub(super) fn read_all(
    (broker, admin): (&dyn Broker, &mut dyn Admin),
    application: &str,
    timeout: Duration,
) -> broker::Result<All> {
    let (mut generations, mut replayed) = (Generations::new(), BTreeMap::new());
    let read = |clients: Clients<'_>, partition: &TopicPartition, each: &mut dyn FnMut(Record)| {
        whole_topic::read(clients, partition, timeout, each)
    };
    read_with(broker, admin, (application, timeout), read, |record| {
        generations.extend(Generation::of(record));
        replayed.extend(Replayed::of(record));
    })?;
    Ok((generations, replayed))
}

/// The clients of a read.
type Clients<'a> = (&'a mut dyn Admin, &'a mut dyn Reader);

fn read_with(
    broker: &dyn Broker,
    admin: &mut dyn Admin,
    (application, timeout): (&str, Duration),
    read: impl FnOnce(Clients<'_>, &TopicPartition, &mut dyn FnMut(Record)) -> broker::Result<()>,
    mut each: impl FnMut(&Record),
) -> broker::Result<()> {
    let instances = internal_topic(application, "instances");
    if admin.partitions(&instances, timeout)?.is_empty() {
        return Ok(());
    }
    let mut reader = broker.reader(Isolation::ReadCommitted)?;
    let partition = TopicPartition::new(&instances, 0);
    read((admin, &mut *reader), &partition, &mut |record| each(&record))?;
    // Closing a client takes 200 ms and more, by which each start would be late.
    drop(std::thread::Builder::new().name("reader-close".to_owned()).spawn(move || drop(reader)));
    Ok(())
}

/// Sets the generations of the nodes of a topology.
///
/// # Errors
/// [`Replaying`](Error::Replaying) while one of them is being changed.
pub fn set(topology: &mut Topology, generations: &Generations, application: &str) -> Result<()> {
    for node in &mut topology.nodes {
        let Some(generation) = generations.get(&*node.name) else { continue };
        refuse_changing(&node.name, generation, application)?;
        node.generation = generation.number;
    }
    Ok(())
}

/// An error while a generation is being changed.
fn refuse_changing(processor: &str, generation: &Generation, application: &str) -> Result<()> {
    let remedy = match generation.phase {
        Phase::Settled => return Ok(()),
        Phase::Applying => {
            "run `sheaf replay apply` with its plan again to finish it, or `sheaf replay abort` to undo it"
        }
        Phase::Aborting => "run `sheaf replay abort` again to finish it",
    };
    Err(Error::Replaying { application: application.to_owned(), processor: processor.to_owned(), remedy })
}

/// Refuses generations that are not those with which an instance has prepared its start.
pub(super) fn refuse_other(topology: &Topology, generations: &Generations, application: &str) -> Result<()> {
    for node in &topology.nodes {
        let Some(generation) = generations.get(&*node.name) else { continue };
        refuse_changing(&node.name, generation, application)?;
        if generation.number != node.generation {
            return Err(Error::Replayed { application: application.to_owned(), processor: node.name.to_string() });
        }
    }
    Ok(())
}
