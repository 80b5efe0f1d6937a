//! The control plane below `/_sheaf`: it asks for no key, is not counted and is struck by no fault.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

use super::answer;
use super::dump::Dump;
use super::fault::Fault;
use super::world::World;

/// The routes.
pub(super) fn router() -> Router<Arc<World>> {
    Router::new().route("/dump", get(dump)).route("/faults", post(faults)).route("/reset", post(reset))
}

async fn dump(State(world): State<Arc<World>>) -> Json<Dump> {
    Json(world.dump())
}

async fn reset(State(world): State<Arc<World>>) -> StatusCode {
    world.reset();
    StatusCode::NO_CONTENT
}

async fn faults(State(world): State<Arc<World>>, body: Bytes) -> Response {
    let list = if body.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(&body)
    } else {
        serde_json::from_slice(&body).map(|fault: Fault| vec![fault])
    };
    match list {
        Ok(list) => {
            for fault in list {
                world.inject(fault);
            }
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => answer::error(StatusCode::BAD_REQUEST, &format!("not a fault: {error}")),
    }
}
