//! What each request passes: its name and origin, limits of size and time, and headers of security; one to the API its caller too.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::watch;

use super::access::{Access, refusal};
use super::api::{Port, Problem};
use super::origin::Names;
use super::plain_error::{as_problem, too_large};
use super::probe;
use crate::model::Clock as _;
use crate::runtime::SystemClock;

/// The largest body of a request, in bytes.
pub(super) const BODY_BYTES_MAX: usize = 256 << 10;
/// The longest time from the head of a request to its answer, the reading of its body included.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Headers of every answer that does not set them itself: nothing is loaded, framed, guessed or kept.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// What requests are judged by, and counted in.
pub(super) struct Guard {
    pub(super) port: Arc<dyn Port>,
    pub(super) names: Names,
    /// True if connections are encrypted.
    pub(super) is_encrypted: bool,
}

/// Answers a request, or refuses it.
pub(super) async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let (started, method) = (SystemClock.uptime(), known(request.method()));
    // The template is one of those of the router, so there are few of them.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = match guard.admit(&request) {
        Ok(()) => answer(request, next).await,
        Err(problem) => refusal(problem),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    let took = SystemClock.uptime().saturating_sub(started);
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    guard.port.answered(route, method, response.status().as_u16(), took);
    let headers = response.headers_mut();
    if guard.is_encrypted {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// The name of a method; `other` for one that no path has.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}

impl Guard {
    fn admit(&self, request: &Request) -> Result<(), Problem> {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        if length(request.headers()).is_some_and(|length| length > BODY_BYTES_MAX) {
            return Err(too_large(BODY_BYTES_MAX));
        }
        if is_read && probe::PATHS.contains(&request.uri().path()) {
            return Ok(());
        }
        self.names.check(request.method(), request.uri(), request.headers())
    }
}

/// Notes the caller of a request to the API, or refuses it. The console, which asks the API, has none.
pub(super) async fn authenticate(
    State(access): State<watch::Receiver<Arc<Access>>>,
    mut request: Request,
    next: Next,
) -> Response {
    // Of this moment: they may be replaced while the server runs.
    let access = Arc::clone(&access.borrow());
    match access.caller(request.method(), request.headers()) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => refusal(problem),
    }
}

/// Ends what takes too long, and answers every error, a panic too, as problem+json.
async fn answer(request: Request, next: Next) -> Response {
    let head = format!("{} {}", request.method(), request.uri().path());
    // A task of its own, so that a panic ends the request and not the connection.
    match tokio::spawn(tokio::time::timeout(ANSWER_TIMEOUT, next.run(request))).await {
        Ok(Ok(response)) => as_problem(response, &head, BODY_BYTES_MAX).await,
        Ok(Err(_elapsed)) => {
            let detail = format!("there was no answer within {} s; try again", ANSWER_TIMEOUT.as_secs());
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timed_out", detail).into_response()
        }
        Err(error) => {
            tracing::error!(request = head, %error, "a request to the HTTP server has failed");
            Problem::internal().into_response()
        }
    }
}

fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
