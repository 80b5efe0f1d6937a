//! `POST /session/login`, tokens and keys.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::answer;
use super::world::World;

/// The lifetime of a token.
const LIFETIME: Duration = Duration::from_mins(30);

/// The path that asks for no key. A stale `Authorization` header does not matter there; clients send one.
pub(super) const LOGIN: &str = "/session/login";

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

/// Opens a session.
pub(super) async fn login(State(world): State<Arc<World>>, body: Bytes) -> Response {
    let Ok(Credentials { username, password }) = serde_json::from_slice(&body) else {
        return answer::error(StatusCode::BAD_REQUEST, "Failed to login: username and password are expected");
    };
    if world.settings.users.get(&username).is_none_or(|known| known.expose() != password) {
        return answer::error(StatusCode::UNAUTHORIZED, "Failed to login: Incorrect username or password");
    }
    let token = world.open_session(LIFETIME);
    Json(serde_json::json!({ "username": username, "token": token, "version": "9.22.30" })).into_response()
}

/// Whether the request has a good key or a good token.
pub(super) fn allows(world: &World, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let keys = &world.settings.api_keys;
    let good_key = text("x-api-key")
        .is_some_and(|key| !key.is_empty() && (keys.is_empty() || keys.iter().any(|known| known.expose() == key)));
    let token = text(AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    good_key || token.is_some_and(|token| world.knows_token(token))
}
