//! Where the entries stand at the end of a scenario, each with its timeline.

use serde_json::Value;

use super::super::outcome::EndState;
use super::escape;
use crate::model::Timestamp;
use crate::testing::golden::hours;

/// The entries at the end; empty if there are none.
pub(super) fn entries(ends: &[EndState]) -> String {
    if ends.is_empty() {
        return String::new();
    }
    let entries: Vec<String> = ends.iter().map(entry).collect();
    format!("<h2>At the end</h2>\n{}", entries.concat())
}

/// The way of a flow through its definition; empty for another entry.
pub(super) fn way(end: &EndState) -> String {
    let Some(picture) = &end.picture else { return String::new() };
    let text = |name: &str| end.shown.get(name).and_then(Value::as_str).map(escape).unwrap_or_default();
    let (key, status) = (text("key"), text("status"));
    format!("<figure>\n<figcaption>{key} <span class=\"soft\">{status}</span></figcaption>\n{picture}</figure>\n")
}

fn entry(end: &EndState) -> String {
    let (mut shown, mut rows) = (end.shown.clone(), String::new());
    let taken = |shown: &mut Value, field: &str| shown.as_object_mut().and_then(|shown| shown.remove(field));
    let text = |value: Option<Value>| value.as_ref().and_then(Value::as_str).map(escape).unwrap_or_default();
    let (processor, key, status) =
        (escape(&end.processor), text(taken(&mut shown, "key")), text(taken(&mut shown, "status")));
    if let Some(Value::Array(items)) = taken(&mut shown, "timeline") {
        rows = items.iter().map(row).collect();
    }
    // The members of a bundle that has ended are those of the table.
    if shown.get("ended_at").is_some() {
        taken(&mut shown, "members");
    }
    let rest = match shown.as_object() {
        Some(rest) if !rest.is_empty() => serde_json::to_string_pretty(rest).unwrap_or_default(),
        _ => String::new(),
    };
    let table = if rows.is_empty() {
        rows
    } else {
        format!("<table>\n<tr><th>event time</th><th>what</th><th>member</th><th>source</th></tr>\n{rows}</table>\n")
    };
    format!("<h3>{processor} {key} <span class=\"soft\">{status}</span></h3>\n{table}<pre>{}</pre>\n", escape(&rest))
}

/// A row of the timeline.
fn row(item: &Value) -> String {
    let text = |field: &str| item.get(field).and_then(Value::as_str);
    let at = text("at").map(in_hours).unwrap_or_default();
    let cells = [at.as_str(), text("what").unwrap_or_default()];
    let cells = cells.into_iter().chain([text("name").or(text("role")).unwrap_or_default()]);
    let cells = cells.chain([text("source").unwrap_or_default()]).map(|cell| format!("<td>{}</td>", escape(cell)));
    format!("<tr>{}</tr>\n", cells.collect::<String>())
}

/// A time as in the rest of the page.
fn in_hours(at: &str) -> String {
    match at.parse::<jiff::Timestamp>() {
        Ok(instant) => hours(Timestamp::from_millis(instant.as_millisecond())),
        Err(_) => at.to_owned(),
    }
}
