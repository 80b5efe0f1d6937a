//! A dead letter as JSON.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Letter, Origin, status};
use crate::model::Key;

/// `key`, `status`, `reason`, `message`, `stage`, `processor`, `rounds`, `rejected_at`, `source` (`topic`, `partition`, `offset`,
/// `timestamp`), `bytes` of the value, `complete`: whether the letter has the whole record.
pub(super) fn show(key: &Key, letter: &Letter) -> Value {
    let statuses = status::listing(letter).statuses;
    let status = statuses.as_slice().first().map_or("", |status| status::name(*status));
    let Origin { topic, partition, offset, timestamp } = &letter.origin;
    let value = letter.content.as_ref().and_then(|content| content.value.as_ref());
    let lacking = letter.lacking;
    json!({
        "key": key.text(),
        "status": status,
        "reason": letter.reason,
        "message": letter.message,
        "stage": letter.stage,
        "processor": letter.processor,
        "rounds": letter.rounds,
        "rejected_at": letter.rejected_at.to_string(),
        "source": { "topic": topic, "partition": partition, "offset": offset, "timestamp": timestamp.to_string() },
        "bytes": value.map(Bytes::len),
        "complete": !(lacking.key || lacking.headers || lacking.value),
    })
}
