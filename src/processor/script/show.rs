//! A thread as JSON, for people and the query API.

use std::ffi::OsStr;
use std::path::Path;

use serde_json::{Value, json};

use super::engine::{Output, Step};
use super::replay;
use super::thread::{Entered, Given, Thread};
use super::versions::Versions;
use crate::model::Key;

/// What it waits for, and with which script.
pub(super) fn show(key: &Key, status: &str, thread: &Thread, versions: &Versions) -> Value {
    json!({
        "key": key.text(),
        "status": status,
        "begun_at": thread.begun.to_string(),
        "waits_for": thread.refs,
        "script": versions.known(thread.code).map(|script| file_name(&script.source.name).to_owned()),
        "code": thread.code.to_string(),
        "version": if thread.code == versions.newest().digest { "newest" } else { "older" },
        "engine": thread.engine,
        "steps": thread.journal.len(),
    })
}

/// The name of a file without its folders, which may differ from one instance to another.
fn file_name(path: &str) -> &str {
    Path::new(path).file_name().and_then(OsStr::to_str).unwrap_or(path)
}

/// `journal`: each step, with what it was given, what it has written and what it has waited for since. The thread is run again for it.
pub(super) fn content(key: &Key, thread: &Thread, versions: &Versions) -> Value {
    let (steps, error) = match versions.of(thread.code) {
        Ok(script) => replay::steps(&script, key, thread),
        Err(reject) => (Vec::new(), Some(reject.to_string())),
    };
    let written = |(topic, key, value): &Output| json!({ "topic": topic, "key": key, "value": value });
    let step = |(Entered { step, at, given }, came): &(Entered, Step)| {
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        let given = match given {
            Given::Begin(argument) => json!({ "begin": value(argument) }),
            Given::Event(waits, event) => json!({ "for": waits, "event": value(event) }),
            Given::Cancel => json!({ "cancel": true }),
        };
        let writes: Vec<Value> = came.outputs.iter().map(written).collect();
        json!({ "step": step, "at": at.to_string(), "given": given, "writes": writes, "waits_for": came.refs, "console": came.lines })
    };
    let mut content = json!({ "journal": steps.iter().map(step).collect::<Vec<_>>() });
    if let (Some(error), Some(content)) = (error, content.as_object_mut()) {
        content.insert("error".to_owned(), error.into());
    }
    content
}
