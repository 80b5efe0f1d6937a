//! The gate in front of every call: count, fault, key.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::fault::Action;
use super::port::Line;
use super::session::LOGIN;
use super::world::World;
use super::{answer, session};

/// The largest body of a request or an answer, in bytes; a larger request is answered with 413.
pub(super) const BODY_MAX: usize = 16 << 20;

/// What the gate tells a handler about its request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Struck {
    /// The number of the request.
    pub(super) number: u64,
    /// What a fault adds to the lag of what is ordered.
    pub(super) more_lag: Duration,
}

/// The gate.
pub(super) async fn gate(
    State(world): State<Arc<World>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
    next: Next,
) -> Response {
    let (number, action) = world.traffic.arrive(world.clock.now(), &request);
    // A body that a handler leaves unread would cost the client its connection.
    let request = match read(request).await {
        Ok(request) => request,
        Err(status) => return status.into_response(),
    };
    let (answer, is_cut) = answer(&world, &line, (number, action), request, next).await;
    if !is_cut {
        world.traffic.answered(number, answer.status().as_u16());
    }
    answer
}

async fn read(request: Request) -> Result<Request, StatusCode> {
    let (head, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, BODY_MAX).await.map_err(|_error| StatusCode::PAYLOAD_TOO_LARGE)?;
    Ok(Request::from_parts(head, Body::from(bytes)))
}

/// The answer, and whether it will not arrive because the connection is cut.
async fn answer(
    world: &World,
    line: &Line,
    (number, action): (u64, Option<Action>),
    mut request: Request,
    next: Next,
) -> (Response, bool) {
    match &action {
        Some(Action::Respond { status, body, headers }) => {
            let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            return (respond(*status, body, headers), false);
        }
        Some(Action::ResetBefore) => return (cut(line), true),
        Some(Action::Delay { ms }) => tokio::time::sleep(Duration::from_millis(*ms)).await,
        Some(Action::ExpireToken) => {
            if let Some(token) = session::token(request.headers()) {
                world.sessions.close(token);
            }
            return (refuse(world, StatusCode::UNAUTHORIZED), false);
        }
        Some(
            Action::RespondAfter { .. }
            | Action::ResetAfter
            | Action::HangAfter
            | Action::TruncateAfter
            | Action::Lag { .. },
        )
        | None => {}
    }
    let who = (request.method(), request.headers());
    if request.uri().path() != LOGIN
        && let Some(status) = session::refusal(&world.settings, &world.sessions, world.clock.now(), who)
    {
        return (refuse(world, status), false);
    }
    let lag = if let Some(Action::Lag { ms }) = action { ms } else { 0 };
    request.extensions_mut().insert(Struck { number, more_lag: Duration::from_millis(lag) });
    let answer = next.run(request).await;
    match action {
        Some(Action::RespondAfter { status, body }) => (respond(status, &body, std::iter::empty()), false),
        Some(Action::ResetAfter) => (cut(line), true),
        Some(Action::HangAfter) => {
            world.stopped().await;
            (cut(line), true)
        }
        Some(Action::TruncateAfter) => (truncate(answer).await, false),
        Some(
            Action::Respond { .. }
            | Action::ResetBefore
            | Action::Delay { .. }
            | Action::ExpireToken
            | Action::Lag { .. },
        )
        | None => (answer, false),
    }
}

fn refuse(world: &World, status: StatusCode) -> Response {
    if world.settings.gateway {
        return (StatusCode::FORBIDDEN, axum::Json(serde_json::json!({ "message": "Forbidden" }))).into_response();
    }
    let message = if status == StatusCode::FORBIDDEN {
        "The API token does not allow this request"
    } else {
        "Session token is invalid or expired"
    };
    answer::error(status, message)
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
