//! Entries and counts as they are told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::incomplete::Incomplete;
use super::position::Position;
use crate::codec::{self, entry};
use crate::model::{InstanceId, Key, Status, TaskId, Timestamp};
use crate::processor::Body;
use crate::runtime::mailbox::QueryError;
use crate::runtime::stored_entry::{decoded, shown};
use crate::store::counts::Counts;
use crate::store::{self, StoredEntry};
use crate::topology::Node;

/// An entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The key, as text.
    pub key: String,
    /// Its statuses, by name.
    pub status: Vec<String>,
    /// The time by which lists are sorted: of an incomplete bundle its deadline.
    pub at: String,
    /// The due time of its next timer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// The partition of its task.
    pub partition: i32,
    /// The instance that has told it.
    pub instance: String,
    /// Its position, as a cursor.
    #[serde(rename = "cursor")]
    pub position: Position,
    /// What the processor shows of it; with `error` alone if it cannot be read.
    pub entry: Value,
    /// What the processor leaves out of [`entry`](Self::entry): payloads. Of one that is asked for by its key; lists have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Value>,
}

impl Item {
    /// An entry of a list.
    pub(super) fn of(node: &Node, key: &Key, stored: &StoredEntry, place: (i32, &InstanceId)) -> Self {
        Self::told((node, key), stored, place, |shown, _| Ok((shown, None)))
    }

    /// An entry that is asked for by its key, with its content.
    pub(super) fn whole(node: &Node, key: &Key, stored: &StoredEntry, place: (i32, &InstanceId)) -> Self {
        let processor = &node.processor;
        Self::told((node, key), stored, place, |shown, body| Ok((shown, processor.content(key, body)?)))
    }

    /// `tell` makes an entry and its content of what is shown and what is stored.
    fn told(
        (node, key): (&Node, &Key),
        stored: &StoredEntry,
        (partition, instance): (i32, &InstanceId),
        tell: impl FnOnce(Value, &Body) -> Result<(Value, Option<Value>), codec::Error>,
    ) -> Self {
        let (head, told) = match entry::decode(&stored.bytes) {
            Ok(entry) => {
                let processor = &*node.processor;
                let body = decoded(processor, &entry, stored.parts.iter().cloned());
                let told = body.and_then(|body| tell(shown(processor, key, (&entry.head, &body))?, &body));
                (entry.head, told)
            }
            Err(error) => (codec::Head::default(), Err(error)),
        };
        let (entry, content) = told.unwrap_or_else(|error| (unreadable(&error), None));
        let names = head.statuses.as_slice().iter().map(|status| node.processor.status_name(*status).into_owned());
        Self {
            key: key.text().into_owned(),
            status: names.collect(),
            at: head.at.to_string(),
            due: head.timers.iter().map(|timer| timer.due).min().map(|due: Timestamp| due.to_string()),
            partition,
            instance: instance.to_string(),
            position: Position { at: head.at, key: key.clone() },
            entry,
            content,
        }
    }
}

fn unreadable(error: &codec::Error) -> Value {
    json!({ "error": error.to_string() })
}

/// Numbers of entries by the name of a status, of each partition.
type ByPartition = BTreeMap<i32, BTreeMap<String, u64>>;

/// The number of entries by status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountsAnswer {
    /// The number of entries by the names of their statuses; `none` for those without one. An entry with a further status is counted by
    /// both.
    pub counts: BTreeMap<String, u64>,
    /// The number of all entries.
    pub total: u64,
    /// The number of entries of each partition that was counted, by the name of their first status.
    pub partitions: BTreeMap<i32, BTreeMap<String, u64>>,
    /// The same by the name of a further status, of the partitions with such entries.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub further: BTreeMap<i32, BTreeMap<String, u64>>,
    /// The partitions that are missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<Incomplete>,
}

impl CountsAnswer {
    /// The counts of these partitions, by first and by further statuses.
    pub(super) fn of((partitions, further): (ByPartition, ByPartition), incomplete: Vec<Incomplete>) -> Self {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (status, number) in partitions.values().chain(further.values()).flatten() {
            *counts.entry(status.clone()).or_default() += number;
        }
        let total = partitions.values().flat_map(BTreeMap::values).sum();
        Self { counts, total, partitions, further, incomplete }
    }

    /// Joins the counts of several instances. A partition for which two of them answer, because it was handed over meanwhile, is
    /// counted once.
    pub fn merge(answers: Vec<Self>) -> Self {
        let (mut partitions, mut further, mut incomplete) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        for answer in answers {
            further.retain(|partition, _| !answer.partitions.contains_key(partition));
            partitions.extend(answer.partitions);
            further.extend(answer.further);
            incomplete.extend(answer.incomplete);
        }
        Self::of((partitions, further), incomplete)
    }
}

/// The number of entries of one task by the name of their first status, and by that of a further one.
pub(super) fn by_name(node: &Node, counts: &Counts) -> (BTreeMap<String, u64>, BTreeMap<String, u64>) {
    let (mut first, mut further) = (BTreeMap::new(), BTreeMap::new());
    for (bucket, number) in counts.iter() {
        let name = bucket.status.map_or("none".into(), |status| node.processor.status_name(status));
        let by_name = if bucket.status.is_some_and(Status::is_further) { &mut further } else { &mut first };
        *by_name.entry(name.into_owned()).or_default() += u64::try_from(number).unwrap_or_default();
    }
    (first, further)
}

/// A query without an answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// The application has no such processor.
    #[error("there is no processor `{name}`: {known}")]
    UnknownProcessor {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// The task does not run on this instance.
    #[error("the task {task} does not run on this instance{}", if *.is_restoring { ": it is being restored" } else { "" })]
    Elsewhere {
        /// The task.
        task: TaskId,
        /// True if this instance owns it and restores it.
        is_restoring: bool,
    },
    /// The stream thread did not answer.
    #[error("the stream thread of the task {task} does not answer: {error}")]
    Busy {
        /// The task.
        task: TaskId,
        /// The reason.
        error: QueryError,
    },
    /// The store cannot be read.
    #[error("the task {task}: {error}")]
    Store {
        /// The task.
        task: TaskId,
        /// The error of the store.
        error: store::Error,
    },
}
