//! `/run/resource/..` and `/run/resources`: pools.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::super::world::World;
use super::super::{answer, pattern};

/// The pools that fit the filters.
pub(super) async fn list(State(world): State<Arc<World>>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let server = query.get("server").or_else(|| query.get("ctm")).map_or("*", String::as_str);
    let name = query.get("name").map_or("*", String::as_str);
    let pools = world.engine(|engine| engine.pools()).into_iter();
    let fitting = pools.filter(|pool| pattern::matches(server, &pool.server) && pattern::matches(name, &pool.name));
    let row = |pool: super::super::engine::Pool| {
        // The number of free units is a text in real answers.
        json!({ "name": pool.name, "ctm": pool.server, "available": pool.available.to_string(), "max": pool.max })
    };
    Json(fitting.map(row).collect::<Vec<_>>()).into_response()
}

/// Adds a pool: `{"name": .., "max": ..}`.
pub(super) async fn add(State(world): State<Arc<World>>, Path(server): Path<String>, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    match (body.get("name").and_then(Value::as_str), max(&body)) {
        (Some(name), Some(max)) => set(&world, &server, name, max),
        _ => answer::error(StatusCode::BAD_REQUEST, "name and max are expected"),
    }
}

/// Changes the units of a pool: `{"max": ..}`.
pub(super) async fn update(
    State(world): State<Arc<World>>,
    Path((server, name)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let is_known = |name: &str| {
        world.engine(|engine| engine.pools().iter().any(|pool| pool.name == name && pool.server == server))
    };
    match max(&serde_json::from_slice(&body).unwrap_or_default()) {
        Some(max) if is_known(&name) => set(&world, &server, &name, max),
        Some(_) => not_found(&name),
        None => answer::error(StatusCode::BAD_REQUEST, "max is expected"),
    }
}

/// Deletes a pool; jobs that need it wait.
pub(super) async fn delete(State(world): State<Arc<World>>, Path((server, name)): Path<(String, String)>) -> Response {
    if world.engine(|engine| engine.remove_pool(&server, &name)) {
        answer::message(&format!("Resource '{name}' was successfully deleted"))
    } else {
        not_found(&name)
    }
}

fn set(world: &World, server: &str, name: &str, max: u32) -> Response {
    world.engine(|engine| engine.set_pool(server, name, max));
    answer::message(&format!("Resource '{name}' was successfully set to {max}"))
}

fn not_found(name: &str) -> Response {
    answer::error(StatusCode::NOT_FOUND, &format!("Resource '{name}' was not found"))
}

/// A number, also as a text.
fn max(body: &Value) -> Option<u32> {
    let max = body.get("max")?;
    max.as_u64().and_then(|max| u32::try_from(max).ok()).or_else(|| max.as_str()?.parse().ok())
}
