//! The messages of flows: how their types, keys and correlation ids are found, and what a worker says of its task.

use bytes::Bytes;

use super::definition::{TASK_COMPLETED, TASK_FAILED};
use super::definitions::Definitions;
use super::progress::Answer;
use crate::codec::json::{Extractor, Pointer, Scalar};
use crate::model::{Key, Record, Reject, RejectReason};
use crate::processor::place::{Field, Format, Found, Place, PlaceReader, Places};
use crate::processor::{Keyed, Keying};

/// A source of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reads {
    /// The topic.
    pub topic: String,
    /// The format of its values.
    pub format: Format,
    /// The place of a message's type.
    pub kind: Place,
    /// The place of the flow's key.
    pub key: Place,
    /// The place of the correlation id, if messages have one.
    pub correlation: Option<Place>,
    /// The data in the value; the empty pointer is the whole value.
    pub data: Pointer,
}

impl Reads {
    /// The messages of staged templates: `/event_name` and `/business_ref_no`.
    pub fn of_templates(topic: &str) -> Self {
        let field = |name| Place::Value(Pointer::of([name]));
        Self {
            topic: topic.to_owned(),
            format: Format::Json,
            kind: field("event_name"),
            key: field("business_ref_no"),
            correlation: None,
            data: Pointer::of([]),
        }
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Incoming {
    /// The type.
    pub kind: String,
    /// The correlation id.
    pub correlation: Option<String>,
    /// The data, a JSON text.
    pub data: Bytes,
    /// The whole value, a JSON text.
    pub text: Bytes,
}

/// Reads the messages of one topic, and keys them by their flow.
#[derive(Clone, Debug)]
pub struct MessageKeying {
    topic: String,
    places: PlaceReader,
    kind: Field,
    key: Field,
    correlation: Option<Field>,
    data: Extractor,
    definitions: Definitions,
    mode: ReadMode,
}

/// What the settings of the flows say of all their sources.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadMode {
    /// True if the topics have no other messages: one of another type is rejected, else it is passed over.
    pub(super) is_closed: bool,
    /// True if correlation ids have the key of the flow in them ([`embedded`]).
    pub(super) embeds_key: bool,
}

/// Stands between the key of a flow and the id of an attempt; no UUID has it.
const KEY_END: char = '~';

/// The correlation id of an attempt with the key of its flow in it.
pub(super) fn embedded(key: &Key, id: &str) -> String {
    format!("{}{KEY_END}{id}", key.text())
}

impl MessageKeying {
    /// The keying step of a source.
    pub(super) fn new(reads: &Reads, definitions: &Definitions, mode: ReadMode) -> Self {
        let mut places = Places::of(reads.format);
        let kind = places.add(&reads.kind);
        let key = places.add(&reads.key);
        let correlation = reads.correlation.as_ref().map(|place| places.add(place));
        let data = Extractor::new([&reads.format.in_text(&reads.data)]);
        Self {
            topic: reads.topic.clone(),
            places: places.reader(&reads.topic),
            kind,
            key,
            correlation,
            data,
            definitions: definitions.clone(),
            mode,
        }
    }

    /// The key and the message of a record; `None` for a type that the flows do not know.
    pub(super) fn read(&self, record: &Record) -> Result<Option<(Key, Incoming)>, Reject> {
        let opened = self.places.open(record)?;
        let payload = self.places.payload(&opened).filter(|payload| !payload.is_empty());
        let Some(payload) = payload else {
            let detail = format!("a record of {} has no value; a message is a JSON object", self.topic);
            return Err(Reject::new(RejectReason::NoValue, detail));
        };
        let found = self.places.read(&opened, Some(payload))?;
        let kind = self.text(&found, &self.kind, "its type")?;
        if !self.definitions.knows(&kind) {
            if !self.mode.is_closed {
                return Ok(None);
            }
            let known = self.definitions.kinds();
            let detail = format!("a message of {} is a `{kind}`: the flows know {}", self.topic, known.join(", "));
            return Err(Reject::new(RejectReason::BadValue, detail));
        }
        let correlation = self.correlation.as_ref().and_then(|field| text(found.scalar(field)));
        let (embedded, correlation) = match correlation {
            Some(id) if self.mode.embeds_key => match id.rsplit_once(KEY_END) {
                Some((key, id)) => (Some(key.to_owned()), Some(id.to_owned())),
                None => (None, Some(id)),
            },
            other => (None, other),
        };
        let has_key = !matches!(found.scalar(&self.key), Scalar::Absent | Scalar::Null);
        let key = match embedded.filter(|key| !has_key && !key.is_empty()) {
            Some(key) => key,
            None => self.text(&found, &self.key, "the key of its flow")?,
        };
        let whole = Bytes::copy_from_slice(payload);
        let extracted = self.data.extract(payload).ok();
        let raw = extracted.as_ref().and_then(|extracted| extracted.raw(0)).unwrap_or("null");
        let data = Bytes::copy_from_slice(raw.as_bytes());
        Ok(Some((Key::new(&key), Incoming { kind, correlation, data, text: whole })))
    }

