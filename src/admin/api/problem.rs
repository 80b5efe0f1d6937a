//! Errors of the API in the form of RFC 9457, `application/problem+json`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// The media type.
const MEDIA_TYPE: &str = "application/problem+json";

/// An error, by RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// `about:blank`: `title` and `status` are those of HTTP, and `code` tells errors of one status apart.
    #[schema(examples("about:blank"))]
    pub r#type: &'static str,
    /// The name of the status.
    #[schema(examples("Not Found"))]
    pub title: &'static str,
    /// The status of the answer.
    #[schema(examples(404), minimum = 400, maximum = 599)]
    pub status: u16,
    /// The error, for programs.
    #[schema(examples("unknown_application"))]
    pub code: String,
    /// The error, for people, with the remedy.
    #[schema(examples("there is no application `ctn` in this process: GET /api/v1/applications lists them"))]
    pub detail: String,
}

impl Problem {
    /// An error with this status; `code` is for programs, `detail` names the thing and the remedy.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { r#type: "about:blank", title, status: status.as_u16(), code: code.to_owned(), detail: detail.into() }
    }

    /// A parameter that cannot be understood.
    pub fn bad_parameter(name: &str, detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", format!("{name}: {detail}"))
    }

    /// Something that does not exist.
    pub fn not_found(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// A failure of the server. It is logged by the caller; `detail` has nothing of the inside.
    pub fn internal() -> Self {
        let detail = "the request failed by an error of sheaf: the log of the instance has it";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        response
    }
}

/// The error of a parameter that names something unknown, for the `OpenAPI` document.
#[derive(Debug, IntoResponses)]
#[expect(dead_code, reason = "its variants are read by the macro, which writes them into the document")]
pub(super) enum Unknown {
    /// What a parameter names does not exist.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// Several applications have what the path names, and the parameter `application` names none; or an entry does not allow a
    /// command.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
}

/// The errors that every path may answer, for the `OpenAPI` document.
#[derive(Debug, IntoResponses)]
#[expect(dead_code, reason = "its variants are read by the macro, which writes them into the document")]
pub(super) enum Failure {
    /// A parameter cannot be understood.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(Problem),
    /// The request has no token, or an unknown one.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// The token has a role that may not do this, or the instance is read-only.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// The instance does not answer in time, or is about to stop.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
    /// An error of sheaf.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem),
}
