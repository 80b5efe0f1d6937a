//! The errors of the router and of its extractors, which are plain text or empty, as problem+json.

use axum::body::to_bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::api::Problem;

/// The most bytes of the text of an error.
const TEXT_BYTES_MAX: usize = 4_096;

/// A body of more than `most` bytes.
pub(super) fn too_large(most: usize) -> Problem {
    let detail = format!("the body is larger than {} KiB", most >> 10);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
}

/// The same answer, or its error as a problem; `request` is its name in the log, `most` the largest body in bytes.
pub(super) async fn as_problem(response: Response, request: &str, most: usize) -> Response {
    let status = response.status();
    let media_type = response.headers().get(header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || !(media_type.is_empty() || media_type.starts_with(b"text/plain")) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = to_bytes(body, TEXT_BYTES_MAX).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let problem = match status {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(most),
        status if status.is_server_error() => {
            tracing::error!(request, %status, %text, "a request to the HTTP server has failed");
            Problem::new(status, "internal", Problem::internal().detail)
        }
        status => Problem::new(status, code(status), detail(status, &text)),
    };
    let answer = problem.into_response();
    parts.headers.remove(header::CONTENT_LENGTH);
    for (name, value) in answer.headers() {
        parts.headers.insert(name, value.clone());
    }
    Response::from_parts(parts, answer.into_body())
}

fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => "bad_request",
        StatusCode::NOT_FOUND => "unknown_path",
        StatusCode::METHOD_NOT_ALLOWED => "unknown_method",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unknown_media_type",
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
