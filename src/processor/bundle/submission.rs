//! The submission record of a completed bundle: one JSON value with `CloudEvents` headers.

use std::sync::Arc;

use bytes::Bytes;
use uuid::{Uuid, uuid};

use super::fingerprint::v5;
use super::{Gathering, Member, NamedChildren};
use crate::model::{Headers, Key, Timestamp};
use crate::processor::Forward;

/// The `CloudEvents` type.
pub const EVENT_TYPE: &str = "sheaf.bundle.completed.v1";

/// The header of the `CloudEvents` source.
const SOURCE: &str = "ce_source";
/// What the `CloudEvents` sources of sheaf begin with.
const SOURCE_PREFIX: &str = "/sheaf/";

/// The namespace of the `CloudEvents` ids, chosen at random once.
const NAMESPACE: Uuid = uuid!("0d3c5b0e-57c4-5f0b-9a54-2c9f1d6e8b37");

/// The approximate size of the value without payloads and bundle id, in bytes.
const VALUE_OVERHEAD: usize = 192;
/// The number of headers.
const HEADERS: usize = 8;

/// The event times of a completed bundle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// The event time of the earliest member.
    pub(super) first: Timestamp,
    /// The event time at which it was complete: that of the latest member, or of the time-out.
    pub(super) last: Timestamp,
    /// True if that is after the deadline.
    pub(super) late: bool,
}

/// The `CloudEvents` source of an application's submissions.
pub(super) fn source(application: &str, topology: &str) -> String {
    format!("{SOURCE_PREFIX}{application}/{topology}")
}

/// The `CloudEvents` source of a processor that belongs to no application.
pub(super) fn source_of_topology(topology: &str) -> String {
    format!("{SOURCE_PREFIX}{topology}")
}

/// The application that has written a submission; `None` if its headers name none, as those of other programs and of versions
/// that wrote `/sheaf/<topology>`.
pub fn application(headers: &Headers) -> Option<&str> {
    Some(headers.text(SOURCE)?.strip_prefix(SOURCE_PREFIX)?.split_once('/')?.0)
}

/// The submission record of a complete bundle. Its bytes depend on the members only, and not on their order of arrival.
///
/// Headers: `CloudEvents` 1.0 in the binary mode of its Kafka binding. `ce_id` is a version 5 UUID of the bundle's id, so that
/// consumers can recognize duplicates; there is no `ce_partitionkey`, because the record has that key.
pub(super) fn forward(
    key: &Key,
    (source, output): (&str, &Arc<str>),
    (gathering, members): (&Gathering, &[NamedChildren]),
    span: Span,
) -> Forward {
    let id = key.text();
    let parent = gathering.parent().map(|parent| &**parent);
    let children: Vec<&Member> = gathering.in_order(members).into_iter().map(|child| &**child).collect();
    let value = value(&id, parent, &children, gathering.size(), span);
    let headers = headers(key, source, Subject { kind: EVENT_TYPE, id: &[], at: span.last });
    Forward { output: Arc::clone(output), key: None, value: Some(value), headers, timestamp: None }
}

/// What a record is about.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    /// The `CloudEvents` type.
    pub(super) kind: &'static str,
    /// What makes its id, with the key of the bundle.
    pub(super) id: &'a [&'a [u8]],
    /// Its time.
    pub(super) at: Timestamp,
}

/// The headers of a record about a bundle.
pub(super) fn headers(key: &Key, source: &str, subject: Subject<'_>) -> Headers {
    let id = [&[key.as_bytes()], subject.id].concat();
    Headers::with_capacity(HEADERS)
        .with("content-type", "application/json")
        .with("ce_specversion", "1.0")
        .with("ce_id", v5(NAMESPACE, &id).to_string())
        .with("ce_type", subject.kind)
        .with(SOURCE, source.to_owned())
        .with("ce_time", subject.at.to_string())
        .about(key)
}

/// The JSON object. `names` are those of the children, in their order, if they are counted by name. The payloads are the original bytes of the members, each checked to be one JSON value by the keying step.
fn value(id: &str, parent: Option<&Member>, children: &[&Member], size: usize, span: Span) -> Bytes {
    let mut json = Vec::with_capacity(size + id.len() + children.len() + VALUE_OVERHEAD);
    json.extend_from_slice(format!(r#"{{"bundle_id":{},"parent":"#, serde_json::Value::from(id)).as_bytes());
    json.extend_from_slice(parent.map_or(&b"null"[..], |parent| parent.content.trim_ascii()));
    json.extend_from_slice(br#","children":["#);
    for (index, child) in children.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        json.extend_from_slice(child.content.trim_ascii());
    }
    json.push(b']');
    if children.iter().any(|child| child.name.is_some()) {
        let names: Vec<&str> = children.iter().map(|child| child.name.as_deref().unwrap_or_default()).collect();
        json.extend_from_slice(format!(r#","names":{}"#, serde_json::Value::from(names)).as_bytes());
    }
    let Span { first, last, late } = span;
    json.extend_from_slice(
        format!(r#","first_event_at":"{first}","completed_at":"{last}","late":{late}}}"#).as_bytes(),
    );
    Bytes::from(json)
}
