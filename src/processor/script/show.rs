//! A thread as JSON.

use serde_json::{Value, json};

use super::thread::{Entered, Thread};
use super::turn;
use super::versions::Versions;
use crate::model::Key;

/// `key`, `status`, `begun_at`, `script`, `steps`, and `waits_for`: the ids of what it waits for; `error` instead, if it cannot be run.
pub(super) fn show(key: &Key, status: &str, thread: &Thread, versions: &Versions) -> Value {
    let replayed = versions.of(thread.code).and_then(|script| {
        let (_, last) = turn::replay(&script, key, thread)?;
        Ok((script.source.name.clone(), last.map(|step| step.refs).unwrap_or_default()))
    });
    let mut shown = json!({
        "key": key.text(),
        "status": status,
        "begun_at": thread.begun_at().to_string(),
        "code": thread.code.to_string(),
        "steps": thread.journal.len(),
    });
    if let Some(shown) = shown.as_object_mut() {
        match replayed {
            Ok((script, refs)) => {
                shown.extend([("script".to_owned(), script.into()), ("waits_for".to_owned(), refs.into())]);
            }
            Err(reject) => shown.extend([("error".to_owned(), reject.to_string().into())]),
        }
    }
    shown
}

/// `journal`: what it was given.
pub(super) fn content(thread: &Thread) -> Value {
    let entered = |Entered { step, at, is_new, text }: &Entered| {
        let value = serde_json::from_str::<Value>(text).unwrap_or_default();
        json!({ "step": step, "at": at.to_string(), "new": is_new, "value": value })
    };
    json!({ "journal": thread.journal.iter().map(entered).collect::<Vec<_>>() })
}
