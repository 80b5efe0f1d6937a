//! Decodes submission records, which are the completed bundles to be delivered.
//!
//! Key: the bundle's id. Value: JSON `{"bundle_id", "parent", "children", "first_event_at", "completed_at", "late"}`; `parent`
//! and each of `children` (with `names` if they are counted by name) are the unchanged payloads of the events. Unknown fields are ignored, so that the format can grow.
//!
//! Or JSON `{"bundle_id", "events"}`: the opening of a bundle that is delivered while it is incomplete.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::error::Category;

use super::super::bundle::{EVENT_TYPE, OPENED_TYPE, submitting_application};
use super::super::{Event, Keyed, Keying};
use crate::model::{Key, Record, Reject, RejectReason};
use crate::template::Payload;

/// The role of submission records.
const ROLE: &str = "submission";

/// A completed bundle to be delivered, or one that is incomplete.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Submission {
    /// The bundle's id, which is also the key of the record.
    pub bundle_id: String,
    /// The parent's payload.
    pub parent: Payload,
    /// The children's payloads, in their order.
    pub children: Vec<Payload>,
    /// The names of the children, in their order; none if they are not counted by name.
    #[serde(default)]
    pub names: Vec<String>,
    /// The event time of the earliest member.
    pub first_event_at: Value,
    /// The event time of the latest member.
    pub completed_at: Value,
    /// True if the latest member is after the deadline.
    pub late: Value,
    /// Of an incomplete bundle the events that are added as its members come, and nothing of the members; none of a complete one.
    #[serde(skip)]
    pub events: Vec<String>,
}

/// The opening of a bundle.
#[derive(Deserialize)]
struct Opening {
    bundle_id: String,
    events: Vec<String>,
}

impl From<Opening> for Submission {
    fn from(Opening { bundle_id, events }: Opening) -> Self {
        Self {
            bundle_id,
            parent: Payload::null(),
            children: Vec::new(),
            names: Vec::new(),
            first_event_at: Value::Null,
            completed_at: Value::Null,
            late: Value::Null,
            events,
        }
    }
}

impl Submission {
    /// The children by name; none if they are not counted by name.
    pub(super) fn by_name(&self) -> BTreeMap<&str, Vec<&Payload>> {
        let mut members: BTreeMap<&str, Vec<&Payload>> = BTreeMap::new();
        for (name, child) in self.names.iter().zip(&self.children) {
            members.entry(name).or_default().push(child);
        }
        members
    }

    /// Decodes the value of a record, whatever its key.
    pub(super) fn decode(value: &[u8]) -> Result<Self, Reject> {
        let opening = |_: &serde_json::Error| serde_json::from_slice::<Opening>(value).ok();
        serde_json::from_slice(value).or_else(|error| opening(&error).map(Self::from).ok_or(error)).map_err(|error| {
            match error.classify() {
                Category::Data => Reject::new(RejectReason::MissingField, format!("the submission: {error}")),
                Category::Syntax | Category::Eof | Category::Io => {
                    Reject::new(RejectReason::Unparsable, format!("the submission is not JSON: {error}"))
                }
            }
        })
    }
}

/// The keying step of submission records: the record's key, which must be equal to the `bundle_id` in its value. A record of
/// sheaf's own bundles that cannot be decoded is not rejected here, so that the step can end its delivery.
///
/// A submission of another application is not delivered, because that application delivers it. One that names no application
/// is: it is of another program, or of a version of sheaf that did not name it.
#[derive(Clone, Debug)]
pub struct SubmissionKeying {
    application: String,
}

impl SubmissionKeying {
    /// The keying step of this application's delivery.
    pub fn new(application: &str) -> Self {
        Self { application: application.to_owned() }
    }
}

impl Keying for SubmissionKeying {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        if let Some(other) = submitting_application(&record.headers).filter(|other| *other != self.application) {
            return Ok(Keyed::Foreign(other.to_owned()));
        }
        let Some(key) = record.key.as_deref().map(Key::from_slice) else {
            return Err(Reject::new(RejectReason::BadId, "the submission has no key: its key must be the bundle's id"));
        };
        // What a bundle of sheaf has completed has an outcome in any case, and its key is the bundle's id. A record of
        // anybody else may have any key, so it must not end the delivery of a bundle.
        if !(is_of_bundle(record) && record.value.is_some()) {
            parse(&key, record.value.as_deref())?;
        }
        Ok(Keyed::new(key, ROLE, record.timestamp))
    }
}

/// Decodes the submission of `key` from an inbox record.
pub(super) fn of(key: &Key, event: &Event) -> Result<Submission, Reject> {
    parse(key, event.record.value.as_deref())
}

/// True for a submission, or an opening, of a bundle of sheaf.
pub(super) fn is_of_bundle(record: &Record) -> bool {
    record.headers.text("ce_type").is_some_and(|kind| [EVENT_TYPE, OPENED_TYPE].contains(&kind))
}

/// Decodes the value of a submission record of `key`.
pub(super) fn parse(key: &Key, value: Option<&[u8]>) -> Result<Submission, Reject> {
    let Some(value) = value else {
        return Err(Reject::new(RejectReason::NoValue, "the submission has no value"));
    };
    let submission = Submission::decode(value)?;
    if submission.bundle_id.as_bytes() != key.as_bytes() {
        let detail = format!("the submission's key is `{key}`, but its bundle_id is `{}`", submission.bundle_id);
        return Err(Reject::new(RejectReason::BadId, detail));
    }
    Ok(submission)
}
