//! The story of a dead letter on one screen: why its record was rejected, the record, and what can be done.

use serde_json::Value;

use super::story::{Action, Facts, facts, what_can_be_done};
use super::words::{distance, list, text, time};
use crate::model::Timestamp;

/// The longest value that is told, in characters.
const VALUE_MAX: usize = 2_000;

/// The story of a dead letter.
pub(super) fn letter(item: &Value, now: Timestamp) -> String {
    let (key, value) = (text(item, "/key"), value(item, "/content/record/value"));
    let mut lines = vec![format!("dead letter {key}: {}", state(item)), String::new()];
    lines.extend(facts(&letter_facts(item, now)));
    if !value.is_empty() {
        let rest = value.chars().count().saturating_sub(VALUE_MAX);
        lines.extend([String::new(), "value".to_owned()]);
        lines.push(format!("  {}", value.chars().take(VALUE_MAX).collect::<String>()));
        lines.extend((rest > 0).then(|| format!("  and {rest} more characters: -o json has up to 64 KiB")));
    }
    lines.extend(what_can_be_done(&key, &actions(item)));
    lines.join("\n")
}

fn state(item: &Value) -> String {
    match text(item, "/status").as_str() {
        "open" => "nothing was done about it",
        "redriven" => "its record was sent again",
        "edited" => "its record was sent again with another value",
        "discarded" => "nothing is to be done about it",
        other => return other.to_owned(),
    }
    .to_owned()
}

fn letter_facts(item: &Value, now: Timestamp) -> Facts {
    let with_distance = |pointer: &str| {
        let at = text(item, pointer);
        if at.is_empty() { at } else { format!("{} ({})", time(&at), distance(&at, now)) }
    };
    let source = |name: &str| text(item, &format!("/entry/source/{name}"));
    let place = format!("{}-{}@{}", source("topic"), source("partition"), source("offset"));
    let headers = list(item, "/content/record/headers");
    let headers: Vec<String> =
        headers.iter().map(|header| format!("{}={}", text(header, "/name"), value(header, "/value"))).collect();
    let is_whole = item.pointer("/entry/complete").and_then(Value::as_bool).unwrap_or(true);
    let lacks = if is_whole { "" } else { "a part of its record, which was too large: the record is in its topic" };
    vec![
        ("cannot be read", text(item, "/entry/error")),
        ("reason", text(item, "/entry/reason")),
        ("message", text(item, "/entry/message")),
        ("processor", text(item, "/entry/processor")),
        ("record", if source("offset").starts_with('-') { String::new() } else { place }),
        ("written", with_distance("/entry/source/timestamp")),
        ("rejected", with_distance("/entry/rejected_at")),
        ("rounds", text(item, "/entry/rounds")),
        ("lacks", lacks.to_owned()),
        ("key", value(item, "/content/record/key")),
        ("headers", headers.join(", ")),
        ("processed by", text(item, "/instance")),
    ]
}

/// Bytes as text, or in base64 if they are none.
fn value(item: &Value, pointer: &str) -> String {
    let base64 = text(item, &format!("{pointer}/base64"));
    if base64.is_empty() { text(item, &format!("{pointer}/text")) } else { format!("base64 {base64}") }
}

fn actions(item: &Value) -> Vec<Action> {
    if text(item, "/status") != "open" {
        return Vec::new();
    }
    let discard = ("sheaf dlq discard KEY --why '..'", "say that nothing is to be done about it");
    if item.pointer("/entry/source/offset").and_then(Value::as_i64).is_some_and(|offset| offset < 0) {
        // It tells of a call, whose entry has commands of its own.
        return vec![discard];
    }
    vec![
        ("sheaf dlq redrive KEY --why '..'", "send its record again, when what rejects it is mended"),
        ("sheaf dlq edit KEY --value FILE --why '..'", "send it again with another value"),
        discard,
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_letter_tells_why_it_is_one_and_what_can_be_done() {
        let item = json!({
            "key": "orders-3@17", "status": ["open"], "instance": "a",
            "entry": {
                "reason": "unparsable", "message": "no JSON: expected value", "rounds": 2, "complete": true,
                "rejected_at": "2026-11-21T14:00:00.000Z",
                "source": { "topic": "orders", "partition": 3, "offset": 17, "timestamp": "2026-11-21T13:59:00.000Z" },
            },
            "content": { "record": {
                "key": { "bytes": 2, "base64": "/wA=" },
                "headers": [{ "name": "trace", "value": { "bytes": 1, "text": "t" } }],
                "value": { "bytes": 2, "text": "{\u{1b}" },
            } },
        });
        assert_eq!(
            letter(&item, Timestamp::from_millis(1_795_273_200_000)),
            "dead letter orders-3@17: nothing was done about it

reason        unparsable
message       no JSON: expected value
record        orders-3@17
written       2026-11-21 13:59:00Z (1 h 1 min ago)
rejected      2026-11-21 14:00:00Z (1 h 0 min ago)
rounds        2
key           base64 /wA=
headers       trace=t
processed by  a

value
  {\\u{1b}

what can be done
  sheaf dlq redrive orders-3@17 --why '..'
      send its record again, when what rejects it is mended
  sheaf dlq edit orders-3@17 --value FILE --why '..'
      send it again with another value
  sheaf dlq discard orders-3@17 --why '..'
      say that nothing is to be done about it"
        );
    }
}
