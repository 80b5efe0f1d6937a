//! `CloudEvents` 1.0 in records, as one JSON text in either content mode of their Kafka protocol binding (version 1.0.2, section 3).
//!
//! In the structured mode the value is that text: the attributes, and below `data` the data. In the binary mode the value is the data and
//! the headers are the attributes, of which the same text is made, so that a bundle and its templates know one form of an event.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::invalid::{unparsable, wrong_type};
use crate::codec::json::{Extracted, Extractor, Pointer, Scalar, fields, not_an_object};
use crate::model::{Header, Record, Reject, RejectReason};

/// The names of the fields of the data in the structured mode.
const DATA: [&str; 2] = ["data", "data_base64"];
/// The attribute with the media type of the data, which the header `content-type` is in the binary mode.
const DATA_TYPE: &str = "datacontenttype";
/// The header with the media type, which tells the content mode.
const CONTENT_TYPE: &str = "content-type";
/// The beginning of the names of headers that are attributes.
const HEADER_PREFIX: &str = "ce_";
/// The media type of events in the structured mode, before the format.
const STRUCTURED: &str = "application/cloudevents";
/// The media type of several events in one record.
const BATCH: &str = "application/cloudevents-batch";
/// The only media type of the structured mode that is read.
const STRUCTURED_JSON: &str = "application/cloudevents+json";
/// The attributes that each event has.
const REQUIRED: [&str; 4] = ["specversion", "id", "source", "type"];
const SPEC_VERSION: &str = "1.0";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The content mode of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Structured,
    Binary,
}

/// The content mode by the record's headers.
fn mode(record: &Record) -> Result<Mode, Reject> {
    let media_type = media_type(record);
    let topic = &record.source.topic;
    let refused = |what: &str| Err(Reject::new(RejectReason::Unparsable, format!("a record of {topic} is {what}")));
    match media_type.as_deref() {
        Some(STRUCTURED_JSON) => Ok(Mode::Structured),
        Some(batch) if batch.starts_with(BATCH) => refused(&format!(
            "a batch of CloudEvents (`{batch}`): several events in one record are not read; let the producer write each as a record"
        )),
        Some(other) if other.starts_with(STRUCTURED) => {
            refused(&format!("a CloudEvent in the format `{other}`; of structured ones `{STRUCTURED_JSON}` is read"))
        }
        Some(_) | None => Ok(Mode::Binary),
    }
}

/// The media type of the header `content-type`, without parameters, in lower case.
fn media_type(record: &Record) -> Option<String> {
    let text = record.headers.text(CONTENT_TYPE)?;
    Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// The value of an attribute in the headers of the binary mode; `None` if the mode is another one, or it has no such header.
pub(in crate::processor) fn in_headers<'a>(record: &'a Record, attribute: &str) -> Option<&'a str> {
    let is_binary = mode(record).is_ok_and(|mode| mode == Mode::Binary);
    let header = || record.headers.iter().rev().find(|header| attribute_of(header) == Some(attribute));
    std::str::from_utf8(is_binary.then(header)??.value.as_ref()?).ok()
}

/// The attribute that a header is.
fn attribute_of(header: &Header) -> Option<&str> {
    if header.name == CONTENT_TYPE {
        return Some(DATA_TYPE);
    }
    header.name.strip_prefix(HEADER_PREFIX).filter(|name| !DATA.contains(name) && *name != DATA_TYPE)
}

/// The JSON text of the event in a record; `None` if the record's value is that text.
pub(in crate::processor) fn text(record: &Record) -> Result<Option<Bytes>, Reject> {
    match mode(record)? {
        Mode::Binary => binary(record).map(Some),
        Mode::Structured => {
            let value = record.value.as_deref().unwrap_or_default();
            // Most events have their data as it is, and are not parsed twice.
            let has_base64 = memchr::memmem::find(value, b"\"data_base64\"").is_some();
            if has_base64 { decoded(value, record) } else { Ok(None) }
        }
    }
}

