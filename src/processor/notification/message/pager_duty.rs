//! An event of `PagerDuty`'s Events API v2 (<https://developer.pagerduty.com/docs/events-api-v2-overview>), without its
//! `routing_key`: that is a secret, and the sink adds it.

use serde_json::{Map, Value, json};

use super::content::{Line, Message, title};
use crate::processor::notification::text::severity;
use crate::processor::notification::told::Told;

/// The body.
pub(super) fn body(message: &Message) -> Value {
    let first = message.groups.first().and_then(|(_, batch)| batch.first.first());
    let groups: Vec<&str> = message.groups.iter().map(|(name, _)| name.as_str()).collect();
    json!({
        "event_action": "trigger",
        "dedup_key": message.id.to_string(),
        "client": "sheaf",
        "payload": {
            "summary": message.subject(),
            "source": message.application,
            "severity": severity(message.severity()),
            "timestamp": message.at.to_string(),
            "component": first.map(|alert| &alert.topology),
            "group": groups.join("; "),
            "class": first.map(|alert| &alert.kind),
            "custom_details": details(message),
        },
    })
}

/// A table: numbers and times, and a row for each alert.
fn details(message: &Message) -> Value {
    let mut details = Map::new();
    details.insert("alerts".to_owned(), json!(message.count()));
    details.insert("first_at".to_owned(), json!(message.first_at().to_string()));
    details.insert("last_at".to_owned(), json!(message.last_at().to_string()));
    details.insert("note".to_owned(), json!(message.footer()));
    for (index, line) in message.lines().into_iter().enumerate() {
        let text = match line {
            Line::Alert(alert) => sentence(alert),
            Line::Gap(text) => text,
        };
        details.insert(format!("alert {:02}", index + 1), json!(text));
    }
    Value::Object(details)
}

fn sentence(alert: &Told) -> String {
    let remedy = alert.remedy.iter().map(|remedy| format!("; what to do: {remedy}"));
    format!("{}: {}, since {}{}", title(alert), alert.message, alert.occurred_at, remedy.collect::<String>())
}
