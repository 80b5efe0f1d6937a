//! A JSON text as a value of a template, with the order of its fields and the digits of its numbers.

use std::fmt;

use minijinja::Value;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::number;

/// The most levels of objects and arrays. The rendered text is limited to the same, by its parser.
const DEPTH_MAX: usize = 128;

/// A JSON text as a value of a template.
#[derive(Clone)]
pub struct Payload {
    text: Box<str>,
    value: Value,
}

impl Payload {
    /// The text `null`.
    pub fn null() -> Self {
        Self { text: "null".into(), value: Value::from(()) }
    }

    /// The JSON text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value of a text that has been checked to be JSON; the error completes the sentence "the text ...".
    fn of(text: &str) -> Result<Self, String> {
        Ok(Self { text: text.into(), value: value(text, 1)? })
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::of(raw.get()).map_err(|why| D::Error::custom(format_args!("an event {why}")))
    }
}

impl Serialize for Payload {
    /// As a variable of a template; the engine takes its values as they are.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The fields of an object, in their order.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

/// The value of a JSON text. A number is not parsed, so each level is read as text first; the levels are few.
fn value(text: &str, depth: usize) -> Result<Value, String> {
    let bad = |error: serde_json::Error| format!("has a string that is not Unicode: {error}");
    let inner = |raw: &RawValue| match depth {
        DEPTH_MAX.. => Err(format!("is nested deeper than {DEPTH_MAX} levels")),
        _ => value(raw.get(), depth + 1),
    };
    match text.as_bytes().first() {
        Some(b'{') => {
            let Fields(fields) = serde_json::from_str(text).map_err(bad)?;
            let fields = fields.into_iter().map(|(name, raw)| Ok((name, inner(raw)?)));
            Ok(Value::from_pairs(fields.collect::<Result<Vec<_>, String>>()?))
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(bad)?;
            Ok(Value::from(items.into_iter().map(inner).collect::<Result<Vec<_>, String>>()?))
        }
        Some(b'"') => Ok(Value::from(serde_json::from_str::<String>(text).map_err(bad)?)),
        Some(b't') => Ok(Value::from(true)),
        Some(b'f') => Ok(Value::from(false)),
        Some(b'n') | None => Ok(Value::from(())),
        Some(_) => Ok(number::value(text)),
    }
}
