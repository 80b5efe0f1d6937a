//! A JSON object in a few words: `orderId o-1, customer {..}, items [2]`.

use serde_json::Value;

use crate::codec::json;

/// The fields of a JSON object in their order, each with its text; none of what is no object.
#[derive(Debug, Default)]
pub(super) struct Object<'a>(Vec<(String, &'a str)>);

impl<'a> Object<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let fields = json::fields(text.as_bytes()).unwrap_or_default();
        Self(fields.into_iter().map(|(name, raw)| (name, raw.get())).collect())
    }

    /// The text of a field, as JSON.
    fn raw(&self, field: &str) -> Option<&'a str> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, raw)| *raw)
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.raw(field).is_some()
    }

    /// The object in a field, without fields if there is none.
    pub(super) fn below(&self, field: &str) -> Self {
        self.raw(field).map(Self::parse).unwrap_or_default()
    }

    /// A field that is a text; empty if it is none.
    pub(super) fn text(&self, field: &str) -> String {
        self.raw(field).and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default()
    }

    /// Its fields but these.
    pub(super) fn words(&self, without: &[&str]) -> String {
        let kept = self.0.iter().filter(|(name, _)| !without.contains(&name.as_str()));
        kept.map(|(name, raw)| format!("{name} {}", word(raw))).collect::<Vec<_>>().join(", ")
    }
}

/// `: ` and the words, or nothing.
pub(super) fn after(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

/// A value: a number with the digits that it has.
fn word(raw: &str) -> String {
    match serde_json::from_str(raw) {
        Ok(Value::String(text)) => text,
        Ok(Value::Array(items)) => format!("[{}]", items.len()),
        Ok(Value::Object(fields)) if !fields.is_empty() => "{..}".to_owned(),
        Ok(Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_)) | Err(_) => raw.to_owned(),
    }
}
