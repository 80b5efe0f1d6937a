//! Fields of JSON objects.

use serde_json::{Map, Value};

/// A text field; empty when there is none. A number counts as its text, as in Control-M.
pub(super) fn text(object: &Map<String, Value>, field: &str) -> String {
    match object.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// The named objects in an object and those of its list `Jobs`.
pub(super) fn inner(object: &Map<String, Value>) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
    let named = object.iter().map(|(name, value)| (name.as_str(), value));
    let lists = ["Jobs", "SubFolders"].into_iter().filter_map(|list| object.get(list)?.as_array()).flatten();
    let listed = lists.map(|value| (value.get("Name").and_then(Value::as_str).unwrap_or_default(), value));
    named.chain(listed).filter_map(|(name, value)| Some((name, value.as_object()?)))
}
