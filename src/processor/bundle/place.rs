//! Places of a record: a field of its value, a header, its key or a field of its key.

use std::fmt;

use crate::codec::json::{Extracted, Extractor, Pointer, Scalar, diagnose};
use crate::model::{Record, Reject, RejectReason};

/// A place of a record at which a topology finds an id, a number, a time or a type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A field of the value.
    Value(Pointer),
    /// The last header of this name (Kafka's `lastHeader`), as UTF-8 text.
    Header(String),
    /// The whole key, as UTF-8 text.
    Key,
    /// A field of the key, which is JSON.
    KeyField(Pointer),
}

impl From<Pointer> for Place {
    fn from(pointer: Pointer) -> Self {
        Self::Value(pointer)
    }
}

impl fmt::Display for Place {
    /// `/id`, `header ce_id`, `key`, `key /id`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(pointer) => write!(f, "{pointer}"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Key => f.write_str("key"),
            Self::KeyField(pointer) => write!(f, "key {pointer}"),
        }
    }
}

/// The format of the values of a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A JSON text.
    #[default]
    Json,
    /// A JSON text behind the framing of Confluent's schema registry: a zero byte, and four bytes with the schema's id. A text
    /// without framing is read too.
    Confluent,
}

/// A place with its index in the extractor of its part of the record.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) place: Place,
    index: usize,
}

/// The places of all sources of one topic, to be read in one pass.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    value: Vec<Pointer>,
    key: Vec<Pointer>,
}

impl Places {
    /// Adds a place.
    pub(super) fn add(&mut self, place: &Place) -> Field {
        let pointers = match place {
            Place::Value(pointer) => Some((&mut self.value, pointer)),
            Place::KeyField(pointer) => Some((&mut self.key, pointer)),
            Place::Header(_) | Place::Key => None,
        };
        let index = pointers.map_or(0, |(list, pointer)| {
            list.push(pointer.clone());
            list.len() - 1
        });
        Field { place: place.clone(), index }
    }

    /// Reads these places in records of a topic.
    pub(super) fn reader(&self, topic: &str, format: Format) -> PlaceReader {
        let key = (!self.key.is_empty()).then(|| Extractor::new(&self.key));
        PlaceReader { topic: topic.to_owned(), format, value: Extractor::new(&self.value), key }
    }
}

/// Reads the places of the records of one topic.
#[derive(Clone, Debug)]
pub(super) struct PlaceReader {
    topic: String,
    format: Format,
    value: Extractor,
    /// `None` if no place is a field of the key.
    key: Option<Extractor>,
}

impl PlaceReader {
    /// The JSON text of a record's value, without framing and byte order mark; `None` if it has no value.
    pub(super) fn payload<'a>(&self, record: &'a Record) -> Option<&'a [u8]> {
        record.value.as_deref().map(|value| self.text(value))
    }

    fn text<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        const FRAME_LEN: usize = 5;
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let bytes = match (self.format, bytes) {
            // JSON does not begin with a zero byte, so a record without framing is read too.
            (Format::Confluent, [0, ..]) => bytes.get(FRAME_LEN..).unwrap_or(bytes),
            (Format::Json | Format::Confluent, _) => bytes,
        };
        bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
    }

    /// Reads the fields of key and value. Without a payload all fields of the value are absent. A key that cannot be read is an
    /// error for those who need it only.
    pub(super) fn read<'a>(&'a self, record: &'a Record, payload: Option<&'a [u8]>) -> Result<Found<'a>, Reject> {
        let value = match (payload, &record.value) {
            (Some(text), Some(value)) => Some(self.extract(&self.value, (value, text), "value")?),
            (Some(_), None) | (None, _) => None,
        };
        let key = match (&self.key, &record.key) {
            (Some(extractor), Some(key)) => Some(self.extract(extractor, (key, self.text(key)), "key")),
            (Some(_), None) | (None, _) => None,
        };
        Ok(Found { topic: &self.topic, record, payload, value, key })
    }

    /// Reads a part of a record: the text of it, which is the end of all its bytes.
    fn extract<'a>(
        &self,
        extractor: &Extractor,
        (bytes, text): (&[u8], &'a [u8]),
        part: &str,
    ) -> Result<Extracted<'a>, Reject> {
        extractor.extract(text).map_err(|error| {
            let what = diagnose(bytes, text, &error).map(|what| format!("; it is {what}")).unwrap_or_default();
            Reject::new(RejectReason::Unparsable, format!("the {part} of a record of {}: {error}{what}", self.topic))
        })
    }
}

/// The places of one record.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) topic: &'a str,
    record: &'a Record,
    pub(super) payload: Option<&'a [u8]>,
    value: Option<Extracted<'a>>,
    key: Option<Result<Extracted<'a>, Reject>>,
}

impl<'a> Found<'a> {
    /// The value at a place.
    pub(super) fn scalar(&self, field: &Field) -> Scalar<'a> {
        let found = match &field.place {
            Place::Value(_) => self.value.as_ref(),
            Place::KeyField(_) => self.key.as_ref().and_then(|key| key.as_ref().ok()),
            Place::Header(_) | Place::Key => return outside(self.record, &field.place),
        };
        found.map_or(Scalar::Absent, |found| found.scalar(field.index))
    }

    /// The rejection of a key that is not JSON, if a place of the topic is a field of it.
    pub(super) fn unreadable_key(&self) -> Option<&Reject> {
        self.key.as_ref()?.as_ref().err()
    }
}

/// The text of a header or of the whole key; absent for a field.
pub(super) fn outside<'a>(record: &'a Record, place: &Place) -> Scalar<'a> {
    let bytes = match place {
        Place::Header(name) => match record.headers.iter().rev().find(|header| header.name == *name) {
            Some(header) => header.value.as_ref(),
            None => return Scalar::Absent,
        },
        Place::Key => record.key.as_ref(),
        Place::Value(_) | Place::KeyField(_) => return Scalar::Absent,
    };
    match bytes.map(|bytes| std::str::from_utf8(bytes)) {
        None => Scalar::Null,
        Some(Ok(text)) => Scalar::Text(text.into()),
        Some(Err(_)) => Scalar::Other("bytes that are not UTF-8"),
    }
}

/// The rejection of a value that is no object; `what` completes "the value is ..".
pub(super) fn wrong_type(topic: &str, what: &str) -> Reject {
    let detail = format!("the value of a record of {topic} is {what}; an event is a JSON object");
    Reject::new(RejectReason::WrongType, detail)
}
