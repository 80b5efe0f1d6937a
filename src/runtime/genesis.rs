//! The genesis record: the first record of a changelog, with the id of its store.
//!
//! If the genesis of a changelog is missing or of another store, neither is overwritten: the topic was created anew, or
//! the configuration names another cluster, and the store may be the last copy.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{Key, TaskId};

/// The reserved key. The keying step refuses keys that begin with a zero byte.
const KEY: &[u8] = b"\0sheaf-genesis";

#[derive(Debug, Serialize, Deserialize)]
struct Value {
    /// The id of the store.
    store: Uuid,
    /// The task of the store.
    task: String,
    /// The incarnation that wrote it.
    incarnation: Uuid,
    /// The version of sheaf that wrote it.
    sheaf: String,
}

/// Key and value of a genesis record.
pub(super) fn record(task: &TaskId, store: Uuid, incarnation: &Uuid) -> (Key, Bytes) {
    let value =
        Value { store, task: task.to_string(), incarnation: *incarnation, sheaf: env!("CARGO_PKG_VERSION").to_owned() };
    (Key::from_bytes(Bytes::from_static(KEY)), Bytes::from(serde_json::to_vec(&value).unwrap_or_default()))
}

/// True for the key of a genesis record.
pub(super) fn is_genesis(key: &[u8]) -> bool {
    key == KEY
}

/// The store id in a genesis record; `None` for an invalid one.
pub(super) fn read(value: Option<&[u8]>) -> Option<Uuid> {
    let value: Value = serde_json::from_slice(value?).ok()?;
    Some(value.store)
}
