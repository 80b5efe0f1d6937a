//! Names what bytes are that are not one JSON object, for the message of a dead letter: whole topics are so.

use serde::de::IgnoredAny;

use super::Error;

/// The first bytes of formats that are not JSON, and what they are.
const MAGIC: [(&[u8], &str); 25] = [
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
    (b"\x78\x5e", "compressed with zlib by the producer: use Kafka's `compression.type` in place of it"),
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
    (b":)\n", "Smile, the binary form of Jackson: write JSON"),
    (b"\x1e", "a JSON text sequence (RFC 7464): write each text as a record, without the separator"),
];

/// The bytes of the framing of Confluent's schema registry: a zero byte, and the schema's id.
const FRAME_LEN: usize = 5;

/// What bytes are that could not be read as one JSON value, with the remedy; it completes "the value is ..". `None` if they look
/// like JSON with a mistake, of which the error has the place. `text` is the end of `bytes` that was read: all of them, or those
/// behind the framing of a schema registry.
pub fn diagnose(bytes: &[u8], text: &[u8], error: &Error) -> Option<String> {
    if text.trim_ascii().is_empty() {
        return Some("empty".to_owned());
    }
    if let Some(what) = utf_16_or_32(bytes) {
        return Some(format!("text in {what}: write UTF-8"));
    }
    let is_framed = bytes.len() - text.len().min(bytes.len()) >= FRAME_LEN;
    if let Some(what) = binary_head(bytes, is_framed) {
        return Some(what);
    }
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some((*what).to_owned());
    }
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(at) => return Some(not_utf_8(text, at).to_owned()),
    };
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

/// UTF-16 and UTF-32 by their byte order marks, and without one by the zero bytes of their ASCII characters.
fn utf_16_or_32(bytes: &[u8]) -> Option<&'static str> {
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
    match bytes {
        [0, 0, 0, a, 0, 0, 0, b, ..] | [a, 0, 0, 0, b, 0, 0, 0, ..] if is_start(*a) && is_ascii(*b) => Some("UTF-32"),
        [0, a, 0, b, ..] if is_ascii(*a) && is_ascii(*b) => Some("UTF-16 (big endian)"),
        [a, 0, b, 0, ..] if is_ascii(*a) && is_ascii(*b) => Some("UTF-16 (little endian)"),
        _ => None,
    }
}

/// True for the first byte of an object, an array or a string.
const fn is_start(byte: u8) -> bool {
    matches!(byte, b'{' | b'[' | b'"')
}

/// A length or the framing of a schema registry, in front of JSON or of something else. `None` for JSON behind framing that was
/// skipped.
fn binary_head(bytes: &[u8], is_framed: bool) -> Option<String> {
    let starts_json = |payload: &[u8]| payload.trim_ascii_start().first().copied().is_some_and(is_start);
    let is_length = |head: &[u8]| {
        let length = head.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        length + head.len() == bytes.len()
    };
    for head_len in [2, 4] {
        if let Some((head, payload)) = bytes.split_at_checked(head_len)
            && is_length(head)
            && starts_json(payload)
        {
            return Some(format!(
                "JSON behind {head_len} bytes with its length, such as of Java's writeUTF: write the JSON alone"
            ));
        }
    }
    // Registries count schemas from 1.
    let (frame, payload) = bytes.split_at_checked(FRAME_LEN)?;
    let [0, id @ ..] = frame else { return None };
    let id = u32::from_be_bytes(id.try_into().ok()?);
    if id == 0 && payload.get(4..).is_some_and(starts_json) {
        return Some("JSON behind a schema id of eight bytes, as Apicurio Registry writes it: set its serializer to ids of four bytes, and `format: confluent` for this source".to_owned());
    }
    match (starts_json(payload), id) {
        (true, _) if is_framed => None,
        (true, _) => Some(format!(
            "JSON in the framing of a schema registry (schema id {id}): set `format: confluent` for this source"
        )),
        (false, 0) => None,
        (false, _) => Some(format!(
            "in the framing of a schema registry (schema id {id}) and no JSON, such as Avro or Protobuf, which is not supported: \
             write JSON or JSON Schema"
        )),
    }
}

