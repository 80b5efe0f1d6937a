//! A completed bundle as a record: one JSON value that any executor can read, with `CloudEvents` headers.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::{Uuid, uuid};

use super::{Gathering, Member, SUBMISSIONS};
use crate::model::{Headers, Key, Reject, RejectReason, Timestamp};
use crate::processor::Forward;

/// The type of the event in its `CloudEvents` headers.
pub const EVENT_TYPE: &str = "sheaf.bundle.completed.v1";

/// The namespace of the events' ids; a constant of sheaf's own.
const NAMESPACE: Uuid = uuid!("0d3c5b0e-57c4-5f0b-9a54-2c9f1d6e8b37");

/// The value. The payloads are the members' own bytes, not a rewriting of them.
#[derive(Debug, Serialize)]
struct Submission<'a> {
    bundle_id: &'a str,
    parent: &'a RawValue,
    children: Vec<&'a RawValue>,
    first_event_at: String,
    completed_at: String,
    late: bool,
}

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

/// The record of a complete bundle. It is a function of the members alone: the same members in any order of arrival give
/// the same bytes.
///
/// Headers: `CloudEvents` 1.0 in the binary mode of its Kafka binding. `ce_id` is a version 5 UUID of the bundle's id, so
/// that a consumer that sees an event again knows it; there is no `ce_partitionkey`, because the record's key is it.
pub(super) fn forward(key: &Key, topology: &str, gathering: &Gathering, span: Span) -> Result<Forward, Reject> {
    let id = key.text();
    let parent = gathering.parent().ok_or_else(|| unreadable(&id, "it has no parent"))?;
    let children = gathering.arranged().into_values().map(|child| payload(&id, child)).collect::<Result<_, _>>()?;
    let submission = Submission {
        bundle_id: &id,
        parent: payload(&id, parent)?,
        children,
        first_event_at: span.first.to_string(),
        completed_at: span.last.to_string(),
        late: span.late,
    };
    let value = serde_json::to_vec(&submission).map_err(|error| unreadable(&id, &error.to_string()))?;
    let headers = Headers::new()
        .with("content-type", "application/json")
        .with("ce_specversion", "1.0")
        .with("ce_id", &Uuid::new_v5(&NAMESPACE, key.as_bytes()).to_string())
        .with("ce_type", EVENT_TYPE)
        .with("ce_source", &format!("/sheaf/{topology}"))
        .with("ce_time", &span.last.to_string())
        .with("ce_subject", &id)
        .with("ce_correlationid", &id);
    Ok(Forward { output: SUBMISSIONS, value: Bytes::from(value), headers })
}

fn payload<'a>(id: &str, member: &'a Member) -> Result<&'a RawValue, Reject> {
    serde_json::from_slice(&member.content)
        .map_err(|error| unreadable(id, &format!("its member {} is not JSON: {error}", member.id)))
}

/// Every payload was checked when it came in, so this is a state that was damaged in the store.
fn unreadable(id: &str, what: &str) -> Reject {
    Reject::new(RejectReason::Unreadable, format!("bundle {id} cannot be handed on: {what}"))
}
