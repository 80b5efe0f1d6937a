//! librdkafka's messages to records.

use bytes::Bytes;

use super::native::Message;
use crate::model::{Header, Record, Timestamp, TopicPartition};

/// A record of its own: key, value and header values share one allocation.
///
/// One per record, not one per batch: a record that waits in a cache for days must not hold on to the thousand others
/// that arrived with it.
pub(super) fn record(source: &TopicPartition, message: &Message<'_>) -> Record {
    let (key, value, headers) = (message.key(), message.value(), message.headers());
    let size = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let total = size(key) + size(value) + headers.iter().map(|(_, value)| size(*value)).sum::<usize>();
    let mut buffer = Vec::with_capacity(total);
    for part in [key, value].into_iter().chain(headers.iter().map(|(_, value)| *value)).flatten() {
        buffer.extend_from_slice(part);
    }
    let mut rest = Bytes::from(buffer);
    // The parts are taken off in the order in which they were put in, so there is always enough left.
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
