//! What the keying step writes to an inbox, and how it is read back.
//!
//! An inbox record has the original value and headers; its key is the entry's key. What the source record was besides
//! stands in headers of sheaf's own.

use bytes::Bytes;

use crate::model::{Headers, OutRecord, Record, Reject, RejectReason, Timestamp, Topic, TopicPartition};
use crate::processor::{Event, Keyed};

const PREFIX: &str = "sheaf-";
const TOPIC: &str = "sheaf-source-topic";
const PARTITION: &str = "sheaf-source-partition";
const OFFSET: &str = "sheaf-source-offset";
const TIMESTAMP: &str = "sheaf-source-timestamp";
const KEY: &str = "sheaf-source-key";
const ROLE: &str = "sheaf-role";
const TIME: &str = "sheaf-event-time";

/// The inbox record of a keyed source record.
pub(super) fn wrap(record: &Record, keyed: Keyed, inbox: &Topic, partition: i32) -> OutRecord {
    let mut headers: Headers = record.headers.iter().filter(|it| !it.name.starts_with(PREFIX)).cloned().collect();
    headers.reserve(7);
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
    OutRecord {
        topic: inbox.clone(),
        partition: Some(partition),
        key: Some(keyed.key),
        value: record.value.clone(),
        headers,
        timestamp: None,
    }
}

/// The event in an inbox record; a record that the keying step did not write is rejected.
pub(super) fn unwrap(record: &Record) -> Result<Event, Reject> {
    let missing = |name| Reject::new(RejectReason::MissingField, format!("the inbox record has no header {name}"));
    let text = |name| record.headers.text(name).ok_or_else(|| missing(name));
    let number = |name| text(name)?.parse::<i64>().map_err(|_not_a_number| missing(name));
    let role = text(ROLE)?.to_owned();
    let at = Timestamp::from_millis(number(TIME)?);
    let partition = i32::try_from(number(PARTITION)?).map_err(|_too_large| missing(PARTITION))?;
    let source = TopicPartition { topic: Topic::new(text(TOPIC)?), partition };
    let key = record.headers.iter().rev().find(|header| header.name == KEY).and_then(|header| header.value.clone());
    let record = Record {
        source,
        offset: number(OFFSET)?,
        timestamp: Timestamp::from_millis(number(TIMESTAMP)?),
        key,
        value: record.value.clone(),
        headers: record.headers.iter().filter(|header| !header.name.starts_with(PREFIX)).cloned().collect(),
    };
    Ok(Event::new(role, at, record))
}
