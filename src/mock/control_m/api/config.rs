//! `GET /config/servers`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::world::World;

/// The servers of the settings, or else of the folders so far; all up, but those that the control plane has taken down.
pub(super) async fn servers(State(world): State<Arc<World>>) -> Response {
    let known = &world.settings.servers;
    let (mut names, down): (BTreeSet<String>, BTreeMap<String, String>) = world.engine(|engine| {
        let names = if known.is_empty() { engine.servers() } else { known.iter().cloned().collect() };
        (names, engine.servers_down().clone())
    });
    names.extend(down.keys().cloned());
    let rows: Vec<_> = names
        .into_iter()
        .map(|name| {
            let (state, message) = down.get(&name).map_or(("Up", "Connected"), |message| ("Disconnected", message));
            json!({ "name": name, "host": name, "state": state, "message": message, "version": "9.0.22" })
        })
        .collect();
    Json(rows).into_response()
}
