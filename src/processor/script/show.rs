//! A thread as JSON, for people and the query API.

use serde_json::{Value, json};

use super::thread::{Entered, Thread};
use super::versions::Versions;
use crate::model::Key;

/// What it waits for, and with which script.
pub(super) fn show(key: &Key, status: &str, thread: &Thread, versions: &Versions) -> Value {
    json!({
        "key": key.text(),
        "status": status,
        "begun_at": thread.begun.to_string(),
        "waits_for": thread.refs,
        "script": versions.known(thread.code).map(|script| script.source.name.clone()),
        "code": thread.code.to_string(),
        "steps": thread.journal.len(),
    })
}

/// `journal`: what it was given.
pub(super) fn content(thread: &Thread) -> Value {
    let entered = |entered: Result<Entered, _>| match entered {
        Ok(Entered { step, at, waits, text }) => {
            let value = serde_json::from_str::<Value>(&text).unwrap_or_default();
            json!({ "step": step, "at": at.to_string(), "for": waits, "value": value })
        }
        Err(error) => json!({ "error": crate::model::Reject::to_string(&error) }),
    };
    json!({ "journal": thread.entered().map(entered).collect::<Vec<_>>() })
}
