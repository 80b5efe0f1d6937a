//! `POST /session/login` and `POST /session/logout`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::super::world::World;
use super::super::{answer, session};

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
    let token = world.sessions.open(world.clock.now(), world.settings.session_lifetime);
    Json(serde_json::json!({ "username": username, "token": token, "version": "9.22.30" })).into_response()
}

/// Ends the session of the token.
pub(super) async fn logout(State(world): State<Arc<World>>, headers: HeaderMap) -> Response {
    match session::token(&headers) {
        Some(token) if world.sessions.close(token) => {
            answer::message(&format!("Successfully logged out from session <{token}>"))
        }
        _ => answer::error(StatusCode::BAD_REQUEST, "There is no session to log out from"),
    }
}
