//! Bytes of a record as JSON, for people.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Bytes are `{"bytes": 6, "text": "secret"}`, those that are no text `{"bytes": 1, "base64": "/w=="}`. `length` is the number of all of
/// them: if it is more than those of `begin`, `"truncated": true` tells that these are the first ones only.
pub(in crate::processor) fn bytes(begin: &[u8], length: usize) -> Value {
    let is_truncated = begin.len() < length;
    let text = match std::str::from_utf8(begin) {
        Ok(text) => Some(text),
        // The end may be within a character.
        Err(error) if is_truncated && error.error_len().is_none() => {
            begin.get(..error.valid_up_to()).and_then(|whole| std::str::from_utf8(whole).ok())
        }
        Err(_) => None,
    };
    let mut shown = match text {
        Some(text) => json!({ "bytes": length, "text": text }),
        None => json!({ "bytes": length, "base64": STANDARD.encode(begin) }),
    };
    if let Some(shown) = shown.as_object_mut().filter(|_| is_truncated) {
        shown.insert("truncated".to_owned(), true.into());
    }
    shown
}
