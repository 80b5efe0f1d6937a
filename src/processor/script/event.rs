//! What a record says, and the keying step.

use serde::Deserialize;
use serde_json::Value;

use super::thread::{Entered, Given};
use crate::model::{Key, Record, Reject, RejectReason};
use crate::processor::{Keyed, Keying};

/// What a value begins with that begins a thread.
const NEW: &str = "new:";

/// What a record says to a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It begins the thread, or is for what it waits for.
    Entered(Entered),
    /// JSON without the text `ref`, for which nothing can wait.
    Nothing,
}

/// The part of an event that tells what it is for.
#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "ref")]
    waits: Option<Value>,
}

impl Said {
    /// What a record says.
    pub(super) fn by(record: &Record) -> Result<Self, Reject> {
        let no_value = || {
            let message = "a record to a thread has a value: `new:` and JSON, or JSON with a `ref`";
            Reject::new(RejectReason::NoValue, message)
        };
        let value = record.value.as_deref().ok_or_else(no_value)?;
        let no_json = |why: String| Reject::new(RejectReason::Unparsable, format!("the value is no JSON: {why}"));
        let text = std::str::from_utf8(value).map_err(|error| no_json(error.to_string()))?;
        let begin = text.strip_prefix(NEW);
        let json = begin.unwrap_or(text);
        serde_json::from_str::<serde::de::IgnoredAny>(json).map_err(|error| no_json(error.to_string()))?;
        let given = if begin.is_some() {
            Given::Begin(json.to_owned())
        } else {
            // What is no object is for nothing; an array would be read as one.
            let is_object = json.trim_start().starts_with('{');
            let waits = serde_json::from_str::<Reference>(json).ok().filter(|_| is_object).and_then(|it| it.waits);
            let Some(Value::String(waits)) = waits else { return Ok(Self::Nothing) };
            Given::Event(waits, json.to_owned())
        };
        Ok(Self::Entered(Entered { step: record.offset.to_string(), at: record.timestamp, given }))
    }
}

/// Keys records by the thread that they are for.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadKeying;

impl Keying for ThreadKeying {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        let no_key = || Reject::new(RejectReason::BadId, "a record to a thread has the thread's id as its key");
        let key = record.key.as_deref().filter(|key| !key.is_empty()).ok_or_else(no_key)?;
        if std::str::from_utf8(key).is_err() {
            return Err(Reject::new(RejectReason::BadId, "the id of a thread is text"));
        }
        Said::by(record)?;
        Ok(Keyed::new(Key::from_slice(key), "event", record.timestamp))
    }
}
