//! The block `Defaults` of a definition, under what an object says itself.

use serde_json::{Map, Value};

/// The object with the defaults of its type under its own properties. The innermost block wins: the object's own, then
/// that of its type (`Job:Command`), of its family (`Job`), and of the whole definition.
pub(super) fn applied(object: &Map<String, Value>, definition: &Map<String, Value>) -> Map<String, Value> {
    let Some(defaults) = definition.get("Defaults").and_then(Value::as_object) else { return object.clone() };
    let kind = object.get("Type").and_then(Value::as_str).unwrap_or_default();
    let family = kind.split(':').next().unwrap_or_default();
    // An object among the general defaults (an `If`, a `Resource`) is for jobs; a block of a type has no `Type`.
    let is_general = |value: &Value| match value.as_object() {
        Some(object) => family == "Job" && object.contains_key("Type"),
        None => true,
    };
    let mut merged: Map<String, Value> = Map::new();
    let general = defaults.iter().filter(|(_, value)| is_general(value));
    merged.extend(general.map(|(name, value)| (name.clone(), value.clone())));
    for block in [family, kind] {
        let block = defaults.get(block).and_then(Value::as_object).into_iter().flatten();
        merged.extend(block.map(|(name, value)| (name.clone(), value.clone())));
    }
    merged.extend(object.iter().map(|(name, value)| (name.clone(), value.clone())));
    merged
}
