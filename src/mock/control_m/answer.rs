//! JSON bodies of answers and errors.

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::settings::BASE_PATH;

/// One error of an `ErrorList`. A field that says nothing is left out and never null: clients fail on null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    /// The error.
    pub(super) message: String,
    /// The folder or job with the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) item: Option<String>,
}

impl Problem {
    /// A problem of the request as a whole.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), item: None }
    }

    /// A problem of one folder or job.
    pub(super) fn of(item: &str, message: impl Into<String>) -> Self {
        Self { message: message.into(), item: Some(item.to_owned()) }
    }
}

/// An answer with an `ErrorList`.
pub(super) fn errors(status: StatusCode, problems: &[Problem]) -> Response {
    (status, Json(serde_json::json!({ "errors": problems }))).into_response()
}

/// An answer with one error.
pub(super) fn error(status: StatusCode, message: &str) -> Response {
    errors(status, &[Problem::new(message)])
}

/// An answer with a message.
pub(super) fn message(text: &str) -> Response {
    Json(serde_json::json!({ "message": text })).into_response()
}

/// The address of the API, as the client calls it.
pub(super) fn base(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}{BASE_PATH}")
}
