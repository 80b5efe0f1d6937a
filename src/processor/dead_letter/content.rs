//! The record of a dead letter as JSON, for the page of one letter.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Content, Letter};

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
    let header = |(name, value): &(String, Option<Bytes>)| json!({ "name": name, "value": shown(value.as_ref()) });
    let headers: Vec<Value> = headers.iter().take(HEADERS_MAX).map(header).collect();
    Some(json!({ "record": { "key": shown(key.as_ref()), "headers": headers, "value": shown(value.as_ref()) } }))
}

fn shown(bytes: Option<&Bytes>) -> Value {
    let Some(bytes) = bytes else { return Value::Null };
    let is_truncated = bytes.len() > SHOWN_BYTES_MAX;
    let begin = bytes.get(..SHOWN_BYTES_MAX).unwrap_or(bytes);
    let text = match std::str::from_utf8(begin) {
        Ok(text) => Some(text),
        // The end may be within a character.
        Err(error) if is_truncated && error.error_len().is_none() => {
            begin.get(..error.valid_up_to()).and_then(|whole| std::str::from_utf8(whole).ok())
        }
        Err(_) => None,
    };
    let mut shown = match text {
        Some(text) => json!({ "bytes": bytes.len(), "text": text }),
        None => json!({ "bytes": bytes.len(), "base64": STANDARD.encode(begin) }),
    };
    if let Some(shown) = shown.as_object_mut().filter(|_| is_truncated) {
        shown.insert("truncated".to_owned(), true.into());
    }
    shown
}
