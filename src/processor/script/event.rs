//! What a record says, and the keying step.

use serde::Deserialize;
use serde_json::{Value, json};

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

/// How the values of records are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `new:` and JSON, or JSON with a `ref`: that of effectful.js's Kafka workflows.
    #[default]
    Json,
    /// `new:`, `<id>:=` or `<id>:!` and a text, or an id alone: that of javactrl-kafka.
    Text,
}

impl Said {
    /// What a record says.
    pub(super) fn by(record: &Record, format: Format) -> Result<Self, Reject> {
        let expected = match format {
            Format::Json => "`new:` and JSON, or JSON with a `ref`",
            Format::Text => "`new:`, `<id>:=` or `<id>:!` and a text, or an id",
        };
        let no_value = || Reject::new(RejectReason::NoValue, format!("a record to a thread has a value: {expected}"));
        let value = record.value.as_deref().ok_or_else(no_value)?;
        let no_text = |error: std::str::Utf8Error| {
            Reject::new(RejectReason::Unparsable, format!("the value is no text: {error}"))
        };
        let text = std::str::from_utf8(value).map_err(no_text)?;
        let given = match format {
            Format::Json => by_json(text)?,
            Format::Text => by_text(text),
        };
        let entered = |given| Entered { step: record.offset.to_string(), at: record.timestamp, given };
        Ok(given.map_or(Self::Nothing, |given| Self::Entered(entered(given))))
    }
}

fn by_json(text: &str) -> Result<Option<Given>, Reject> {
    let no_json = |error| Reject::new(RejectReason::Unparsable, format!("the value is no JSON: {error}"));
    let begin = text.strip_prefix(NEW);
    let json = begin.unwrap_or(text);
    serde_json::from_str::<serde::de::IgnoredAny>(json).map_err(no_json)?;
    if begin.is_some() {
        return Ok(Some(Given::Begin(json.to_owned())));
    }
    // What is no object is for nothing; an array would be read as one.
    let is_object = json.trim_start().starts_with('{');
    let waits = serde_json::from_str::<Reference>(json).ok().filter(|_| is_object).and_then(|it| it.waits);
    let Some(Value::String(waits)) = waits else { return Ok(None) };
    Ok(Some(Given::Event(waits, json.to_owned())))
}

fn by_text(text: &str) -> Option<Given> {
    if let Some(argument) = text.strip_prefix(NEW) {
        return Some(Given::Begin(Value::from(argument).to_string()));
    }
    let (id, rest) = text.split_once(':').map_or((text, None), |(id, rest)| (id, Some(rest)));
    let event = match rest {
        None => json!({ "ref": id, "value": null }),
        Some(rest) => match rest.strip_prefix('=') {
            Some(value) => json!({ "ref": id, "value": value }),
            None => json!({ "ref": id, "error": rest.strip_prefix('!')? }),
        },
    };
    Some(Given::Event(id.to_owned(), event.to_string()))
}

/// Keys records by the thread that they are for.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadKeying(pub Format);

impl Keying for ThreadKeying {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        let no_key = || Reject::new(RejectReason::BadId, "a record to a thread has the thread's id as its key");
        let key = record.key.as_deref().filter(|key| !key.is_empty()).ok_or_else(no_key)?;
        if std::str::from_utf8(key).is_err() {
            return Err(Reject::new(RejectReason::BadId, "the id of a thread is text"));
        }
        Said::by(record, self.0)?;
        Ok(Keyed::new(Key::from_slice(key), "event", record.timestamp))
    }
}
