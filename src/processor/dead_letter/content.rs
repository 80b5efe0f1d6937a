//! The record of a dead letter as JSON, for the page of one letter.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Content, Letter};
use crate::processor::shown;

/// The most bytes of a key, a header or a value that are shown.
const SHOWN_BYTES_MAX: usize = 64 << 10;
/// The most headers that are shown.
const HEADERS_MAX: usize = 200;

/// `record` with `key`, `headers` (`name`, `value`) and `value`; `None` without the record, as of a discarded letter.
///
/// Bytes are `{"bytes": 6, "text": "secret"}`, those that are no text `{"bytes": 1, "base64": "/w=="}`; with `truncated` they are the
/// first ones only. What a record does not have is null.
pub(super) fn content(letter: &Letter) -> Option<Value> {
    let Content { key, headers, value } = letter.content.as_ref()?;
    let header = |(name, value): &(String, Option<Bytes>)| json!({ "name": name, "value": bytes(value.as_ref()) });
    let headers: Vec<Value> = headers.iter().take(HEADERS_MAX).map(header).collect();
    Some(json!({ "record": { "key": bytes(key.as_ref()), "headers": headers, "value": bytes(value.as_ref()) } }))
}

fn bytes(bytes: Option<&Bytes>) -> Value {
    let Some(bytes) = bytes else { return Value::Null };
    shown::bytes(bytes.get(..SHOWN_BYTES_MAX).unwrap_or(bytes), bytes.len())
}
