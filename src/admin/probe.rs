//! `/healthz`, `/readyz` and `/metrics`, which answer everybody.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{Router, get};

use super::Health;
use super::api::Shared;

/// Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The paths that need no token.
pub(super) const PATHS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

pub(super) fn router() -> Router<Shared> {
    let [health, ready, scrape] = PATHS;
    Router::new().route(health, get(healthz)).route(ready, get(readyz)).route(scrape, get(metrics))
}

async fn healthz(State(port): State<Shared>) -> Response {
    respond(port, |health| health.alive).await
}

async fn readyz(State(port): State<Shared>) -> Response {
    respond(port, |health| health.alive && health.ready).await
}

/// Reads the health on a blocking thread, because that may wait.
async fn respond(port: Shared, is_good: fn(&Health) -> bool) -> Response {
    match tokio::task::spawn_blocking(move || port.health()).await {
        Ok(health) => (code(is_good(&health)), Json(health)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn metrics(State(port): State<Shared>) -> Response {
    match port.metrics() {
        Ok(text) => ([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

const fn code(good: bool) -> StatusCode {
    if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
