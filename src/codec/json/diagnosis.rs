//! Names what bytes are that are not one JSON object, for the message of a dead letter: whole topics are so.

use serde::de::IgnoredAny;

use super::Error;

/// The first bytes of formats that are not JSON, and what they are.
const MAGIC: [(&[u8], &str); 22] = [
    (b"\x1f\x8b", "compressed with gzip by the producer: use Kafka's `compression.type` in place of it"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd by the producer: use Kafka's `compression.type` in place of it"),
    (b"\x04\x22\x4d\x18", "compressed with lz4 by the producer: use Kafka's `compression.type` in place of it"),
    (
        b"\xff\x06\x00\x00sNaPpY",
        "compressed with snappy by the producer: use Kafka's `compression.type` in place of it",
    ),
    (b"\x82SNAPPY\x00", "compressed with snappy by the producer: use Kafka's `compression.type` in place of it"),
    (b"BZh", "compressed with bzip2: write JSON"),
    (b"\xfd7zXZ\x00", "compressed with xz: write JSON"),
    (b"PK\x03\x04", "a zip archive: write JSON"),
    (b"\x78\x01", "compressed with zlib by the producer: use Kafka's `compression.type` in place of it"),
    (b"\x78\x9c", "compressed with zlib by the producer: use Kafka's `compression.type` in place of it"),
    (b"\x78\xda", "compressed with zlib by the producer: use Kafka's `compression.type` in place of it"),
    (b"Obj\x01", "an Avro object container: write JSON"),
    (b"\xc3\x01", "Avro with a single-object header: write JSON"),
    (b"\xac\xed\x00\x05", "a serialized Java object: set the producer's serializer to one of JSON"),
    (b"\x80\x02", "a Python pickle: write `json.dumps(..)`"),
    (b"\x80\x03", "a Python pickle: write `json.dumps(..)`"),
    (b"\x80\x04", "a Python pickle: write `json.dumps(..)`"),
    (b"\x80\x05", "a Python pickle: write `json.dumps(..)`"),
    (b"\x03\x00", "in the framing of the AWS Glue schema registry, which is not supported: write plain JSON"),
    (b"\x03\x05", "in the framing of the AWS Glue schema registry, which is not supported: write plain JSON"),
    (b"PAR1", "a Parquet file: write JSON"),
    (b"\xd9\xd9\xf7", "CBOR: write JSON"),
];

/// The bytes of the framing of Confluent's schema registry: a zero byte, and the schema's id.
const FRAME_LEN: usize = 5;

/// What bytes are that could not be read as one JSON value, with the remedy; it completes "the value is ..". `None` if they look
/// like JSON with a mistake, of which the error has the place.
pub fn diagnose(bytes: &[u8], error: &Error) -> Option<String> {
    if bytes.trim_ascii().is_empty() {
        return Some("empty".to_owned());
    }
    if let Some(name) = utf_16(bytes) {
        return Some(format!("text in {name}: write UTF-8"));
    }
    if let Some(framing) = framing(bytes) {
        return Some(framing);
    }
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some((*what).to_owned());
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return Some(not_utf_8(bytes)) };
    let Error::NotJson { line, column, message } = error else { return None };
    of_text(text, rest_at(text, *line, *column), message).map(str::to_owned)
}

/// What a JSON value is that is no object, with the remedy; it completes "the value is ..". `None` for an object.
pub fn not_an_object(bytes: &[u8]) -> Option<&'static str> {
    let bytes = bytes.trim_ascii();
    Some(match bytes.first()? {
        b'{' => return None,
        b'[' if is_batch(bytes) => {
            "a batch of CloudEvents (a JSON array): write each event as a record, in binary or structured mode"
        }
        b'[' => "an array: write each of its elements as a record",
        b'"' => match serde_json::from_slice::<String>(bytes) {
            Ok(text) if is_json(text.trim()) => {
                "a string that holds JSON (it is encoded twice): write the object itself"
            }
            Ok(text) if text.starts_with("eyJ") => "a string that holds Base64 of JSON: write the object itself",
            Ok(_) | Err(_) => "a string",
        },
        b'n' => "null",
        b't' | b'f' => "a boolean",
        _ => "a number",
    })
}

