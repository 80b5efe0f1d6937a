//! The story of a trace on one screen: its records as a time line.

use serde_json::Value;

use super::words::{list, text, unreadable};

/// The story of a trace, from what an instance answers.
pub(super) fn trace(item: &Value) -> String {
    if let Some(unreadable) = unreadable("trace", item) {
        return unreadable;
    }
    let story = item.get("entry").map_or_else(String::new, timeline);
    format!("{story}\n\nwith the values: -o json")
}

/// The story of a trace, from what its processor shows of it: one line per record, the oldest first.
pub(in crate::cli::command) fn timeline(shown: &Value) -> String {
    let records = list(shown, "/records");
    let number = format!("{} record{}", records.len(), if records.len() == 1 { "" } else { "s" });
    let (key, [first, last]) =
        (text(shown, "/key"), ["/first_at", "/last_at"].map(|pointer| time(&text(shown, pointer))));
    let mut lines = vec![format!("trace {key}: {number} from {first} to {last}"), String::new()];
    let names: Vec<String> = records.iter().map(name).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    lines.extend(records.iter().zip(&names).map(|(record, name)| line(record, name, width)));
    let beyond = text(shown, "/beyond_limit");
    lines.extend((beyond != "0" && !beyond.is_empty()).then(|| format!("and {beyond} more, which are not kept")));
    lines.join("\n")
}

fn line(record: &Value, name: &str, width: usize) -> String {
    let [at, kind, topic] = ["/at", "/kind", "/topic"].map(|pointer| text(record, pointer));
    let [partition, offset, bytes] = ["/partition", "/offset", "/bytes"].map(|pointer| text(record, pointer));
    let value = if bytes.is_empty() { "no value".to_owned() } else { format!("{bytes} bytes") };
    format!("{}  {kind:7}  {name:width$}  {topic}-{partition}@{offset}  {value}", time(&at))
}

fn name(record: &Value) -> String {
    let name = text(record, "/name");
    if name.is_empty() { "no name".to_owned() } else { name }
}

/// A time with its milliseconds: what belongs together is often within one second.
fn time(rfc_3339: &str) -> String {
    rfc_3339.replacen('T', " ", 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_trace_is_a_line_per_record() {
        let record = |at: &str, kind: &str, name: &str, bytes: Value| json!({ "at": at, "kind": kind, "name": name, "topic": "flowing-retail", "partition": 0, "offset": 7, "bytes": bytes });
        let shown = json!({
            "key": "t-1", "status": "kept", "first_at": "2026-01-01T00:00:00.000Z", "last_at": "2026-01-01T00:00:01.250Z",
            "beyond_limit": 2,
            "records": [
                record("2026-01-01T00:00:00.000Z", "Event", "OrderPlacedEvent", json!(300)),
                record("2026-01-01T00:00:01.250Z", "Command", "Pay\u{1b}Command", Value::Null),
            ],
        });
        let told = "trace t-1: 2 records from 2026-01-01 00:00:00.000Z to 2026-01-01 00:00:01.250Z

2026-01-01 00:00:00.000Z  Event    OrderPlacedEvent  flowing-retail-0@7  300 bytes
2026-01-01 00:00:01.250Z  Command  Pay\\u{1b}Command  flowing-retail-0@7  no value
and 2 more, which are not kept";
        assert_eq!(timeline(&shown), told);
        assert_eq!(trace(&json!({ "key": "t-1", "entry": shown })), format!("{told}\n\nwith the values: -o json"));
        assert!(trace(&json!({ "key": "t-1", "entry": { "error": "version 9" } })).ends_with("read: version 9"));
    }
}
