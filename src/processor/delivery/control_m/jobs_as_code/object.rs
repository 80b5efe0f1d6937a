//! JSON objects and their properties.

use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// A text property of an object; empty if there is none.
pub(super) fn text<'a>(object: &'a Object, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A property of an object, or of the nearest one that it inherits from.
pub(super) fn property<'a>(body: &'a Object, inherited: &[&'a Object], key: &str) -> Option<&'a Value> {
    std::iter::once(body).chain(inherited.iter().copied()).find_map(|object| object.get(key))
}