/// UTF-16 and UTF-32 by their byte order marks, and UTF-16 without one by the zero bytes of its ASCII characters.
fn utf_16(bytes: &[u8]) -> Option<&'static str> {
    for (mark, name) in [
        (&b"\xff\xfe\x00\x00"[..], "UTF-32"),
        (b"\x00\x00\xfe\xff", "UTF-32"),
        (b"\xff\xfe", "UTF-16 (little endian)"),
        (b"\xfe\xff", "UTF-16 (big endian)"),
    ] {
        if bytes.starts_with(mark) {
            return Some(name);
        }
    }
    let is_ascii = |byte: u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    match bytes.get(..4)? {
        [0, a, 0, b] if is_ascii(*a) && is_ascii(*b) => Some("UTF-16 (big endian)"),
        [a, 0, b, 0] if is_ascii(*a) && is_ascii(*b) => Some("UTF-16 (little endian)"),
        _ => None,
    }
}

/// The framing of Confluent's schema registry.
fn framing(bytes: &[u8]) -> Option<String> {
    let (frame, payload) = bytes.split_at_checked(FRAME_LEN)?;
    let [0, id @ ..] = frame else { return None };
    let id = u32::from_be_bytes(id.try_into().ok()?);
    Some(match payload.trim_ascii_start().first() {
        Some(b'{') => format!(
            "JSON in the framing of a schema registry (schema id {id}): set `format: confluent` for this source"
        ),
        _ => format!(
            "in the framing of a schema registry (schema id {id}) and no JSON, such as Avro or Protobuf, which is not supported: \
             write JSON or JSON Schema"
        ),
    })
}

fn not_utf_8(bytes: &[u8]) -> String {
    let length = bytes.get(..4).and_then(|head| Some(u32::from_le_bytes(head.try_into().ok()?)));
    if length.and_then(|length| usize::try_from(length).ok()) == Some(bytes.len()) {
        return "BSON: write JSON".to_owned();
    }
    if matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[' | b'"')) {
        return "text in Latin-1, Windows-1252 or another encoding that is not UTF-8: write UTF-8".to_owned();
    }
    "binary, such as Avro, Protobuf, MessagePack or compressed data: write JSON".to_owned()
}

fn of_text(text: &str, rest: &str, message: &str) -> Option<&'static str> {
    let start = text.trim_start();
    if message.starts_with("EOF") {
        return Some("cut off: it ends within a value");
    }
    if message.contains("surrogate") || message.contains("end of hex escape") {
        return Some(
            "text with half of a surrogate pair (such as `\\ud83d` alone), which is no Unicode: do not cut texts within a character",
        );
    }
    if message.starts_with("number out of range") {
        return Some("JSON with a number beyond the range of 64-bit floats: write it as a string");
    }
    if message.starts_with("trailing") && is_several(text) {
        return Some("several JSON values (such as NDJSON): write each as a record");
    }
    if start.starts_with(|first: char| first.is_ascii_control()) {
        return Some("binary: write JSON");
    }
    if text.ends_with('\0') {
        return Some("JSON with a zero byte behind it, as strings of C have: write it without");
    }
    if start.starts_with('<') {
        return Some("XML or HTML: write JSON");
    }
    if start.starts_with("eyJ") {
        return Some("Base64 of JSON: write the JSON itself");
    }
    let near = |words: &[&str]| words.iter().any(|word| rest.starts_with(word));
    if near(&["NaN", "Infinity", "-Infinity", "nan", "inf", "-inf", "-nan"]) {
        return Some("with NaN or Infinity, which JSON does not have: write null");
    }
    if near(&["'"]) || near(&["None", "True", "False"]) {
        return Some("in single quotes or with None, True, False, as Python prints it: write `json.dumps(..)`");
    }
    if near(&["undefined"]) {
        return Some("with `undefined`, which JSON does not have: write null");
    }
    if near(&["//", "/*", "#"]) {
        return Some("with comments, which JSON does not have");
    }
    if near(&["}", "]"]) {
        return Some("with a comma behind the last element, which JSON does not have");
    }
    None
}

/// The text from the start of the word that the parser stumbled over. The column counts bytes, from 1.
fn rest_at(text: &str, line: usize, column: usize) -> &str {
    let line = text.split_inclusive('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let before = line.get(..column.saturating_sub(1)).unwrap_or_default();
    let is_word = |c: char| c.is_ascii_alphabetic() || c == '-';
    let start = before.trim_end_matches(is_word).len();
    line.get(start..).unwrap_or_default()
}

/// True for a text that is an object or an array.
fn is_json(text: &str) -> bool {
    text.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// True for more than one JSON value.
fn is_several(text: &str) -> bool {
    serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>().take(2).flatten().count() == 2
}

/// True for an array of `CloudEvents`, which all have a `specversion`.
fn is_batch(bytes: &[u8]) -> bool {
    let elements: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_slice(bytes).unwrap_or_default();
    elements.first().is_some_and(|first| first.contains_key("specversion"))
}
