//! The routes: the API and the stream of alerts behind their gate, the control plane, the page.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;

use super::gate::{BODY_MAX, gate};
use super::port::{Line, Port};
use super::settings::BASE_PATH;
use super::world::World;
use super::{alerts, answer, api, control, page};

/// Answers on the port, for ever.
pub(super) async fn serve(port: Port, world: Arc<World>) {
    let app = router(world).into_make_service_with_connect_info::<Line>();
    if let Err(error) = axum::serve(port, app).await {
        tracing::error!(%error, "the simulator has stopped answering");
    }
}

fn router(world: Arc<World>) -> Router {
    let api = api::router()
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&world), gate));
    let alerts = Router::new()
        .route(alerts::PATH, get(alerts::listen))
        .layer(middleware::from_fn_with_state(Arc::clone(&world), gate));
    Router::new()
        .nest(BASE_PATH, api)
        .merge(alerts)
        .nest("/_sheaf", control::router())
        .merge(page::router())
        .with_state(world)
}

async fn unknown() -> Response {
    answer::error(StatusCode::NOT_FOUND, "The requested resource is not available")
}
