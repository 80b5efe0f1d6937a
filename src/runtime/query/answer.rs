//! Entries and counts as they are told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::incomplete::Incomplete;
use super::position::Position;
use crate::codec::entry;
use crate::model::{InstanceId, Key, TaskId, Timestamp};
use crate::runtime::mailbox::QueryError;
use crate::runtime::stored_entry::{content, shown};
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
    pub(super) fn of(node: &Node, key: &Key, stored: &StoredEntry, (partition, instance): (i32, &InstanceId)) -> Self {
        let (head, entry) = match entry::decode(&stored.bytes) {
            Ok(entry) => {
                let shown = shown(&*node.processor, key, &entry, stored.parts.iter().cloned());
                (entry.head, shown.unwrap_or_else(|error| unreadable(&error)))
            }
            Err(error) => (crate::codec::Head::default(), unreadable(&error)),
        };
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
            content: None,
        }
    }

    /// The same with what the processor shows of one entry only.
    pub(super) fn with_content(mut self, node: &Node, key: &Key, stored: &StoredEntry) -> Self {
        if let Ok(entry) = entry::decode(&stored.bytes) {
            // What cannot be read is told by `entry`.
            self.content = content(&*node.processor, key, &entry, stored.parts.iter().cloned()).ok().flatten();
        }
        self
    }
}

fn unreadable(error: &crate::codec::Error) -> Value {
    json!({ "error": error.to_string() })
}

/// The number of entries by status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountsAnswer {
    /// The number of entries by the name of their first status; `none` for those without one.
    pub counts: BTreeMap<String, u64>,
    /// The number of all entries.
    pub total: u64,
    /// The same of each partition that was counted.
    pub partitions: BTreeMap<i32, BTreeMap<String, u64>>,
    /// The partitions that are missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<Incomplete>,
}

impl CountsAnswer {
    /// The counts of these partitions.
    pub(super) fn of(partitions: BTreeMap<i32, BTreeMap<String, u64>>, incomplete: Vec<Incomplete>) -> Self {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (status, number) in partitions.values().flatten() {
            *counts.entry(status.clone()).or_default() += number;
        }
        Self { total: counts.values().sum(), counts, partitions, incomplete }
    }

    /// Joins the counts of several instances. A partition for which two of them answer, because it was handed over meanwhile, is
    /// counted once.
    pub fn merge(answers: Vec<Self>) -> Self {
        let (mut partitions, mut incomplete) = (BTreeMap::new(), Vec::new());
        for answer in answers {
            partitions.extend(answer.partitions);
            incomplete.extend(answer.incomplete);
        }
        Self::of(partitions, incomplete)
    }
}

/// The number of entries of one task by the name of their first status.
pub(super) fn by_name(node: &Node, counts: &Counts) -> BTreeMap<String, u64> {
    let mut by_name = BTreeMap::new();
    for (bucket, number) in counts.iter() {
        let name = bucket.status.map_or("none".into(), |status| node.processor.status_name(status));
        *by_name.entry(name.into_owned()).or_default() += u64::try_from(number).unwrap_or_default();
    }
    by_name
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
