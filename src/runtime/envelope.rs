//! The encoding of inbox records.
//!
//! The header `sheaf-kind` is the kind of a record:
//!
//! | kind | |
//! |---|---|
//! | none, `record` | a keyed source record: the original value and headers, with the entry's key. The source's topic, partition, offset, timestamp, key and role are in headers `sheaf-*` |
//! | `command` | a [`Command`] as JSON, for the entry of its key |
//! | `watermark` | the positions of the sources at a time of the wall clock. Skipped: nothing uses it yet |
//!
//! Other kinds are of newer versions; such a record becomes a dead letter. So a version that writes a new kind has to look first whether
//! all instances have published a high enough [`PROTOCOL_LEVEL`]; this one writes none, and looks at none.

use std::sync::Arc;

use bytes::Bytes;

use crate::model::{Headers, Key, OutRecord, Record, Reject, RejectReason, Replay, Timestamp, Topic, TopicPartition};
use crate::processor::{Addressed, Command, Event, Input};

/// The level of inbox records that an instance can read, published in the instances topic: 1 has records, 2 commands
/// and watermarks too.
pub(super) const PROTOCOL_LEVEL: u16 = 2;

const PREFIX: &str = Headers::RESERVED_PREFIX;
const KIND: &str = "sheaf-kind";
const TOPIC: &str = "sheaf-source-topic";
const PARTITION: &str = "sheaf-source-partition";
const OFFSET: &str = "sheaf-source-offset";
const TIMESTAMP: &str = "sheaf-source-timestamp";
const KEY: &str = "sheaf-source-key";
const ROLE: &str = "sheaf-role";
const TIME: &str = "sheaf-event-time";

/// The inbox record of a keyed source record, which may be one that is processed again.
pub(super) fn wrap(
    record: &Record,
    keyed: Addressed,
    (inbox, partition): (&Topic, i32),
    replay: Option<&Replay>,
) -> OutRecord {
    let mut headers: Headers = record.headers.iter().filter(|it| !it.name.starts_with(PREFIX)).cloned().collect();
    headers.reserve(7 + usize::from(replay.is_some()));
    let text = |number: i64| Some(Bytes::from(number.to_string()));
    headers.push(TOPIC, Some(Bytes::copy_from_slice(record.source.topic.as_str().as_bytes())));
    headers.push(PARTITION, text(i64::from(record.source.partition)));
    headers.push(OFFSET, text(record.offset));
    headers.push(TIMESTAMP, text(record.timestamp.as_millis()));
    if let Some(key) = &record.key {
        headers.push(KEY, Some(key.clone()));
    }
    headers.push(ROLE, Some(Bytes::from(keyed.role.into_owned())));
    headers.push(TIME, text(keyed.at.as_millis()));
    if let Some(replay) = replay {
        headers.push(Headers::REPLAY, Some(Bytes::from(replay.to_string())));
    }
    OutRecord {
        topic: inbox.clone(),
        partition: Some(partition),
        key: Some(keyed.key),
        value: record.value.clone(),
        headers,
        timestamp: None,
    }
}

/// The inbox record of a command to an entry.
pub fn command_record(key: &Key, command: &Command, inbox: &Topic) -> OutRecord {
    // A map of texts and numbers always serializes.
    let value = serde_json::to_vec(command).unwrap_or_default();
    OutRecord {
        topic: inbox.clone(),
        partition: None,
        key: Some(key.clone()),
        value: Some(Bytes::from(value)),
        headers: Headers::new().with(KIND, "command"),
        timestamp: None,
    }
}

/// The input of an inbox record; `None` for a watermark. A record that sheaf did not write is rejected.
pub(super) fn unwrap(record: &Record) -> Result<Option<Input>, Reject> {
    match record.headers.text(KIND) {
        None | Some("record") => event(record).map(|event| Some(Input::Record(event))),
        Some("command") => command(record).map(|command| Some(Input::Command(command))),
        Some("watermark") => Ok(None),
        Some(kind) => {
            let detail = format!("this sheaf knows no inbox record of the kind `{kind}`: a newer one has written it");
            Err(Reject::new(RejectReason::Unsupported, detail))
        }
    }
}

fn command(record: &Record) -> Result<Command, Reject> {
    let value =
        record.value.as_deref().ok_or_else(|| Reject::new(RejectReason::NoValue, "the command has no value"))?;
    let wrong = |error: serde_json::Error| Reject::new(RejectReason::Unparsable, format!("not a command: {error}"));
    serde_json::from_slice(value).map_err(wrong)
}

fn event(record: &Record) -> Result<Event, Reject> {
    let missing = |name| Reject::new(RejectReason::MissingField, format!("the inbox record has no header {name}"));
    let text = |name| record.headers.text(name).ok_or_else(|| missing(name));
    let number = |name| text(name)?.parse::<i64>().map_err(|_not_a_number| missing(name));
    let role = text(ROLE)?.to_owned();
    let at = Timestamp::from_millis(number(TIME)?);
    let partition = i32::try_from(number(PARTITION)?).map_err(|_too_large| missing(PARTITION))?;
    let source = TopicPartition { topic: Topic::new(text(TOPIC)?), partition };
    let replay = record.headers.replay().map(Arc::new);
    let key = record.headers.iter().rev().find(|header| header.name == KEY).and_then(|header| header.value.clone());
    let record = Record {
        source,
        offset: number(OFFSET)?,
        timestamp: Timestamp::from_millis(number(TIMESTAMP)?),
        key,
        value: record.value.clone(),
        headers: record.headers.iter().filter(|header| !header.name.starts_with(PREFIX)).cloned().collect(),
    };
    Ok(Event { replay, ..Event::new(role, at, record) })
}
