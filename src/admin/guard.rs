//! What each request passes: limits of size and time, and errors in one form.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::api::Problem;

/// The largest body of a request, in bytes.
pub(super) const BODY_BYTES_MAX: usize = 256 << 10;
/// The longest time from the head of a request to its answer, the reading of its body included.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of the text of an error.
const TEXT_BYTES_MAX: usize = 4_096;

/// Refuses large bodies, ends what takes too long, and answers every error, a panic too, as problem+json.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    if length(request.headers()).is_some_and(|length| length > BODY_BYTES_MAX) {
        return too_large().into_response();
    }
    let head = format!("{} {}", request.method(), request.uri().path());
    // A task of its own, so that a panic ends the request and not the connection.
    match tokio::spawn(tokio::time::timeout(ANSWER_TIMEOUT, next.run(request))).await {
        Ok(Ok(response)) => as_problem(response, &head).await,
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

fn too_large() -> Problem {
    let detail = format!("the body is larger than {} KiB", BODY_BYTES_MAX >> 10);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
}

/// The errors of the router and of its extractors are plain text or empty.
async fn as_problem(response: Response, head: &str) -> Response {
    let status = response.status();
    let media_type = response.headers().get(header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    if !(status.is_client_error() || status.is_server_error())
        || !(media_type.is_empty() || media_type.starts_with(b"text/plain"))
    {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = to_bytes(body, TEXT_BYTES_MAX).await.unwrap_or_default();
    let problem = match status {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        status if status.is_server_error() => {
            tracing::error!(request = head, %status, text = %String::from_utf8_lossy(&text), "a request to the HTTP server has failed");
            Problem::new(status, code(status), Problem::internal().detail)
        }
        status => Problem::new(status, code(status), detail(status, &String::from_utf8_lossy(&text))),
    };
    let answer = problem.into_response();
    for (name, value) in answer.headers() {
        parts.headers.insert(name, value.clone());
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, answer.into_body())
}

fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => "bad_request",
        StatusCode::NOT_FOUND => "unknown_path",
        StatusCode::METHOD_NOT_ALLOWED => "unknown_method",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unknown_media_type",
        status if status.is_server_error() => "internal",
        _ => "refused",
    }
}

fn detail(status: StatusCode, text: &str) -> String {
    match status {
        StatusCode::NOT_FOUND => "there is no such path: GET /api/v1/openapi.json lists those of the API".to_owned(),
        StatusCode::METHOD_NOT_ALLOWED => {
            "the path does not have this method: the header `allow` lists its methods".to_owned()
        }
        _ if text.is_empty() => status.canonical_reason().unwrap_or("the request is refused").to_owned(),
        _ => text.to_owned(),
    }
}
