//! Times, durations and texts of entries, for a person.

use serde_json::Value;

use crate::model::Timestamp;

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

/// A time as it is told, without fractions of a second: `2026-11-29 17:00:00Z`.
pub(super) fn time(rfc_3339: &str) -> String {
    let Some((date, time)) = rfc_3339.split_once('T') else { return rfc_3339.to_owned() };
    let time = time.split(['.', 'Z']).next().unwrap_or_default();
    format!("{date} {time}Z")
}

/// The distance of a time: `3 h 12 min ago`, `in 20 h 47 min`; empty if it is no time.
pub(super) fn distance(rfc_3339: &str, now: Timestamp) -> String {
    let Ok(at) = rfc_3339.parse::<Timestamp>() else { return String::new() };
    if at > now {
        format!("in {}", lasting(at.since(now).as_secs()))
    } else {
        format!("{} ago", lasting(now.since(at).as_secs()))
    }
}

fn lasting(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{minutes} min"),
        3_600..172_800 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// Text that a terminal prints and does not obey: control characters are escaped.
fn printable(text: &str) -> String {
    let escaped = text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() });
    escaped.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_with_their_distance() {
        let now = Timestamp::from_millis(1_000_000_000_000);
        let at = |seconds: i64| Timestamp::from_millis(1_000_000_000_000 + seconds * 1_000).to_string();
        assert_eq!(time(&now.to_string()), "2001-09-09 01:46:40Z");
        let told = [0, -59, -60, 3_599, 3_660, -172_800, 7 * 86_400].map(|seconds| distance(&at(seconds), now));
        assert_eq!(
            told,
            ["0 s ago", "59 s ago", "1 min ago", "in 59 min", "in 1 h 1 min", "2 d 0 h ago", "in 7 d 0 h"]
        );
        assert_eq!(distance("soon", now), "");
    }
}
