//! A dead letter for its page: its record as text, decoded, and as bytes; and the check of another value for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Value as View, context};
use serde_json::Value;

use super::api::field;
use super::link;

/// The most bytes that are shown as such.
const HEX_BYTES_MAX: usize = 2 << 10;
/// The bytes of a line.
const LINE_BYTES: usize = 16;

/// The record of a letter, and the entry that it is about, if it tells of a call.
pub(super) fn of(application: &str, entry: &Value, content: &Value) -> View {
    let record = field(content, "record");
    let headers = field(record, "headers").as_array().into_iter().flatten();
    let headers = headers
        .map(|header| context! { name => field(header, "name").as_str(), value => bytes(field(header, "value")) });
    let key = field(entry, "key").as_str().unwrap_or_default();
    let is_act = field(field(field(entry, "entry"), "source"), "offset").as_i64().is_some_and(|offset| offset < 0);
    let about = key.split_once('/').filter(|_| is_act).map(|(processor, key)| {
        context! { path => link::entry(application, processor, key), processor, key }
    });
    context! {
        has_record => !record.is_null(),
        key => bytes(field(record, "key")),
        headers => headers.collect::<Vec<_>>(),
        value => bytes(field(record, "value")),
        about,
    }
}

/// Bytes of a record; undefined if it has none.
pub(super) fn bytes(shown: &Value) -> Option<View> {
    let length = field(shown, "bytes").as_u64()?;
    let text = field(shown, "text").as_str();
    let raw = match text {
        Some(text) => text.as_bytes().to_vec(),
        None => STANDARD.decode(field(shown, "base64").as_str().unwrap_or_default()).unwrap_or_default(),
    };
    let begin = raw.get(..HEX_BYTES_MAX).unwrap_or(&raw);
    let is_truncated = field(shown, "truncated").as_bool().unwrap_or_default();
    let decoded = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
    Some(context! {
        length, text,
        decoded => decoded.filter(|value| value.is_object() || value.is_array()).map(|value| format!("{value:#}")),
        hex => hex(begin),
        hex_length => begin.len(),
        is_truncated,
    })
}

/// Lines of an offset, the bytes in hexadecimal form, and those that are printable.
fn hex(bytes: &[u8]) -> String {
    let line = |(number, line): (usize, &[u8])| {
        let digits: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let printed = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
        let text: String = line.iter().map(printed).collect();
        format!("{:08x}  {:<47}  {text}", number * LINE_BYTES, digits.join(" "))
    };
    bytes.chunks(LINE_BYTES).enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// The value of a letter's record as text; `None` if it is not all there, or no text.
pub(super) fn value(letter: &Value) -> Option<&str> {
    let value = field(field(field(letter, "content"), "record"), "value");
    field(value, "text").as_str().filter(|_| !field(value, "truncated").as_bool().unwrap_or_default())
}

/// Another value, as the form of a browser has sent it: lines end with CR LF there, whatever they ended with before. Refuses one that is
/// no JSON where the former one is.
pub(super) fn edited(former: Option<&str>, sent: &str) -> Result<String, String> {
    let value =
        if former.is_some_and(|former| former.contains("\r\n")) { sent.to_owned() } else { sent.replace("\r\n", "\n") };
    if !former.is_some_and(is_json) {
        return Ok(value);
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(&value) {
        Ok(_) => Ok(value),
        Err(error) => Err(format!(
            "the value of the record is JSON, and this one is not: {error}. Mend it; `sheaf dlq edit` sends a value that is no JSON"
        )),
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn another_value_is_json_where_the_former_one_is_and_keeps_its_lines() {
        let error = edited(Some("{\"a\": 1}"), "{\r\n\"a\": }").unwrap_err();
        assert!(error.contains("at line 2 column 6") && error.contains("sheaf dlq edit"), "{error}");
        assert_eq!(edited(Some("{}"), "{\r\n\"a\": 1}").unwrap(), "{\n\"a\": 1}");
        assert_eq!(edited(Some("{\r\n}"), "{\r\n\r\n}").unwrap(), "{\r\n\r\n}");
        assert_eq!(edited(Some("no JSON"), "neither").unwrap(), "neither");
        assert_eq!(edited(None, "{").unwrap(), "{");
    }

    #[test]
    fn a_record_is_shown_as_text_decoded_and_as_bytes() {
        let shown = |value: Value| {
            let content = json!({ "record": { "key": null, "headers": [], "value": value } });
            serde_json::to_value(of("ctm", &json!({ "key": "orders-3@17" }), &content)).unwrap()
        };
        let letter = shown(json!({ "bytes": 7, "text": "{\"a\":1}" }));
        assert_eq!(letter["value"]["decoded"], "{\n  \"a\": 1\n}");
        assert_eq!(letter["value"]["hex"], "00000000  7b 22 61 22 3a 31 7d                             {\"a\":1}");
        assert_eq!((&letter["key"], &letter["about"]), (&Value::Null, &Value::Null));
        let letter = shown(json!({ "bytes": 2, "base64": "/wA=" }));
        assert_eq!(letter["value"]["hex"].as_str().unwrap().trim_end_matches('.').trim_end(), "00000000  ff 00");
        assert_eq!((&letter["value"]["text"], &letter["value"]["decoded"]), (&Value::Null, &Value::Null));
        let act = json!({ "key": "delivery/p/1", "entry": { "source": { "offset": -1 } } });
        let about = serde_json::to_value(of("ctm", &act, &Value::Null)).unwrap();
        assert_eq!(about["about"]["path"], "/entries/ctm/delivery/entry?key=p%2F1");
        assert_eq!(about["has_record"], false);
    }
}