/// The text of an event in the binary mode.
fn binary(record: &Record) -> Result<Bytes, Reject> {
    // Of headers with one name the last counts.
    let mut attributes = BTreeMap::new();
    for (name, header) in record.headers.iter().filter_map(|header| Some((attribute_of(header)?, header))) {
        let value = header.value.as_deref().map(std::str::from_utf8).transpose();
        let value = value.map_err(|_not_utf8| {
            let detail = format!("the header {} of a record of {} is not UTF-8", header.name, record.source.topic);
            Reject::new(RejectReason::WrongType, detail)
        })?;
        attributes.insert(name, value);
    }
    let mut json = String::from("{");
    // The required ones come first, for people.
    let optional = attributes.keys().filter(|name| !REQUIRED.contains(*name));
    for name in REQUIRED.iter().chain(optional) {
        if let Some(Some(value)) = attributes.get(name) {
            let comma = if json.len() > 1 { "," } else { "" };
            // Writing to a text does not fail.
            let (Ok(()) | Err(_)) =
                write!(json, "{comma}{}:{}", serde_json::Value::from(*name), serde_json::Value::from(*value));
        }
    }
    let value = record.value.as_deref().unwrap_or_default();
    let data = value.strip_prefix(BYTE_ORDER_MARK).unwrap_or(value).trim_ascii();
    let mut json = json.into_bytes();
    if !data.is_empty() {
        if let Some(other) = media_type(record).filter(|media_type| !is_json(media_type)) {
            let what = format!("the data of a CloudEvent in {} is `{other}`, and JSON is read", record.source.topic);
            return Err(Reject::new(RejectReason::Unparsable, what));
        }
        check_data((value, data), record)?;
        json.extend_from_slice(if json.len() > 1 { br#","data":"# } else { br#""data":"# });
        json.extend_from_slice(data);
    }
    json.push(b'}');
    Ok(Bytes::from(json))
}

/// True for the media types of JSON (`CloudEvents` JSON format, section 3.1).
fn is_json(media_type: &str) -> bool {
    media_type.is_empty() || media_type.ends_with("/json") || media_type.ends_with("+json")
}

/// Checks that the data is one JSON value: embedded in another text, what is none could be taken for attributes.
fn check_data((bytes, data): (&[u8], &[u8]), record: &Record) -> Result<(), Reject> {
    let checked = Extractor::new(std::iter::empty::<&Pointer>()).extract(data);
    checked.map(drop).map_err(|error| unparsable("data", record.source.topic.as_str(), (bytes, data), &error))
}

/// The text of an event in the structured mode with its data as JSON instead of Base64; `None` if it has no such data.
fn decoded(value: &[u8], record: &Record) -> Result<Option<Bytes>, Reject> {
    // What is not JSON is told when the places are read.
    let Ok(fields) = fields(value.strip_prefix(BYTE_ORDER_MARK).unwrap_or(value)) else { return Ok(None) };
    let Some((_, encoded)) = fields.iter().rev().find(|(name, _)| name == "data_base64") else { return Ok(None) };
    let topic = &record.source.topic;
    let wrong =
        |what: &str| Reject::new(RejectReason::BadValue, format!("`data_base64` of a CloudEvent in {topic} {what}"));
    if fields.iter().any(|(name, value)| name == "data" && value.get() != "null") {
        return Err(wrong("stands beside `data`, and an event has one of both"));
    }
    let text: String = serde_json::from_str(encoded.get()).map_err(|_other| wrong("is not a string"))?;
    let data = STANDARD.decode(text).map_err(|error| wrong(&format!("is not Base64: {error}")))?;
    check_data((&data, data.trim_ascii()), record)?;
    let mut json = vec![b'{'];
    for (name, value) in fields.iter().filter(|(name, _)| !DATA.contains(&name.as_str())) {
        json.extend_from_slice(format!("{}:{},", serde_json::Value::from(name.as_str()), value.get()).as_bytes());
    }
    json.extend_from_slice(br#""data":"#);
    json.extend_from_slice(data.trim_ascii());
    json.push(b'}');
    Ok(Some(Bytes::from(json)))
}

/// The pointers to the required attributes, which are those with the first indices of an extractor.
pub(in crate::processor) fn required() -> Vec<Pointer> {
    REQUIRED.iter().map(|name| attribute(name)).collect()
}

/// The pointer to an attribute in the text of an event.
pub(in crate::processor) fn attribute(name: &str) -> Pointer {
    Pointer::of([name])
}

/// The pointer to a field of the data in the text of an event.
pub(in crate::processor) fn of_data(pointer: &Pointer) -> Pointer {
    Pointer::of(["data"].into_iter().chain(pointer.tokens().iter().map(String::as_str)))
}

/// Checks the required attributes of an event whose text has these values at [`required`].
pub(in crate::processor) fn check(record: &Record, text: &[u8], extracted: &Extracted<'_>) -> Result<(), Reject> {
    let topic = record.source.topic.as_str();
    if let Some(other) = not_an_object(text) {
        return Err(wrong_type(topic, other));
    }
    for (index, name) in REQUIRED.iter().enumerate() {
        let wrong = |reason, what: &str| {
            Err(Reject::new(reason, format!("the required attribute `{name}` of a CloudEvent in {topic} is {what}")))
        };
        match extracted.scalar(index) {
            Scalar::Text(text) if text.is_empty() => return wrong(RejectReason::MissingField, "empty"),
            Scalar::Text(text) if *name == "specversion" && text != SPEC_VERSION => {
                return wrong(RejectReason::BadValue, &format!("`{text}`; {SPEC_VERSION} is read"));
            }
            Scalar::Text(_) => {}
            Scalar::Absent | Scalar::Null => {
                let binary = format!(
                    "missing: there is no header `{HEADER_PREFIX}{name}`, and `{CONTENT_TYPE}` is not `{STRUCTURED_JSON}`"
                );
                let is_binary = mode(record).is_ok_and(|mode| mode == Mode::Binary);
                return wrong(RejectReason::MissingField, if is_binary { &binary } else { "missing" });
            }
            other @ (Scalar::Boolean(_) | Scalar::Number(_) | Scalar::Other(_)) => {
                return wrong(RejectReason::WrongType, &format!("{}; it is a string", other.kind()));
            }
        }
    }
    Ok(())
}
