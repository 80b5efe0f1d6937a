//! The story of a thread of a script on one screen: what it waits for, and each step of its past.

use serde_json::Value;

use super::words::{distance, list, text, time, unreadable};
use crate::model::Timestamp;

/// The story of a thread, from what an instance answers.
pub(super) fn thread(item: &Value, now: Timestamp) -> String {
    if let Some(unreadable) = unreadable("thread", item) {
        return unreadable;
    }
    let [key, begun, script, code] =
        ["/key", "/entry/begun_at", "/entry/script", "/entry/code"].map(|pointer| text(item, pointer));
    let waits: Vec<&str> = list(item, "/entry/waits_for").iter().filter_map(Value::as_str).collect();
    let newest = if text(item, "/entry/version") == "older" { ", which is not that of today" } else { "" };
    let mut lines = vec![
        format!("thread {key}"),
        String::new(),
        format!("  begun      {} ({})", time(&begun), distance(&begun, now)),
        format!("  script     {script} {}{newest}", code.get(..8).unwrap_or(&code)),
        format!("  waits for  {}", waits.join(", ")),
        String::new(),
    ];
    for step in list(item, "/content/journal") {
        lines.extend(self::step(step));
    }
    let error = text(item, "/content/error");
    lines.extend((!error.is_empty()).then(|| format!("  cannot be run again: {error}")));
    lines.join("\n")
}

fn step(step: &Value) -> Vec<String> {
    let at = time(&text(step, "/at"));
    let waits: Vec<&str> = list(step, "/waits_for").iter().filter_map(Value::as_str).collect();
    let given = if let Some(argument) = step.pointer("/given/begin") {
        format!("begins with {argument}")
    } else if let Some(event) = step.pointer("/given/event") {
        let what = event.get("error").map_or_else(
            || event.get("value").map_or_else(|| "nothing".to_owned(), Value::to_string),
            |error| format!("the error {error}"),
        );
        format!("{} is given {what}", text(step, "/given/for"))
    } else {
        "is cancelled".to_owned()
    };
    let mut lines = vec![format!("{at}  {given}")];
    lines.extend(list(step, "/console").iter().filter_map(Value::as_str).map(|line| format!("    says   {line}")));
    for record in list(step, "/writes") {
        let [topic, key] = ["/topic", "/key"].map(|pointer| text(record, pointer));
        let value = record.get("value").and_then(Value::as_str).unwrap_or("null");
        lines.push(format!("    writes {topic} key={key} {value}"));
    }
    lines.push(format!("    waits  {}", waits.join(", ")));
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_step_is_there_with_what_came_of_it() {
        let now = "2026-01-01T00:01:00Z".parse().unwrap();
        let journal = json!([
            { "at": "2026-01-01T00:00:00Z", "given": { "begin": { "ms": 5 } }, "waits_for": ["hotel", "0:1"], "console": ["hello"],
              "writes": [{ "topic": "reserve", "key": "t", "value": "car" }, { "topic": "schedule", "key": "t|x", "value": null }] },
            { "at": "2026-01-01T00:00:30Z", "given": { "for": "hotel", "event": { "ref": "hotel", "error": "full" } }, "waits_for": ["0:1"] },
            { "at": "2026-01-01T00:00:40Z", "given": { "cancel": true }, "waits_for": ["x"] },
        ]);
        let entry = json!({ "begun_at": "2026-01-01T00:00:00Z", "script": "trip.ts", "code": "0123456789abcdef", "waits_for": ["x"], "version": "older" });
        let story =
            thread(&json!({ "key": "t", "entry": entry, "content": { "journal": journal, "error": "no" } }), now);
        for line in [
            "thread t",
            "  script     trip.ts 01234567, which is not that of today",
            "  waits for  x",
            "2026-01-01 00:00:00Z  begins with {\"ms\":5}",
            "    says   hello",
            "    writes reserve key=t car",
            "    writes schedule key=t|x null",
            "    waits  hotel, 0:1",
            "2026-01-01 00:00:30Z  hotel is given the error \"full\"",
            "2026-01-01 00:00:40Z  is cancelled",
            "  cannot be run again: no",
        ] {
            assert!(story.lines().any(|it| it == line), "{line}\n{story}");
        }
    }
}
