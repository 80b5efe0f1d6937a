//! A trace as JSON.

use serde_json::{Value, json};

use super::state::{Trace, TracedRecord};
use crate::model::Key;
use crate::processor::shown;

/// `key`, `status`, `first_at`, `last_at`, `records` in their order (`at`, `kind`, `name`, `topic`, `partition`, `offset`, `bytes` of the value,
/// null without one), and `beyond_limit`: the number of those that are not kept.
pub(super) fn show(key: &Key, status: &str, trace: &Trace) -> Value {
    let records: Vec<Value> = trace.in_order().into_iter().map(record).collect();
    json!({
        "key": key.text(),
        "status": status,
        "first_at": trace.first_at.to_string(),
        "last_at": trace.last_at.to_string(),
        "records": records,
        "beyond_limit": trace.beyond_limit(),
    })
}

fn record(record: &TracedRecord) -> Value {
    let TracedRecord { topic, partition, offset, at, kind, name, bytes, value: _ } = record;
    json!({
        "at": at.to_string(), "kind": kind.as_str(), "name": name,
        "topic": topic, "partition": partition, "offset": offset, "bytes": bytes,
    })
}

/// `records` as of [`show`], each with its `value`: `{"bytes": 6, "text": "secret"}`, `{"bytes": 1, "base64": "/w=="}` if it is no text, with
/// `truncated` if it has more bytes than are kept; null without one.
pub(super) fn content(trace: &Trace) -> Value {
    let with_value = |traced: &TracedRecord| {
        let mut whole = record(traced);
        let length = traced.bytes.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        if let Some(whole) = whole.as_object_mut() {
            whole.insert("value".to_owned(), length.map_or(Value::Null, |length| shown::bytes(&traced.value, length)));
        }
        whole
    };
    json!({ "records": trace.in_order().into_iter().map(with_value).collect::<Vec<_>>() })
}
