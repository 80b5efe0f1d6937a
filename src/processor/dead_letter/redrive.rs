//! The record that is sent again, in the topic `<application>-redrive`, and the record that it stands for.

use std::sync::Arc;

use bytes::Bytes;

use super::letter::{Content, Origin};
use crate::model::{Headers, Record, Reject, RejectReason, Timestamp, Topic, TopicPartition};
use crate::processor::{Forward, Keyed, Keying};

/// The name of the output of records that are sent again.
pub const REDRIVE: &str = "redrive";

const TOPIC: &str = "sheaf-redrive-topic";
const PARTITION: &str = "sheaf-redrive-partition";
const OFFSET: &str = "sheaf-redrive-offset";
const TIMESTAMP: &str = "sheaf-redrive-timestamp";
const KEY: &str = "sheaf-redrive-key";

/// Sends a record again: the record's own value and headers, with where it came from in headers of sheaf. Its key is that of the letter.
pub(super) fn forward(origin: &Origin, content: &Content) -> Forward {
    let mut headers = Headers::new();
    for (name, value) in &content.headers {
        headers.push(name.clone(), value.clone());
    }
    let text = |number: i64| Bytes::from(number.to_string());
    headers.push(TOPIC, Some(Bytes::from(origin.topic.clone())));
    headers.push(PARTITION, Some(text(i64::from(origin.partition))));
    headers.push(OFFSET, Some(text(origin.offset)));
    headers.push(TIMESTAMP, Some(text(origin.timestamp.as_millis())));
    if let Some(key) = &content.key {
        headers.push(KEY, Some(key.clone()));
    }
    Forward { output: Arc::from(REDRIVE), key: None, value: content.value.clone(), headers, timestamp: None }
}

/// The keying step of the topic of redriven records, which are keyed as the records that they stand for.
#[derive(Clone, Copy, Debug, Default)]
pub struct RedriveKeying;

impl Keying for RedriveKeying {
    /// Rejects what stands for no record, or for one of a topic that is no source any more.
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        let detail = format!("no source of this topology reads topic {}", record.source.topic);
        Err(Reject::new(RejectReason::Unsupported, detail))
    }

    fn original(&self, record: &Record) -> Option<Record> {
        let text = |name| record.headers.text(name);
        let number = |name| text(name)?.parse::<i64>().ok();
        let source =
            TopicPartition { topic: Topic::new(text(TOPIC)?), partition: i32::try_from(number(PARTITION)?).ok()? };
        let key = record.headers.iter().find(|header| header.name == KEY).and_then(|header| header.value.clone());
        let is_users = |name: &str| !name.starts_with(Headers::RESERVED_PREFIX);
        Some(Record {
            source,
            offset: number(OFFSET)?,
            timestamp: Timestamp::from_millis(number(TIMESTAMP)?),
            key,
            value: record.value.clone(),
            headers: record.headers.iter().filter(|header| is_users(&header.name)).cloned().collect(),
        })
    }
}
