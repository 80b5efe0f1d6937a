//! Reads submission records: the completed bundles that are to be delivered.
//!
//! Key: the bundle's id. Value: JSON `{"bundle_id", "parent", "children", "first_event_at", "completed_at", "late"}`;
//! `parent` and each of `children` are the payloads of the events, as they were. Fields that are not named here are left
//! alone, so that the format can grow.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::{Event, Keyed, Keying};
use crate::model::{Key, Record, Reject, RejectReason};

/// How many characters the name of a folder may have in Control-M (BMC, Creating a Folder).
pub const FOLDER_CHARS_MAX: usize = 64;

/// The role of submission records.
const ROLE: &str = "submission";

/// A submission, as far as a template needs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Submission {
    pub(super) bundle_id: String,
    pub(super) parent: Value,
    pub(super) children: Vec<Value>,
    pub(super) first_event_at: Value,
    pub(super) completed_at: Value,
    pub(super) late: Value,
}

/// Finds the key of a submission record: the record's own key, checked against the bundle that its value names.
#[derive(Clone, Copy, Debug, Default)]
pub struct SubmissionKeying;

impl Keying for SubmissionKeying {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        let Some(key) = record.key.as_deref().map(Key::from_slice) else {
            return Err(Reject::new(RejectReason::BadId, "the submission has no key: its key must be the bundle's id"));
        };
        read(&key, record)?;
        Ok(Keyed::new(key, ROLE, record.timestamp))
    }
}

/// Reads the submission of `key` from an inbox record.
pub(super) fn of(key: &Key, event: &Event) -> Result<Submission, Reject> {
    read(key, &event.record)
}

fn read(key: &Key, record: &Record) -> Result<Submission, Reject> {
    let Some(value) = &record.value else {
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

/// The unique name of a bundle's folder, by which a lost submit is looked up.
///
/// Control-M allows 1-64 characters without blank `' $ / * ? "` and without the special characters of Latin-1 (BMC,
/// Creating a Folder). A name that it would refuse or change could not be looked up, so it is rejected here.
pub(super) fn folder(bundle_id: &str) -> Result<String, Reject> {
    let folder = format!("folder-{bundle_id}");
    if bundle_id.is_empty() || folder.chars().count() > FOLDER_CHARS_MAX {
        let detail = format!(
            "the folder's name `{folder}` does not have 8 to {FOLDER_CHARS_MAX} characters: use uuids or shorter ids"
        );
        return Err(Reject::new(RejectReason::BadId, detail));
    }
    if let Some(bad) = folder.chars().find(|&character| forbidden(character)) {
        let detail = format!("the folder's name {folder:?} has {bad:?}, which Control-M forbids: use ids without it");
        return Err(Reject::new(RejectReason::BadId, detail));
    }
    Ok(folder)
}

fn forbidden(character: char) -> bool {
    // U+00A0 to U+00BF, the multiplication and the division sign are the part of Latin-1 that is not letters.
    let special = matches!(character, '\u{A0}'..='\u{BF}' | '\u{D7}' | '\u{F7}');
    special || character.is_whitespace() || character.is_control() || "'$/*?\"".contains(character)
}
