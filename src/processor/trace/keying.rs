//! The keying step of topics that are traced: finds the trace id and the name of a message.

use std::borrow::Cow;

use super::Reads;
use crate::codec::json::{Scalar, integer};
use crate::model::{Key, Record, Reject};
use crate::processor::place::{Field, Place, PlaceReader, Places, cloud_event, outside};
use crate::processor::{Keyed, Keying};

/// The longest trace id in bytes: it is a Kafka key and a store key.
const ID_LEN_MAX: usize = 256;

/// Keys the records of one topic by their trace ids. It rejects nothing: a record without one is passed over.
#[derive(Clone, Debug)]
pub struct TraceKeying {
    places: PlaceReader,
    id: Field,
    name: Field,
    /// False if both stand in headers or in the key, so that the value need not be read.
    reads_value: bool,
}

/// The name of a message, for the step.
#[derive(Clone, Debug)]
pub(super) struct Name(pub(super) String);

impl TraceKeying {
    /// The keying step of a topic.
    pub fn new(reads: &Reads) -> Self {
        let mut places = Places::of(reads.format);
        let (id, name) = (places.add(&reads.id), places.add(&reads.name));
        let reads_value = [&reads.id, &reads.name].iter().any(|place| match place {
            Place::Value(_) | Place::Attribute(_) => true,
            Place::Header(_) | Place::Key | Place::KeyField(_) => false,
        });
        Self { places: places.reader(&reads.topic), id, name, reads_value }
    }

    /// The name of a record's message; empty if it has none.
    pub(super) fn name(&self, record: &Record) -> String {
        let [_, name] = self.texts(record);
        name.unwrap_or_default()
    }

    /// The trace id and the name. A value that cannot be read has neither; the places outside of it are read all the same.
    fn texts(&self, record: &Record) -> [Option<String>; 2] {
        let opened = if self.reads_value { self.places.open(record).ok() } else { None };
        let payload = opened.as_ref().and_then(|opened| self.places.payload(opened)).filter(|text| !text.is_empty());
        let found = opened.as_ref().and_then(|opened| self.places.read(opened, payload).ok());
        let found = found.or_else(|| self.places.read(record, None).ok());
        let text = |field: &Field| {
            let scalar = found.as_ref().map_or_else(|| outside(record, &field.place), |found| found.scalar(field));
            text(scalar).or_else(|| match &field.place {
                // In the binary mode an attribute is a header, whatever the data is.
                Place::Attribute(name) => cloud_event::in_headers(record, name).map(str::to_owned),
                Place::Value(_) | Place::Header(_) | Place::Key | Place::KeyField(_) => None,
            })
        };
        [text(&self.id), text(&self.name)]
    }
}

impl Keying for TraceKeying {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        let [id, name] = self.texts(record);
        let Some(id) = id.filter(|id| is_id(id)) else { return Ok(Keyed::Pass) };
        Ok(Keyed::new(Key::new(&id), "record", record.timestamp).with_parsed(Name(name.unwrap_or_default())))
    }
}

/// True for a text that may be the key of an entry.
fn is_id(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= ID_LEN_MAX && !text.contains('\0')
}

/// The text of a string or a number; of an integer in its usual spelling.
fn text(scalar: Scalar<'_>) -> Option<String> {
    match scalar {
        Scalar::Text(text) => Some(text.into_owned()),
        Scalar::Number(number) => Some(integer(number).map_or_else(|| number.to_owned(), Cow::into_owned)),
        Scalar::Absent | Scalar::Null | Scalar::Boolean(_) | Scalar::Other(_) => None,
    }
}
