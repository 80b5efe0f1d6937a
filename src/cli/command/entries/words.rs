//! Times, durations and texts of entries, for a person.

use serde_json::Value;

use crate::cli::output::printable;
use crate::model::{Timestamp, age};

/// The text of a field; empty if there is none.
pub(super) fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::String(text)) => printable(text),
        Some(Value::Array(texts)) => texts.iter().map(|text| self::text(text, "")).collect::<Vec<_>>().join(", "),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// The items of a list; none if there is no list.
pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What is told of an entry of this kind that its processor cannot read; `None` if it can.
pub(super) fn unreadable(kind: &str, item: &Value) -> Option<String> {
    let error = text(item, "/entry/error");
    (!error.is_empty()).then(|| format!("{kind} {}: it cannot be read: {error}", text(item, "/key")))
}

/// A time as it is told, without fractions of a second: `2026-11-29 17:00:00Z`.
pub(super) fn time(rfc_3339: &str) -> String {
    let Some((date, time)) = rfc_3339.split_once('T') else { return rfc_3339.to_owned() };
    let time = time.split(['.', 'Z']).next().unwrap_or_default();
    format!("{date} {time}Z")
}

/// The distance of a time: `3 h 12 min ago`, `in 20 h 47 min`; empty if it is no time.
pub(super) fn distance(rfc_3339: &str, now: Timestamp) -> String {
    let Ok(at) = rfc_3339.parse::<Timestamp>() else { return String::new() };
    age(at, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_with_their_distance() {
        let now = Timestamp::from_millis(1_000_000_000_000);
        assert_eq!(time(&now.to_string()), "2001-09-09 01:46:40Z");
        assert_eq!(distance("2001-09-09T02:46:40Z", now), "in 1 h 0 min");
        assert_eq!(distance("soon", now), "");
    }
}
