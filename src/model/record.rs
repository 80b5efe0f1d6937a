//! Kafka records as consumed and as produced, independent of the client library.

use std::borrow::Cow;

use bytes::Bytes;

use super::{Key, Replay, Timestamp, Topic, TopicPartition};

/// One header of a record; Kafka allows a name more than once, and a null value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name; those of sheaf are constants and need no allocation.
    pub name: Cow<'static, str>,
    /// The value; `None` is null.
    pub value: Option<Bytes>,
}

/// The headers of a record, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<Header>);

impl Headers {
    /// The start of the names that are reserved for the headers of inbox records; a record's own headers of such a name do not
    /// reach an inbox.
    pub const RESERVED_PREFIX: &'static str = "sheaf-";

    /// The header of records that come of a [`Replay`], with its mark.
    pub const REPLAY: &'static str = "sheaf-replay";

    /// The replay of which the record comes, by its header.
    pub fn replay(&self) -> Option<Replay> {
        self.text(Self::REPLAY)?.parse().ok()
    }

    /// No headers.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// No headers, with capacity for `headers`.
    pub fn with_capacity(headers: usize) -> Self {
        Self(Vec::with_capacity(headers))
    }

    /// Appends a header with a value. A text that is static or owned is not copied; a borrowed one needs `.to_owned()`.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Bytes>) -> Self {
        self.push(name, Some(value.into()));
        self
    }

    /// Appends the `CloudEvents` headers with the key of the record's entry.
    #[must_use]
    pub fn about(self, key: &Key) -> Self {
        let subject = Bytes::from(key.text().into_owned());
        self.with("ce_subject", subject.clone()).with("ce_correlationid", subject)
    }

    /// Appends a header.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: Option<Bytes>) {
        self.0.push(Header { name: name.into(), value });
    }

    /// Reserves capacity for `more` headers.
    pub fn reserve(&mut self, more: usize) {
        self.0.reserve_exact(more);
    }

    /// The value of the last header of this name (Kafka's `lastHeader`), if it is UTF-8 text.
    pub fn text(&self, name: &str) -> Option<&str> {
        let header = self.0.iter().rev().find(|header| header.name == name)?;
        std::str::from_utf8(header.value.as_ref()?).ok()
    }

    /// All headers, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.0.iter()
    }

    /// The approximate size in a record, in bytes.
    pub fn size(&self) -> usize {
        self.0.iter().map(|header| header.name.len() + header.value.as_ref().map_or(0, Bytes::len) + 4).sum()
    }

    /// True without headers.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Header;
    type IntoIter = std::slice::Iter<'a, Header>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Header> for Headers {
    fn from_iter<I: IntoIterator<Item = Header>>(headers: I) -> Self {
        Self(headers.into_iter().collect())
    }
}

/// A consumed record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The partition.
    pub source: TopicPartition,
    /// The offset.
    pub offset: i64,
    /// The timestamp: create time or log-append time, by the topic's `message.timestamp.type`.
    pub timestamp: Timestamp,
    /// The key; `None` is null.
    pub key: Option<Bytes>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Headers,
}

impl Record {
    /// The approximate size in bytes.
    pub fn size(&self) -> usize {
        self.key.as_ref().map_or(0, Bytes::len) + self.value.as_ref().map_or(0, Bytes::len) + self.headers.size()
    }
}

/// A record to be produced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutRecord {
    /// The topic.
    pub topic: Topic,
    /// The partition; `None`: Kafka's murmur2 of the key, or a random partition without a key.
    pub partition: Option<i32>,
    /// The key; `None` is null.
    pub key: Option<Key>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Headers,
    /// The create time; `None`: the producer's clock. A topic with log-append time overrides it.
    pub timestamp: Option<Timestamp>,
}

impl OutRecord {
    /// A keyed record, partitioned by its key.
    pub fn keyed(topic: &Topic, key: &Key, value: Bytes) -> Self {
        Self {
            topic: topic.clone(),
            partition: None,
            key: Some(key.clone()),
            value: Some(value),
            headers: Headers::new(),
            timestamp: None,
        }
    }

    /// A keyed record for a given partition of a compacted topic; without a value a tombstone.
    pub fn logged(to: &TopicPartition, key: Key, value: Option<Bytes>) -> Self {
        Self {
            topic: to.topic.clone(),
            partition: Some(to.partition),
            key: Some(key),
            value,
            headers: Headers::new(),
            timestamp: None,
        }
    }

    /// A record without a key, for a random partition.
    pub fn unkeyed(topic: &Topic, value: Bytes) -> Self {
        Self {
            topic: topic.clone(),
            partition: None,
            key: None,
            value: Some(value),
            headers: Headers::new(),
            timestamp: None,
        }
    }

    /// The same record with this create time.
    #[must_use]
    pub fn at(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// The same record with these headers.
    #[must_use]
    pub fn with_headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// The approximate size in bytes.
    pub fn size(&self) -> usize {
        self.key.as_ref().map_or(0, |key| key.as_bytes().len())
            + self.value.as_ref().map_or(0, Bytes::len)
            + self.headers.size()
    }
}
