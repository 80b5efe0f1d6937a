//! librdkafka's messages to records.

use bytes::Bytes;

use super::native::Message;
use crate::model::{Header, Record, Timestamp, TopicPartition};

/// An owned record: key, value and header values share one allocation.
///
/// One allocation per record, not per batch: a cached record must not keep the others of its batch in memory.
pub(super) fn record(source: &TopicPartition, message: &Message<'_>) -> Record {
    let (key, value, headers) = (message.key(), message.value(), message.headers());
    let size = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let total = size(key) + size(value) + headers.iter().map(|(_, value)| size(*value)).sum::<usize>();
    let mut buffer = Vec::with_capacity(total);
    for part in [key, value].into_iter().chain(headers.iter().map(|(_, value)| *value)).flatten() {
        buffer.extend_from_slice(part);
    }
    let mut rest = Bytes::from(buffer);
    // The parts are split off in the order in which they were added, so the rest is always long enough.
    let mut take = |part: Option<&[u8]>| part.map(|part| rest.split_to(part.len()));
    Record {
        source: source.clone(),
        offset: message.offset(),
        timestamp: Timestamp::from_millis(message.timestamp()),
        key: take(key),
        value: take(value),
        headers: headers
            .iter()
            .map(|(name, value)| Header { name: (*name).to_owned().into(), value: take(*value) })
            .collect(),
    }
}
