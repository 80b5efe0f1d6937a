//! Decodes submission records, which are the completed bundles to be delivered.
//!
//! Key: the bundle's id. Value: JSON `{"bundle_id", "parent", "children", "first_event_at", "completed_at", "late"}`; `parent`
//! and each of `children` are the unchanged payloads of the events. Unknown fields are ignored, so that the format can grow.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::{Event, Keyed, Keying};
use crate::model::{Key, Record, Reject, RejectReason};

/// The role of submission records.
const ROLE: &str = "submission";

/// A completed bundle to be delivered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// The bundle's id, which is also the key of the record.
    pub bundle_id: String,
    /// The parent's payload.
    pub parent: Value,
    /// The children's payloads, in their order.
    pub children: Vec<Value>,
    /// The event time of the earliest member.
    pub first_event_at: Value,
    /// The event time of the latest member.
    pub completed_at: Value,
    /// True if the latest member is after the deadline.
    pub late: Value,
}

/// The keying step of submission records: the record's key, which must be equal to the `bundle_id` in its value.
#[derive(Clone, Copy, Debug, Default)]
pub struct SubmissionKeying;

impl Keying for SubmissionKeying {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        let Some(key) = record.key.as_deref().map(Key::from_slice) else {
            return Err(Reject::new(RejectReason::BadId, "the submission has no key: its key must be the bundle's id"));
        };
        parse(&key, record.value.as_deref())?;
        Ok(Keyed::new(key, ROLE, record.timestamp))
    }
}

/// Decodes the submission of `key` from an inbox record.
pub(super) fn of(key: &Key, event: &Event) -> Result<Submission, Reject> {
    parse(key, event.record.value.as_deref())
}

/// Decodes the value of a submission record of `key`.
pub(super) fn parse(key: &Key, value: Option<&[u8]>) -> Result<Submission, Reject> {
    let Some(value) = value else {
        return Err(Reject::new(RejectReason::NoValue, "the submission has no value"));
    };
    let value: Value = serde_json::from_slice(value)
        .map_err(|error| Reject::new(RejectReason::Unparsable, format!("the submission is not JSON: {error}")))?;
    let submission: Submission = serde_json::from_value(value)
        .map_err(|error| Reject::new(RejectReason::MissingField, format!("the submission: {error}")))?;
    if submission.bundle_id.as_bytes() != key.as_bytes() {
        let detail = format!("the submission's key is `{key}`, but its bundle_id is `{}`", submission.bundle_id);
        return Err(Reject::new(RejectReason::BadId, detail));
    }
    Ok(submission)
}
