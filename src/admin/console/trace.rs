//! A trace for its page: its records as a time line, with their values.

use std::time::Duration;

use minijinja::{Value as View, context};
use serde_json::Value;

use super::api::field;
use super::letter;
use crate::model::Timestamp;

/// The records of a trace, in their order, and what is told beside them.
pub(super) fn of(entry: &Value, content: &Value) -> View {
    let told = field(entry, "entry");
    let [first_at, last_at] = ["first_at", "last_at"].map(|name| field(told, name).as_str().unwrap_or_default());
    let records: Vec<View> = records(content, told).map(|it| record(it, first_at)).collect();
    let lasted = between(first_at, last_at).map(lasting);
    context! { first_at, lasted, records, beyond_limit => field(told, "beyond_limit").as_u64() }
}

/// The records with their values; without these if the content is not there.
fn records<'a>(content: &'a Value, told: &'a Value) -> impl Iterator<Item = &'a Value> {
    let of = |value: &'a Value| field(value, "records").as_array();
    of(content).or_else(|| of(told)).into_iter().flatten()
}

fn record(record: &Value, first_at: &str) -> View {
    let text = |name: &str| field(record, name).as_str().unwrap_or_default();
    let [partition, offset] = ["partition", "offset"].map(|name| field(record, name).as_i64().unwrap_or_default());
    let value = field(record, "value");
    context! {
        at => text("at"),
        after => between(first_at, text("at")).map(|after| format!("+{}", lasting(after))),
        kind => text("kind"),
        name => text("name"),
        source => format!("{}-{partition}@{offset}", text("topic")),
        length => field(record, "bytes").as_u64(),
        value => letter::bytes(value),
    }
}

/// The time from one to the other.
fn between(first_at: &str, at: &str) -> Option<Duration> {
    let [first_at, at] = [first_at, at].map(|time| time.parse::<Timestamp>().ok());
    Some(at?.since(first_at?))
}

/// A duration in seconds and milliseconds: what belongs together is often within one second.
fn lasting(duration: Duration) -> String {
    format!("{}.{:03} s", duration.as_secs(), duration.subsec_millis())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_tell_when_they_came_after_the_first_and_what_they_hold() {
        let record = |at: &str, kind: &str, value: Value| json!({ "at": at, "kind": kind, "name": "N", "topic": "t", "partition": 0, "offset": 7, "bytes": 2, "value": value });
        let content = json!({ "records": [
            record("2026-03-01T02:15:00.000Z", "Event", json!({ "bytes": 2, "text": "{}" })),
            record("2026-03-01T02:15:01.250Z", "Command", Value::Null),
        ] });
        let told =
            json!({ "first_at": "2026-03-01T02:15:00.000Z", "last_at": "2026-03-01T02:15:01.250Z", "beyond_limit": 3 });
        let shown = serde_json::to_value(of(&json!({ "entry": told }), &content)).unwrap();
        assert_eq!((&shown["lasted"], &shown["beyond_limit"]), (&json!("1.250 s"), &json!(3)));
        let [first, second] = shown["records"].as_array().unwrap().as_slice() else { panic!("two records") };
        assert_eq!((&first["after"], &first["value"]["decoded"]), (&json!("+0.000 s"), &json!("{}")));
        assert_eq!(
            (&second["after"], &second["source"], &second["value"]),
            (&json!("+1.250 s"), &json!("t-0@7"), &Value::Null)
        );
    }
}
