//! Places of a record: a field of its value, a header, its key or a field of its key.

use std::borrow::Cow;
use std::fmt;

use super::cloud_event;
use super::invalid::unparsable;
use crate::codec::json::{Extracted, Extractor, Pointer, Scalar};
use crate::model::{Record, Reject};

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
    /// An attribute of a `CloudEvent`; [`Place::Value`] is a field of its data.
    Attribute(String),
}

impl From<Pointer> for Place {
    fn from(pointer: Pointer) -> Self {
        Self::Value(pointer)
    }
}

impl fmt::Display for Place {
    /// `/id`, `header ce_id`, `key`, `key /id`, `ce id`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(pointer) => write!(f, "{pointer}"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Key => f.write_str("key"),
            Self::KeyField(pointer) => write!(f, "key {pointer}"),
            Self::Attribute(name) => write!(f, "ce {name}"),
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
    /// A `CloudEvent` 1.0 with JSON data, in the structured or the binary mode of its Kafka protocol binding.
    CloudEvents,
}

impl Format {
    /// The pointer to a place in the text of a value; `None` for a place outside of it.
    pub(in crate::processor) fn pointer(self, place: &Place) -> Option<Pointer> {
        match (place, self) {
            (Place::Value(pointer), _) => Some(self.in_text(pointer)),
            (Place::Attribute(name), _) => Some(cloud_event::attribute(name)),
            (Place::Header(_) | Place::Key | Place::KeyField(_), _) => None,
        }
    }

    /// The pointer to a field of an event in the text of a value: of a `CloudEvent` it is a field of the data.
    pub(in crate::processor) fn in_text(self, pointer: &Pointer) -> Pointer {
        match self {
            Self::CloudEvents => cloud_event::of_data(pointer),
            Self::Json | Self::Confluent => pointer.clone(),
        }
    }
}

/// A place with its index in the extractor of its part of the record.
#[derive(Clone, Debug)]
pub(in crate::processor) struct Field {
    pub(in crate::processor) place: Place,
    index: usize,
}

/// The places of all sources of one topic, to be read in one pass.
#[derive(Clone, Debug)]
pub(in crate::processor) struct Places {
    format: Format,
    value: Vec<Pointer>,
    key: Vec<Pointer>,
}

impl Places {
    /// No places in values of this format, but for those that each of its events has.
    pub(in crate::processor) fn of(format: Format) -> Self {
        let value = match format {
            Format::CloudEvents => cloud_event::required(),
            Format::Json | Format::Confluent => Vec::new(),
        };
        Self { format, value, key: Vec::new() }
    }

    /// Adds a place.
    pub(in crate::processor) fn add(&mut self, place: &Place) -> Field {
        let pointers = match place {
            Place::Value(_) | Place::Attribute(_) => self.format.pointer(place).map(|it| (&mut self.value, it)),
            Place::KeyField(pointer) => Some((&mut self.key, pointer.clone())),
            Place::Header(_) | Place::Key => None,
        };
        let index = pointers.map_or(0, |(list, pointer)| {
            list.push(pointer);
            list.len() - 1
        });
        Field { place: place.clone(), index }
    }

    /// Reads these places in records of a topic.
    pub(in crate::processor) fn reader(&self, topic: &str) -> PlaceReader {
        let key = (!self.key.is_empty()).then(|| Extractor::new(&self.key));
        PlaceReader { topic: topic.to_owned(), format: self.format, value: Extractor::new(&self.value), key }
    }
}

/// Reads the places of the records of one topic.
#[derive(Clone, Debug)]
pub(in crate::processor) struct PlaceReader {
    topic: String,
    format: Format,
    value: Extractor,
    /// `None` if no place is a field of the key.
    key: Option<Extractor>,
}

