//! An entry in words.
//!
//! Processors show what they like ([`Processor::show`](crate::processor::Processor::show)); here is what all of them have in common, by
//! the names that they use: times, what is missing, the timeline, texts.

use minijinja::{Value as View, context};
use serde_json::{Map, Value};

use super::flow;

/// What a page has a place of its own for.
const PLACED: [&str; 12] = [
    "key",
    "status",
    "timeline",
    "left_out",
    "missing",
    "members",
    "deadlines",
    "error",
    "ending",
    "at_steps",
    "waits_for",
    "steps",
];
/// A longer text has a place of its own.
const LINE_CHARS_MAX: usize = 200;

/// An entry in words, for a page.
pub(super) fn of(shown: &Value) -> View {
    let empty = Map::new();
    let shown = shown.as_object().unwrap_or(&empty);
    context! {
        lead => lead(shown),
        facts => facts(shown),
        missing => names(shown.get("missing")),
        timeline => timeline(shown.get("timeline")),
        left_out => shown.get("left_out").and_then(Value::as_u64),
        documents => documents(shown),
    }
}

/// The first sentence: what it waits for, or how it ended.
pub(super) fn lead(shown: &Map<String, Value>) -> String {
    if let Some(error) = shown.get("error").and_then(Value::as_str) {
        return format!("it cannot be read: {error}");
    }
    if let Some(reason) = ["reason", "last_answer"].iter().find_map(|name| shown.get(*name)?.as_str()) {
        return reason.to_owned();
    }
    if let Some(records) = shown.get("records").and_then(Value::as_array) {
        return of_trace(records);
    }
    if let Some(lead) = flow::lead(shown) {
        return lead;
    }
    let missing = names(shown.get("missing"));
    let ended = shown.get("ended_at").and_then(Value::as_str);
    match (missing.is_empty(), ended) {
        (false, None) => format!("waits for {}", missing.join(", ")),
        (false, Some(_)) => format!("ended without {}", missing.join(", ")),
        (true, Some(_)) => "has ended".to_owned(),
        (true, None) => String::new(),
    }
}

/// The first sentence of a trace: how many records, and the last one.
fn of_trace(records: &[Value]) -> String {
    let name = |record: &Value| record.get("name").and_then(text).filter(|name| !name.is_empty());
    let number = format!("{} record{}", records.len(), if records.len() == 1 { "" } else { "s" });
    match records.last().and_then(name) {
        Some(last) => format!("{number}, the last one {last}"),
        None => number,
    }
}

/// Single values, in the order of the processor; of members and deadlines one each.
fn facts(shown: &Map<String, Value>) -> Vec<View> {
    let deadlines = shown.get("deadlines").and_then(Value::as_object).into_iter().flatten();
    let deadlines = deadlines.map(|(name, at)| (format!("deadline: {name}"), at));
    let members = shown.get("members").and_then(Value::as_array).filter(|members| !members.is_empty());
    let single = shown.iter().filter(|(name, _)| !PLACED.contains(&name.as_str()));
    let single = single.map(|(name, value)| (name.replace('_', " "), value));
    let fact = |(name, value): (String, &Value)| {
        let text = text(value).filter(|text| text.chars().count() <= LINE_CHARS_MAX)?;
        let is_time = value.is_string() && text.parse::<jiff::Timestamp>().is_ok();
        Some(if is_time {
            context! { name, at => text }
        } else {
            context! { name, text }
        })
    };
    let count = members.map(|members| context! { name => "members", text => members.len().to_string() });
    deadlines.chain(single).filter_map(fact).chain(count).collect()
}

/// What happened, in order: the event, its member and its record.
fn timeline(items: Option<&Value>) -> Vec<View> {
    let items = items.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let item = |item: &Map<String, Value>| {
        let rest = item.iter().filter(|(name, _)| !["at", "what"].contains(&name.as_str()));
        let rest: Vec<String> = rest.filter_map(|(_, value)| text(value)).collect();
        context! { at => item.get("at").and_then(text), what => item.get("what").and_then(text), text => rest.join(" ") }
    };
    items.map(item).collect()
}

/// Long texts, and what is nested: a rendered definition, an exchange.
fn documents(shown: &Map<String, Value>) -> Vec<View> {
    let documents = shown.iter().filter(|(name, _)| !PLACED.contains(&name.as_str()));
    let document = |(name, value): (&String, &Value)| {
        let text = match value {
            Value::String(text) if text.chars().count() > LINE_CHARS_MAX => pretty(text),
            Value::Object(_) | Value::Array(_) => serde_json::to_string_pretty(value).ok()?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
        Some(context! { name => name.replace('_', " "), text })
    };
    documents.filter_map(document).collect()
}

fn pretty(text: &str) -> String {
    let parsed = serde_json::from_str::<Value>(text).and_then(|value| serde_json::to_string_pretty(&value));
    parsed.unwrap_or_else(|_no_json| text.to_owned())
}

fn names(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(text).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lead_of(shown: &Value) -> String {
        lead(shown.as_object().unwrap())
    }

    #[test]
    fn the_first_sentence_says_what_an_entry_waits_for_or_how_it_ended() {
        let of = |shown| lead_of(&shown);
        assert_eq!(of(json!({ "missing": ["parent", "child 2"] })), "waits for parent, child 2");
        assert_eq!(of(json!({ "missing": ["child 2"], "ended_at": "2026" })), "ended without child 2");
        assert_eq!(of(json!({ "ended_at": "2026" })), "has ended");
        assert_eq!(of(json!({ "reason": "HTTP 400: no such server", "ended_at": "2026" })), "HTTP 400: no such server");
        assert_eq!(of(json!({ "last_answer": "HTTP 503: try again" })), "HTTP 503: try again");
        let records = json!({ "records": [{ "name": "PayCommand" }, { "name": "PaidEvent" }] });
        assert_eq!(of(records), "2 records, the last one PaidEvent");
        assert_eq!(of(json!({ "error": "unknown version 9" })), "it cannot be read: unknown version 9");
        assert_eq!(of(json!({})), "");
    }

    #[test]
    fn what_has_no_place_of_its_own_is_a_fact_or_a_document() {
        let shown = json!({
            "key": "k", "status": "x", "attempts": 3, "since": "2026-03-01T02:15:00Z", "name": "folder-k",
            "deadlines": { "due": "2026-03-01T03:00:00Z" }, "members": [{}, {}], "content": "[".repeat(300),
        });
        let story = serde_json::to_value(of(&shown)).unwrap();
        let names: Vec<_> =
            story["facts"].as_array().unwrap().iter().map(|fact| fact["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["deadline: due", "attempts", "name", "since", "members"]);
        assert_eq!(story["facts"][0]["at"], "2026-03-01T03:00:00Z");
        assert_eq!(story["documents"][0]["name"], "content");
    }
}
