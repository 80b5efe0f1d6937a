//! An entry of a processor, lists of them, and their numbers.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::runtime;

/// An entry of a processor: a bundle, a delivery.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Entry {
    /// The key: of a bundle its id.
    #[schema(examples("018f3c1e-7d1e-7aaa-bbbb-0123456789ab"))]
    pub key: String,
    /// Its statuses.
    #[schema(examples(json!(["open/waiting-parent"])))]
    pub status: Vec<String>,
    /// The time by which lists are sorted: of an incomplete bundle its deadline.
    #[schema(format = DateTime)]
    pub at: String,
    /// The due time of its next timer.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// The partition of the processor's inbox.
    #[schema(minimum = 0)]
    pub partition: i32,
    /// The instance that processes it.
    #[schema(examples("a"))]
    pub instance: String,
    /// Its place in lists: as `cursor` it is where a list goes on after it.
    pub cursor: String,
    /// What the processor tells of it; `error` alone if the entry cannot be read.
    #[schema(value_type = Object)]
    pub entry: Value,
    /// Of an entry that is asked for by its key what lists leave out: of a delivery the request and the latest answer, of a dead letter its
    /// record, of a trace the values of its records. Addresses, credentials and other secrets are never in it.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Value>,
}

/// A page of a list of entries.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EntryPage {
    /// The entries, in the order of `at`.
    pub items: Vec<Entry>,
    /// The `cursor` of the next page; absent: this is the last one. A page may have fewer entries than asked for, or none, and still have a
    /// next one: then it took too long to find more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The partitions that have answered.
    pub partitions: Vec<i32>,
    /// The partitions that have not: their entries are not in the list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<Incomplete>,
}

/// The number of entries of a processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EntryCounts {
    /// By status; `none` is the number of those without one.
    #[schema(examples(json!({ "open/waiting-parent": 12, "closed": 3408 })))]
    pub counts: BTreeMap<String, u64>,
    /// Of all.
    #[schema(minimum = 0)]
    pub total: u64,
    /// By partition and status, of the partitions that have answered.
    pub partitions: BTreeMap<i32, BTreeMap<String, u64>>,
    /// The same by a further status of entries that have two, of the partitions with such entries; they count once in `total`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub further: BTreeMap<i32, BTreeMap<String, u64>>,
    /// The partitions that have not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<Incomplete>,
}

/// A partition that has not answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Incomplete {
    /// The partition.
    #[schema(minimum = 0)]
    pub partition: i32,
    /// Why not.
    #[schema(examples("b restores it"))]
    pub reason: String,
}

impl From<runtime::Item> for Entry {
    fn from(item: runtime::Item) -> Self {
        let runtime::Item { key, status, at, due, partition, instance, position, entry, content } = item;
        Self { key, status, at, due, partition, instance, cursor: position.to_string(), entry, content }
    }
}

impl From<runtime::Page> for EntryPage {
    fn from(page: runtime::Page) -> Self {
        let runtime::Page { items, next, partitions, incomplete } = page;
        Self {
            items: items.into_iter().map(Entry::from).collect(),
            next: next.map(|next| next.to_string()),
            partitions: partitions.into_iter().collect(),
            incomplete: incomplete.into_iter().map(Incomplete::from).collect(),
        }
    }
}

impl From<runtime::CountsAnswer> for EntryCounts {
    fn from(answer: runtime::CountsAnswer) -> Self {
        let runtime::CountsAnswer { counts, total, partitions, further, incomplete } = answer;
        Self { counts, total, partitions, further, incomplete: incomplete.into_iter().map(Incomplete::from).collect() }
    }
}

impl From<runtime::Incomplete> for Incomplete {
    fn from(runtime::Incomplete { partition, reason }: runtime::Incomplete) -> Self {
        Self { partition, reason }
    }
}
