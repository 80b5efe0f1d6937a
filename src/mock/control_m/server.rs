//! The routes, and the gate in front of them: count, fault, key.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::fault::Action;
use super::port::{Line, Port};
use super::settings::BASE_PATH;
use super::world::World;
use super::{answer, control, session, status, submit};

/// The largest request in bytes; a larger one is answered with 413.
const BODY_MAX: usize = 16 << 20;

/// Answers on the port, for ever.
pub(super) async fn serve(port: Port, world: Arc<World>) {
    let app = router(world).into_make_service_with_connect_info::<Line>();
    if let Err(error) = axum::serve(port, app).await {
        tracing::error!(%error, "the simulator has stopped answering");
    }
}

fn router(world: Arc<World>) -> Router {
    let api = Router::new()
        .route(session::LOGIN, post(session::login))
        .route("/run", post(submit::run))
        .route("/run/ondemand", post(submit::run_on_demand))
        .route("/run/status/{id}", get(status::run_status))
        .route("/run/jobs/status", get(status::jobs_status))
        .route("/config/servers", get(status::servers))
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&world), gate));
    Router::new().nest(BASE_PATH, api).nest("/_sheaf", control::router()).with_state(world)
}

async fn unknown() -> Response {
    answer::error(StatusCode::NOT_FOUND, "The requested resource is not available")
}

/// The gate of every request of the API.
async fn gate(
    State(world): State<Arc<World>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let action = world.arrive(request.method().as_str(), &path);
    match &action {
        Some(Action::Respond { status, body, headers }) => {
            return respond(*status, body, headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        }
        Some(Action::ResetBefore) => return cut(&line),
        Some(Action::Delay { ms }) => tokio::time::sleep(Duration::from_millis(*ms)).await,
        Some(Action::RespondAfter { .. } | Action::ResetAfter | Action::HangAfter | Action::TruncateAfter) | None => {}
    }
    if path != session::LOGIN && !session::allows(&world, request.headers()) {
        return answer::error(StatusCode::UNAUTHORIZED, "Session token is invalid or expired");
    }
    let answer = next.run(request).await;
    match action {
        Some(Action::RespondAfter { status, body }) => respond(status, &body, std::iter::empty()),
        Some(Action::ResetAfter) => cut(&line),
        Some(Action::HangAfter) => {
            world.stopped().await;
            cut(&line)
        }
        Some(Action::TruncateAfter) => truncate(answer).await,
        Some(Action::Respond { .. } | Action::ResetBefore | Action::Delay { .. }) | None => answer,
    }
}

/// Cuts the connection. The answer that is returned meets a cut line when it is written, which ends the connection.
fn cut(line: &Line) -> Response {
    line.cut();
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

fn respond<'a>(status: u16, body: &str, headers: impl Iterator<Item = (&'a str, &'a str)>) -> Response {
    let Ok(status) = StatusCode::from_u16(status) else {
        return answer::error(StatusCode::INTERNAL_SERVER_ERROR, "the fault's status is no HTTP status");
    };
    let mut response = (status, body.to_owned()).into_response();
    for (name, value) in headers {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => {
                response.headers_mut().insert(name, value);
            }
            _ => return answer::error(StatusCode::INTERNAL_SERVER_ERROR, "the fault's headers are no HTTP headers"),
        }
    }
    response
}

/// The same answer with the first half of its body.
async fn truncate(answer: Response) -> Response {
    let (mut head, body) = answer.into_parts();
    let bytes = axum::body::to_bytes(body, BODY_MAX).await.unwrap_or_default();
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(bytes.slice(..bytes.len() / 2)))
}
