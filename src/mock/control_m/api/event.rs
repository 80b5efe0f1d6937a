//! `/run/event/..` and `/run/events`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::super::definition::{DateRef, EventRef};
use super::super::dump::DumpedEvent;
use super::super::world::World;
use super::super::{answer, pattern};

/// The longest name, and the characters that no name may contain.
const NAME_MAX: usize = 255;
const NOT_IN_NAMES: [char; 5] = [' ', '(', ')', '|', '\''];

#[derive(Deserialize)]
struct EventBody {
    name: String,
    #[serde(default)]
    date: String,
}

/// Adds an event; without a date it has the current order date.
pub(super) async fn add(State(world): State<Arc<World>>, Path(server): Path<String>, body: Bytes) -> Response {
    let EventBody { name, date } = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(error) => return answer::error(StatusCode::BAD_REQUEST, &format!("Failed to parse JSON: {error}")),
    };
    let event = match event(name, &date) {
        Ok(event) => event,
        Err(message) => return answer::error(StatusCode::BAD_REQUEST, &message),
    };
    let is_new = world.engine(|engine| engine.add_event(&server, &event));
    if is_new || !world.settings.strict_events {
        return answer::message(&format!("Event '{}' was successfully added", event.name));
    }
    answer::error(
        StatusCode::INTERNAL_SERVER_ERROR,
        &format!("Failed to add event '{}': it already exists", event.name),
    )
}

/// Deletes an event.
pub(super) async fn delete(
    State(world): State<Arc<World>>,
    Path((server, name, date)): Path<(String, String, String)>,
) -> Response {
    let event = match event(name, &date) {
        Ok(event) => event,
        Err(message) => return answer::error(StatusCode::BAD_REQUEST, &message),
    };
    let was_there = world.engine(|engine| engine.delete_event(&server, &event));
    if was_there || !world.settings.strict_events {
        return answer::message(&format!("Event '{}' was successfully deleted", event.name));
    }
    let message = format!("Failed to delete event '{}': it does not exist", event.name);
    answer::error(StatusCode::INTERNAL_SERVER_ERROR, &message)
}

/// The events that fit the filters.
pub(super) async fn list(State(world): State<Arc<World>>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let fits = |event: &DumpedEvent| {
        query.iter().all(|(filter, wanted)| match filter.as_str() {
            "ctm" | "server" => pattern::matches(wanted, &event.ctm),
            "name" => pattern::matches(wanted, &event.name),
            "date" => pattern::matches(wanted, &event.date),
            _ => true,
        })
    };
    let limit = query.get("limit").and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let events: Vec<DumpedEvent> =
        world.engine(|engine| engine.events().map(DumpedEvent::new).filter(fits).take(limit).collect());
    Json(events).into_response()
}

fn event(name: String, date: &str) -> Result<EventRef, String> {
    if name.is_empty() || name.chars().count() > NAME_MAX || name.contains(NOT_IN_NAMES) {
        return Err(format!("'{name}' is not a name of an event"));
    }
    match DateRef::parse(date) {
        Some(date) => Ok(EventRef { name, date }),
        None => Err(format!("'{date}' is not a date: expected MMDD, ODAT or STAT")),
    }
}
