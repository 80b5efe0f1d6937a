//! JSON of sheaf's own form; docs/alerts.md has its fields.

use serde_json::{Value, json};

use super::content::Message;
use crate::processor::notification::state::Batch;
use crate::processor::notification::text::severity;
use crate::processor::notification::told::Told;

/// The name of the form.
const SCHEMA: &str = "sheaf.notification.v1";

/// The body.
pub(super) fn body(message: &Message) -> Value {
    json!({
        "schema": SCHEMA,
        "id": message.id.to_string(),
        "application": message.application,
        "route": message.route,
        "at": message.at.to_string(),
        "severity": severity(message.severity()),
        "subject": message.subject(),
        "alerts": message.count(),
        "rate_limited": message.limit.is_some(),
        "groups": message.groups.iter().map(|(name, batch)| group(name, batch)).collect::<Vec<_>>(),
    })
}

fn group(name: &str, batch: &Batch) -> Value {
    json!({
        "group": name,
        "severity": severity(batch.severity),
        "count": batch.count,
        "not_shown": batch.not_shown(),
        "first_at": batch.first_at.to_string(),
        "last_at": batch.last_at.to_string(),
        "alerts": batch.first.iter().chain(&batch.last).map(alert).collect::<Vec<_>>(),
    })
}

fn alert(alert: &Told) -> Value {
    json!({
        "kind": alert.kind,
        "severity": severity(alert.severity),
        "key": alert.key,
        "topology": alert.topology,
        "processor": alert.processor,
        "occurred_at": alert.occurred_at.to_string(),
        "message": alert.message,
        "remedy": alert.remedy,
    })
}