    fn text(&self, found: &Found<'_>, field: &Field, what: &str) -> Result<String, Reject> {
        let scalar = found.scalar(field);
        let missing = matches!(scalar, Scalar::Absent | Scalar::Null);
        let kind = scalar.kind();
        text(scalar).filter(|text| !text.is_empty()).ok_or_else(|| {
            let reason = if missing { RejectReason::MissingField } else { RejectReason::WrongType };
            let place = &field.place;
            Reject::new(reason, format!("`{place}` of a message of {} is {kind}; {what} stands there", self.topic))
        })
    }
}

impl Keying for MessageKeying {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        Ok(match self.read(record)? {
            Some((key, incoming)) => Keyed::new(key, "message", record.timestamp).with_parsed(incoming),
            None => Keyed::Pass,
        })
    }
}

/// The text of a string or a number.
fn text(scalar: Scalar<'_>) -> Option<String> {
    match scalar {
        Scalar::Text(text) => Some(text.into_owned()),
        Scalar::Number(number) => Some(number.to_owned()),
        Scalar::Absent | Scalar::Null | Scalar::Boolean(_) | Scalar::Other(_) => None,
    }
}

/// What a worker says of its task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TaskMessage {
    pub(super) stage: Option<String>,
    pub(super) task: String,
    /// What it says; `None`: it is to be done again.
    pub(super) answer: Option<Answer>,
    /// The result, a JSON text.
    pub(super) result: String,
}

/// The places of a task message in its data.
const STAGE: usize = 0;
const TASK: usize = 1;
const REASON: usize = 2;
const REFUSED: usize = 3;
const RESULT: usize = 4;
const FIELDS: [&str; 5] = ["stage_name", "task_name", "reason", "refused", "result"];

impl TaskMessage {
    /// Reads the data of a message about a task.
    pub(super) fn read(incoming: &Incoming) -> Result<Self, Reject> {
        let pointers = FIELDS.map(|name| Pointer::of([name]));
        let found = Extractor::new(&pointers).extract(&incoming.data);
        let found = found.map_err(|error| Reject::new(RejectReason::Unparsable, error.to_string()))?;
        let kind = &incoming.kind;
        let Some(task) = text(found.scalar(TASK)) else {
            let detail = format!("`/task_name` of a {kind} is {}; the task stands there", found.scalar(TASK).kind());
            return Err(Reject::new(RejectReason::MissingField, detail));
        };
        let reason = || text(found.scalar(REASON)).unwrap_or_default();
        let answer = match kind.as_str() {
            TASK_COMPLETED => Some(Answer::Done),
            TASK_FAILED if found.scalar(REFUSED) == Scalar::Boolean(true) => Some(Answer::Refused(reason())),
            TASK_FAILED => Some(Answer::Failed(reason())),
            _ => None,
        };
        let whole = || String::from_utf8_lossy(&incoming.data).into_owned();
        let result = found.raw(RESULT).map_or_else(whole, str::to_owned);
        Ok(Self { stage: text(found.scalar(STAGE)), task, answer, result })
    }
}

/// The field of a JSON text at its top, as it is written.
pub(super) fn field(text: &[u8], name: &str) -> Option<String> {
    let extracted = Extractor::new([&Pointer::of([name])]).extract(text).ok()?;
    extracted.raw(0).map(str::to_owned)
}

/// The text of a string at the top of a JSON text.
pub(super) fn text_field(json: &[u8], name: &str) -> Option<String> {
    let extracted = Extractor::new([&Pointer::of([name])]).extract(json).ok()?;
    text(extracted.scalar(0))
}
