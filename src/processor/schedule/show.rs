//! A scheduled record as JSON.

use serde_json::{Value, json};

use super::request;
use super::state::Scheduled;
use crate::model::Key;
use crate::processor::shown;

/// `key`, `status`, `requested_at`, `due`, and `record`, which is written then: its `key`, and the `bytes` of its value.
pub(super) fn show(key: &Key, status: &str, scheduled: &Scheduled) -> Value {
    let (to, value) = request::parts(key.as_bytes()).unwrap_or_default();
    json!({
        "key": key.text(),
        "status": status,
        "requested_at": scheduled.requested_at.to_string(),
        "due": scheduled.due.to_string(),
        "record": { "key": Key::from_slice(to).text(), "bytes": value.len() },
    })
}

/// The `value` of the record: `{"bytes": 6, "text": "secret"}`.
pub(super) fn content(key: &Key) -> Value {
    let (_, value) = request::parts(key.as_bytes()).unwrap_or_default();
    json!({ "value": shown::bytes(value, value.len()) })
}
