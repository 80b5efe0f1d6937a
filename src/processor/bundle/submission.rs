//! A completed bundle as a record: one JSON value that any executor can read, with `CloudEvents` headers.

use std::sync::Arc;

use bytes::Bytes;
use uuid::{Uuid, uuid};

use super::fingerprint::v5;
use super::{Gathering, Member};
use crate::model::{Headers, Key, Reject, RejectReason, Timestamp};
use crate::processor::Forward;

/// The type of the event in its `CloudEvents` headers.
pub const EVENT_TYPE: &str = "sheaf.bundle.completed.v1";

/// The namespace of the events' ids; a constant of sheaf's own.
const NAMESPACE: Uuid = uuid!("0d3c5b0e-57c4-5f0b-9a54-2c9f1d6e8b37");

/// What the value takes besides the payloads and the bundle's id, about.
const VALUE_OVERHEAD: usize = 192;
/// How many headers it has.
const HEADERS: usize = 8;

/// The verdict that a completed bundle carries; all of it by event time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// The earliest member.
    pub(super) first: Timestamp,
    /// The latest member.
    pub(super) last: Timestamp,
    /// The latest member came after the deadline.
    pub(super) late: bool,
}

/// The record of a complete bundle, for this output. It is a function of the members alone: the same members in any order of arrival give
/// the same bytes.
///
/// Headers: `CloudEvents` 1.0 in the binary mode of its Kafka binding. `ce_id` is a version 5 UUID of the bundle's id, so
/// that a consumer that sees an event again knows it; there is no `ce_partitionkey`, because the record's key is it.
pub(super) fn forward(
    key: &Key,
    (topology, output): (&str, &Arc<str>),
    gathering: &Gathering,
    span: Span,
) -> Result<Forward, Reject> {
    let id = key.text();
    let Some(parent) = gathering.parent() else {
        // A complete bundle has one, so this is a state that was damaged in the store.
        let detail = format!("bundle {id} cannot be handed on: it has no parent");
        return Err(Reject::new(RejectReason::Unreadable, detail));
    };
    let children: Vec<&Member> = gathering.arranged().into_values().map(|child| &**child).collect();
    let value = value(&id, parent, &children, gathering.size(), span);
    let headers = Headers::with_capacity(HEADERS)
        .with("content-type", "application/json")
        .with("ce_specversion", "1.0")
        .with("ce_id", v5(NAMESPACE, &[key.as_bytes()]).to_string())
        .with("ce_type", EVENT_TYPE)
        .with("ce_source", format!("/sheaf/{topology}"))
        .with("ce_time", span.last.to_string())
        .about(key);
    Ok(Forward { output: Arc::clone(output), key: None, value: Some(value), headers, timestamp: None })
}

/// The JSON object. The payloads are the members' own bytes, not a rewriting of them; that each is one JSON value was
/// checked when it came in.
fn value(id: &str, parent: &Member, children: &[&Member], size: usize, span: Span) -> Bytes {
    let mut json = Vec::with_capacity(size + id.len() + children.len() + VALUE_OVERHEAD);
    json.extend_from_slice(format!(r#"{{"bundle_id":{},"parent":"#, serde_json::Value::from(id)).as_bytes());
    json.extend_from_slice(parent.content.trim_ascii());
    json.extend_from_slice(br#","children":["#);
    for (number, child) in children.iter().enumerate() {
        if number > 0 {
            json.push(b',');
        }
        json.extend_from_slice(child.content.trim_ascii());
    }
    let Span { first, last, late } = span;
    json.extend_from_slice(
        format!(r#"],"first_event_at":"{first}","completed_at":"{last}","late":{late}}}"#).as_bytes(),
    );
    Bytes::from(json)
}
