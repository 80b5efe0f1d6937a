//! Dead letters: the original bytes of an input that was not accepted, with the reason and where it came from.
//!
//! The headers have the shape of Kafka Streams' own dead-letter queue (KIP-1034), under `__sheaf.errors.`.

use std::sync::Arc;

use bytes::Bytes;

use super::settings::{RECORD_MAX, RECORD_OVERHEAD};
use crate::metric;
use crate::model::{OutRecord, Record, Reject, Timestamp, Topic};

/// Where in the flow an input was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The keying step.
    Decode,
    /// A step of this processor.
    Process(Arc<str>),
}

impl Stage {
    /// The metric's label, which is also the header's value.
    pub(super) const fn label(&self) -> metric::Stage {
        match self {
            Self::Decode => metric::Stage::Decode,
            Self::Process(_) => metric::Stage::Process,
        }
    }
}

/// The dead letter of a source record. A value too large for the topic is cut, and a header says how long it was.
pub(super) fn letter(topic: &Topic, record: &Record, stage: &Stage, reject: &Reject, now: Timestamp) -> OutRecord {
    let mut headers = record.headers.clone();
    let mut value = record.value.clone();
    let room = RECORD_MAX.saturating_sub(record.key.as_ref().map_or(0, Bytes::len) + headers.size() + RECORD_OVERHEAD);
    let room = room.saturating_sub(reject.detail.len() + 1024);
    if value.as_ref().is_some_and(|value| value.len() > room) {
        let length = value.as_ref().map_or(0, Bytes::len);
        value = value.map(|value| value.slice(..room));
        headers = headers.with("__sheaf.errors.truncated_from_bytes", &length.to_string());
    }
    let headers = headers
        .with("__sheaf.errors.stage", stage.label().as_str())
        .with("__sheaf.errors.reason", reject.reason.as_str())
        .with("__sheaf.errors.message", &reject.detail)
        .with("__sheaf.errors.topic", record.source.topic.as_str())
        .with("__sheaf.errors.partition", &record.source.partition.to_string())
        .with("__sheaf.errors.offset", &record.offset.to_string())
        .with("__sheaf.errors.timestamp", &now.to_string());
    OutRecord { topic: topic.clone(), partition: None, key: record.key.clone(), value, headers, timestamp: None }
}