impl PlaceReader {
    /// The record with its event as one JSON text in its value, where it is not.
    pub(in crate::processor) fn open<'a>(&self, record: &'a Record) -> Result<Cow<'a, Record>, Reject> {
        let text = match self.format {
            Format::Json | Format::Confluent => None,
            Format::CloudEvents => cloud_event::text(record)?,
        };
        Ok(text.map_or(Cow::Borrowed(record), |text| Cow::Owned(Record { value: Some(text), ..record.clone() })))
    }

    /// True if events are read as they are.
    pub(in crate::processor) const fn is_plain(&self) -> bool {
        !matches!(self.format, Format::CloudEvents)
    }

    /// The JSON text of a record's value, without framing and byte order mark; `None` if it has no value.
    pub(in crate::processor) fn payload<'a>(&self, record: &'a Record) -> Option<&'a [u8]> {
        record.value.as_deref().map(|value| self.text(value))
    }

    fn text<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        const FRAME_LEN: usize = 5;
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let bytes = match (self.format, bytes) {
            // JSON does not begin with a zero byte, so a record without framing is read too.
            (Format::Confluent, [0, ..]) => bytes.get(FRAME_LEN..).unwrap_or(bytes),
            (Format::Json | Format::Confluent | Format::CloudEvents, _) => bytes,
        };
        bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
    }

    /// Reads the fields of key and value. Without a payload all fields of the value are absent. A key that cannot be read is an
    /// error for those who need it only.
    pub(in crate::processor) fn read<'a>(
        &'a self,
        record: &'a Record,
        payload: Option<&'a [u8]>,
    ) -> Result<Found<'a>, Reject> {
        let value = match (payload, &record.value) {
            (Some(text), Some(value)) => Some(self.extract(&self.value, (value, text), "value")?),
            (Some(_), None) | (None, _) => None,
        };
        if let (Format::CloudEvents, Some(text), Some(found)) = (self.format, payload, &value) {
            cloud_event::check(record, text, found)?;
        }
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
        extractor.extract(text).map_err(|error| unparsable(part, &self.topic, (bytes, text), &error))
    }
}

/// The places of one record.
#[derive(Debug)]
pub(in crate::processor) struct Found<'a> {
    pub(in crate::processor) topic: &'a str,
    record: &'a Record,
    pub(in crate::processor) payload: Option<&'a [u8]>,
    value: Option<Extracted<'a>>,
    key: Option<Result<Extracted<'a>, Reject>>,
}

impl<'a> Found<'a> {
    /// The value at a place.
    pub(in crate::processor) fn scalar(&self, field: &Field) -> Scalar<'a> {
        let found = match &field.place {
            Place::Value(_) | Place::Attribute(_) => self.value.as_ref(),
            Place::KeyField(_) => self.key.as_ref().and_then(|key| key.as_ref().ok()),
            Place::Header(_) | Place::Key => return outside(self.record, &field.place),
        };
        found.map_or(Scalar::Absent, |found| found.scalar(field.index))
    }

    /// The rejection of a key that is not JSON, if a place of the topic is a field of it.
    pub(in crate::processor) fn unreadable_key(&self) -> Option<&Reject> {
        self.key.as_ref()?.as_ref().err()
    }
}

/// The text of a header or of the whole key; absent for a field.
pub(in crate::processor) fn outside<'a>(record: &'a Record, place: &Place) -> Scalar<'a> {
    let bytes = match place {
        Place::Header(name) => match record.headers.iter().rev().find(|header| header.name == *name) {
            Some(header) => header.value.as_ref(),
            None => return Scalar::Absent,
        },
        Place::Key => record.key.as_ref(),
        Place::Value(_) | Place::KeyField(_) | Place::Attribute(_) => return Scalar::Absent,
    };
    match bytes.map(|bytes| std::str::from_utf8(bytes)) {
        None => Scalar::Null,
        Some(Ok(text)) => Scalar::Text(text.into()),
        Some(Err(_)) => Scalar::Other("bytes that are not UTF-8"),
    }
}
