//! A dead letter as JSON, and its record.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Content, Letter, Origin, status};
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

/// The record: `key`, `headers` (`name`, `value`) and `value`, as far as the letter has them.
pub(super) fn content(letter: &Letter) -> Option<Value> {
    let Content { key, headers, value } = letter.content.as_ref()?;
    let header = |(name, value): &(String, Option<Bytes>)| json!({ "name": name, "value": text(value.as_ref()) });
    let headers: Vec<Value> = headers.iter().map(header).collect();
    Some(json!({ "key": text(key.as_ref()), "headers": headers, "value": text(value.as_ref()) }))
}

/// Bytes as text; those that are none as `{"hex": …}`; null if there are none.
fn text(bytes: Option<&Bytes>) -> Value {
    match bytes.map(|bytes| std::str::from_utf8(bytes)) {
        None => Value::Null,
        Some(Ok(text)) => json!(text),
        Some(Err(_)) => {
            let hex = |byte: &u8| format!("{byte:02x}");
            json!({ "hex": bytes.into_iter().flat_map(|bytes| bytes.iter().map(hex)).collect::<String>() })
        }
    }
}
