//! The story of a record that waits until it is due.

use serde_json::Value;

use super::words::{distance, text, time, unreadable};
use crate::model::Timestamp;

/// The story of a record, from what an instance answers.
pub(super) fn schedule(item: &Value, now: Timestamp) -> String {
    if let Some(unreadable) = unreadable("schedule", item) {
        return unreadable;
    }
    let [key, due, requested_at] = ["/key", "/entry/due", "/entry/requested_at"].map(|pointer| text(item, pointer));
    let value = match text(item, "/content/value/text") {
        text if text.is_empty() => format!("{} bytes", self::text(item, "/entry/record/bytes")),
        text => text,
    };
    let trace = text(item, "/entry/trace_id");
    let mut lines = vec![
        format!("schedule {key}"),
        String::new(),
        format!("  due        {} ({})", time(&due), distance(&due, now)),
        format!("  requested  {}", time(&requested_at)),
        format!("  key        {}", text(item, "/entry/record/key")),
        format!("  value      {value}"),
    ];
    lines.extend((!trace.is_empty()).then(|| format!("  trace id   {trace}")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_says_when_the_record_is_due_and_what_it_is() {
        let now = "2026-01-01T00:00:30Z".parse().unwrap();
        let record = json!({ "key": "cart-1", "bytes": 5 });
        let content = json!({ "value": { "bytes": 5, "text": "empty" } });
        let entry = json!({ "due": "2026-01-01T00:02:30Z", "requested_at": "2026-01-01T00:00:00Z", "record": record });
        let story = schedule(&json!({ "key": "cart-1|empty", "entry": entry, "content": content }), now);
        for line in [
            "schedule cart-1|empty",
            "  due        2026-01-01 00:02:30Z (in 2 min)",
            "  key        cart-1",
            "  value      empty",
        ] {
            assert!(story.lines().any(|shown| shown == line), "{line}\n---\n{story}");
        }
        let unreadable = schedule(&json!({ "key": "k", "entry": { "error": "version 9" } }), now);
        assert_eq!(unreadable, "schedule k: it cannot be read: version 9");
    }
}
