//! A dead letter: what was rejected, why, and what was done about it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::header;
use crate::model::{Headers, Key, Record, Timestamp};

/// The longest message that is kept, in characters.
const MESSAGE_MAX: usize = 1_000;

/// A dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What was done about it.
    pub disposition: Disposition,
    /// The reason, a word of [`RejectReason`](crate::model::RejectReason).
    pub reason: String,
    /// The details of the reason.
    pub message: String,
    /// The stage at which it was rejected: `decode` or `process`.
    pub stage: String,
    /// The processor that has rejected it, if that is known.
    pub processor: Option<String>,
    /// The number of times that it became a dead letter, from 1.
    pub rounds: u32,
    /// The time of the last rejection.
    pub rejected_at: Timestamp,
    /// Where the record came from.
    pub origin: Origin,
    /// The record; `None`: it is discarded, or in parts that were not read.
    pub content: Option<Content>,
    /// True if the record is in a part of the entry.
    pub in_parts: bool,
    /// What the letter does not have of the record.
    pub lacking: Lacking,
}

/// What was done about a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Disposition {
    /// Nothing yet.
    Open,
    /// Its record was sent again.
    Redriven,
    /// Its record was sent again with another value.
    Edited,
    /// Nothing is to be done.
    Discarded,
}

/// Where a record came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset; negative: the input was no record, but the outcome of an act or a timer of the entry `entry`.
    pub offset: i64,
    /// The timestamp of the record.
    pub timestamp: Timestamp,
}

/// A record without its coordinates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The key.
    pub key: Option<Bytes>,
    /// The headers, without those of sheaf.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// The value.
    pub value: Option<Bytes>,
}

/// What a letter does not have of its record, because it was too large for the topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lacking {
    /// The key.
    pub key: bool,
    /// The headers.
    pub headers: bool,
    /// The end of the value.
    pub value: bool,
}

impl Letter {
    /// The letter of a record of the dead-letters topic; `None` for a record that is none.
    pub fn read(record: &Record) -> Option<Self> {
        let text = |name| record.headers.text(name);
        let rejected_at = text(header::TIMESTAMP).and_then(|text| text.parse().ok()).unwrap_or(record.timestamp);
        let origin = Origin::read(record)?;
        let rounds = text(header::ROUNDS).and_then(|rounds| rounds.parse().ok()).unwrap_or(1);
        let is_users = |name: &str| !name.starts_with(header::PREFIX) && !name.starts_with(Headers::RESERVED_PREFIX);
        let users = record.headers.iter().filter(|header| is_users(&header.name));
        let headers = users.map(|header| (header.name.clone().into_owned(), header.value.clone())).collect();
        let lacking = Lacking {
            key: text(header::KEY_LEFT_OUT).is_some(),
            headers: text(header::HEADERS_LEFT_OUT).is_some(),
            value: text(header::TRUNCATED_FROM).is_some(),
        };
        let content = Content { key: record.key.clone(), headers, value: record.value.clone() };
        Some(Self {
            disposition: Disposition::Open,
            reason: text(header::REASON).unwrap_or_default().to_owned(),
            message: text(header::MESSAGE).unwrap_or_default().chars().take(MESSAGE_MAX).collect(),
            stage: text(header::STAGE).unwrap_or_default().to_owned(),
            processor: processor(record),
            rounds,
            rejected_at,
            origin,
            in_parts: content.is_large(),
            content: Some(content),
            lacking,
        })
    }

    /// The key of the entry of a record of the dead-letters topic; `None` for a record that is no letter.
    pub fn key(record: &Record) -> Option<Key> {
        let origin = Origin::read(record)?;
        if !origin.is_act() {
            return Some(Key::new(&format!("{}-{}@{}", origin.topic, origin.partition, origin.offset)));
        }
        // A refused act has no coordinates: it has an entry, whose key is that of the letter.
        let processor = processor(record)?;
        let mut key = format!("{processor}/").into_bytes();
        key.extend_from_slice(record.key.as_deref().unwrap_or_default());
        Some(Key::from_slice(&key))
    }
}

impl Origin {
    fn read(record: &Record) -> Option<Self> {
        let text = |name| record.headers.text(name);
        let number = |name| text(name)?.parse::<i64>().ok();
        // Letters of former versions do not have the time of their record.
        let timestamp = number(header::SOURCE_TIMESTAMP).map_or(record.timestamp, Timestamp::from_millis);
        Some(Self {
            topic: text(header::TOPIC)?.to_owned(),
            partition: i32::try_from(number(header::PARTITION)?).ok()?,
            offset: number(header::OFFSET)?,
            timestamp,
        })
    }

    /// True if the input was no record, but of an entry: the outcome of an act, a timer.
    pub const fn is_act(&self) -> bool {
        self.offset < 0
    }
}

/// The processor that has rejected an input; that of letters of former versions is in the name of the inbox.
fn processor(record: &Record) -> Option<String> {
    if let Some(processor) = record.headers.text(header::PROCESSOR) {
        return Some(processor.to_owned());
    }
    let application = record.source.topic.as_str().strip_suffix("dead-letters")?;
    let inbox = record.headers.text(header::TOPIC)?.strip_prefix(application)?;
    inbox.strip_suffix("-inbox").map(str::to_owned)
}
