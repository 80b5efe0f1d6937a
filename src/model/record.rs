//! Kafka records, coming in and going out, without a word of Kafka's client in them.

use std::borrow::Cow;

use bytes::Bytes;

use super::{Key, Timestamp, Topic, TopicPartition};

/// One header of a record; Kafka allows a name more than once, and a null value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name; sheaf's own are constants, which need no allocation.
    pub name: Cow<'static, str>,
    /// The value; `None` is Kafka's null.
    pub value: Option<Bytes>,
}

/// The headers of a record, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<Header>);

impl Headers {
    /// No headers.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// No headers, with room for so many.
    pub fn with_capacity(headers: usize) -> Self {
        Self(Vec::with_capacity(headers))
    }

    /// Appends a header with a value. A text that is static or owned is not copied; a borrowed one needs `.to_owned()`.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Bytes>) -> Self {
        self.push(name, Some(value.into()));
        self
    }

    /// Appends the `CloudEvents` headers that name the entry that a record is about.
    #[must_use]
    pub fn about(self, key: &Key) -> Self {
        let subject = Bytes::from(key.text().into_owned());
        self.with("ce_subject", subject.clone()).with("ce_correlationid", subject)
    }

    /// Appends a header.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: Option<Bytes>) {
        self.0.push(Header { name: name.into(), value });
    }

    /// Makes room for so many more headers at once.
    pub fn reserve(&mut self, more: usize) {
        self.0.reserve_exact(more);
    }

    /// The value of the last header of that name, as Kafka's own `lastHeader` reads it, when it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        let header = self.0.iter().rev().find(|header| header.name == name)?;
        std::str::from_utf8(header.value.as_ref()?).ok()
    }

    /// All headers, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.0.iter()
    }

    /// How many bytes the headers take in a record, about.
    pub fn size(&self) -> usize {
        self.0.iter().map(|header| header.name.len() + header.value.as_ref().map_or(0, Bytes::len) + 4).sum()
    }

    /// True when there are none.
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

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it was read.
    pub source: TopicPartition,
    /// At which offset.
    pub offset: i64,
    /// Kafka's timestamp of it (create time or log-append time, as the topic says).
    pub timestamp: Timestamp,
    /// The key; `None` is Kafka's null.
    pub key: Option<Bytes>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Headers,
}

impl Record {
    /// About how many bytes the record takes.
    pub fn size(&self) -> usize {
        self.key.as_ref().map_or(0, Bytes::len) + self.value.as_ref().map_or(0, Bytes::len) + self.headers.size()
    }
}

/// A record to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutRecord {
    /// Where to.
    pub topic: Topic,
    /// `None`: the partition is Kafka's murmur2 of the key, a random one without a key.
    pub partition: Option<i32>,
    /// The key; `None` is Kafka's null.
    pub key: Option<Key>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Headers,
    /// The create time; `None`: the producer's clock. A topic with log-append time overrides it.
    pub timestamp: Option<Timestamp>,
}

impl OutRecord {
    /// A keyed record whose partition follows from its key.
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

    /// A record of a keyed log, for a partition that is known; no value is a tombstone.
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

    /// A record without a key, which goes to any partition.
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

    /// About how many bytes the record takes in a log.
    pub fn size(&self) -> usize {
        self.key.as_ref().map_or(0, |key| key.as_bytes().len())
            + self.value.as_ref().map_or(0, Bytes::len)
            + self.headers.size()
    }
}