fn not_utf_8(text: &[u8], error: std::str::Utf8Error) -> &'static str {
    let length = text.get(..4).and_then(|head| Some(u32::from_le_bytes(head.try_into().ok()?)));
    if length.and_then(|length| usize::try_from(length).ok()) == Some(text.len()) {
        return "BSON: write JSON";
    }
    if !text.trim_ascii_start().first().copied().is_some_and(is_start) {
        return "binary, such as Avro, Protobuf, MessagePack or compressed data: write JSON";
    }
    match text.get(error.valid_up_to()..) {
        _ if error.error_len().is_none() => "cut off within a character of UTF-8",
        Some([0xed, 0xa0..=0xbf, ..] | [0xc0, 0x80, ..]) => {
            "in a variant of UTF-8 (CESU-8, or Java's modified UTF-8), which writes some characters otherwise: write UTF-8"
        }
        _ => "text in Latin-1, Windows-1252 or another encoding that is not UTF-8: write UTF-8",
    }
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
    if message.starts_with("trailing comma") {
        return Some("with a comma behind the last element, which JSON does not have");
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
    if is_printed_object(start) {
        return Some(
            "an object as it is printed (Java's `toString`, the StringConverter of Kafka Connect): use a serializer or converter of JSON",
        );
    }
    // What these messages name is told by them.
    let is_told = ["nested deeper", "control character", "invalid escape"].iter().any(|told| message.starts_with(told));
    if is_told { None } else { of_word(rest, message) }
}

/// What the word means that the parser stumbled over.
fn of_word(rest: &str, message: &str) -> Option<&'static str> {
    let near = |words: &[&str]| words.iter().any(|word| rest.starts_with(word));
    if near(&["'", "None", "True", "False"]) {
        return Some("in single quotes or with None, True, False, as Python prints it: write `json.dumps(..)`");
    }
    if near(&["undefined"]) {
        return Some("with `undefined`, which JSON does not have: write null");
    }
    if near(&["//", "/*", "#"]) {
        return Some("with comments, which JSON does not have");
    }
    if near(&["\u{a0}", "\u{200b}", "\u{feff}", "\u{2060}"]) {
        return Some("with an invisible character between its values (such as a no-break space): remove it");
    }
    if near(&["\u{201c}", "\u{201d}", "\u{2018}", "\u{2019}"]) {
        return Some("with typographic quotes: JSON has straight ones");
    }
    let word: String = rest.chars().take_while(|c| is_word(*c)).collect::<String>().to_ascii_lowercase();
    match word.trim_start_matches('-') {
        "nan" | "inf" | "infinity" => Some("with NaN or Infinity, which JSON does not have: write null"),
        "true" | "false" | "null" => Some("with true, false or null in capitals: JSON has small letters"),
        "" => None,
        _ if message.starts_with("key must be a string") => {
            Some("with names that are not in double quotes, as JavaScript allows: write `JSON.stringify(..)`")
        }
        _ => None,
    }
}

/// True for `Struct{id=1}`, `Order(id=1)`, `{id=1}`: a word or none, a bracket, a word, and an equals sign.
fn is_printed_object(text: &str) -> bool {
    let name = text.trim_start_matches(|c: char| c.is_alphanumeric() || c == '.' || c == '_' || c == '$');
    let Some(fields) = name.strip_prefix(['{', '(', '[']) else { return false };
    let rest = fields.trim_start().trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
    rest.len() < fields.trim_start().len() && rest.starts_with('=')
}

/// True for a character of a number or a word.
const fn is_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '-'
}

/// The text from the start of the word that the parser stumbled over. The column counts bytes, from 1.
fn rest_at(text: &str, line: usize, column: usize) -> &str {
    let line = text.split_inclusive('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let before = line.get(..column.saturating_sub(1)).unwrap_or_default();
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
