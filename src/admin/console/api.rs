//! Asks the API of the same process.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt as _;

use super::link::with_query;
use crate::codec::percent_encode;
use crate::processor::flow::FLOW;

/// The largest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// The API, asked with the rights of a caller.
#[derive(Clone, Debug)]
pub(super) struct Api(Router);

/// An error of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The status of HTTP.
    pub status: StatusCode,
    /// The error for people, with the remedy.
    pub detail: String,
}

/// The rights of a caller: the header `authorization`, if the caller has a token.
pub(super) type Authorization = Option<HeaderValue>;

impl Api {
    pub(super) const fn new(routes: Router) -> Self {
        Self(routes)
    }

    /// The answer of a path.
    pub(super) async fn get(&self, caller: &Authorization, path: &str) -> Result<Value, Refusal> {
        self.send(caller, (Method::GET, path), None).await
    }

    /// The answer to a body.
    pub(super) async fn post(&self, caller: &Authorization, path: &str, body: &Value) -> Result<Value, Refusal> {
        self.send(caller, (Method::POST, path), Some(body)).await
    }

    /// The answer of a path as text: a picture.
    pub(super) async fn text(&self, caller: &Authorization, path: &str) -> Result<String, Refusal> {
        let bytes = self.answer(caller, (Method::GET, path), None).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn send(
        &self,
        caller: &Authorization,
        (method, path): (Method, &str),
        body: Option<&Value>,
    ) -> Result<Value, Refusal> {
        let bytes = self.answer(caller, (method, path), body).await?;
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn answer(
        &self,
        caller: &Authorization,
        (method, path): (Method, &str),
        body: Option<&Value>,
    ) -> Result<Bytes, Refusal> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
        if let Some(authorization) = caller {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let failed = || Refusal { status: StatusCode::INTERNAL_SERVER_ERROR, detail: FAILED.to_owned() };
        let request = request.body(body).map_err(|_invalid| failed())?;
        let Ok(response) = self.0.clone().oneshot(request).await;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await.map_err(|_too_large| failed())?;
        if status.is_success() {
            return Ok(bytes);
        }
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let detail = field(&answer, "detail").as_str().map_or_else(|| FAILED.to_owned(), str::to_owned);
        Err(Refusal { status, detail })
    }
}

const FAILED: &str = "the API has no answer: the log of the instance has the reason";

/// A field of an object; null if there is none.
pub(super) fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// The items of a list.
pub(super) fn items(page: &Value) -> impl Iterator<Item = &Value> {
    field(page, "items").as_array().into_iter().flatten()
}

impl Api {
    /// The number of entries of a processor by status.
    pub(super) async fn counts(
        &self,
        caller: &Authorization,
        application: &str,
        processor: &str,
    ) -> Result<Value, Refusal> {
        self.get(caller, &below(processor, "counts", &[("application", application)])).await
    }

    /// The same of the partitions of this instance.
    pub(super) async fn own_counts(
        &self,
        caller: &Authorization,
        application: &str,
        processor: &str,
    ) -> Result<Value, Refusal> {
        self.get(caller, &below(processor, "counts", &[("application", application), ("local", "true")])).await
    }

    /// A page of the entries of a processor.
    pub(super) async fn entries(
        &self,
        caller: &Authorization,
        processor: &str,
        query: &[(&str, &str)],
    ) -> Result<Value, Refusal> {
        self.get(caller, &below(processor, "entries", query)).await
    }

    /// An entry.
    pub(super) async fn entry(&self, caller: &Authorization, place: &Place<'_>) -> Result<Value, Refusal> {
        let rest = format!("entries/{}", percent_encode(place.key));
        self.get(caller, &below(place.processor, &rest, &[("application", place.application)])).await
    }

    /// The definitions of the flows of an application.
    pub(super) async fn definitions(&self, caller: &Authorization, application: &str) -> Result<Value, Refusal> {
        self.get(caller, &below(FLOW, "definitions", &[("application", application), ("limit", "500")])).await
    }

    /// A page of what operators have done.
    pub(super) async fn audit(&self, caller: &Authorization, query: &[(&str, &str)]) -> Result<Value, Refusal> {
        self.get(caller, &with_query("/api/v1/audit", query)).await
    }

    /// The commands of a processor.
    pub(super) async fn commands(
        &self,
        caller: &Authorization,
        application: &str,
        processor: &str,
    ) -> Result<Value, Refusal> {
        self.get(caller, &below(processor, "commands", &[("application", application)])).await
    }

    /// Sends a command to an entry; the answer is its audit.
    pub(super) async fn command(
        &self,
        caller: &Authorization,
        (place, name): (&Place<'_>, &str),
        body: &Value,
    ) -> Result<Value, Refusal> {
        let rest = format!("entries/{}/commands/{}", percent_encode(place.key), percent_encode(name));
        self.post(caller, &below(place.processor, &rest, &[("application", place.application)]), body).await
    }
}

/// An entry's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub application: &'a str,
    pub processor: &'a str,
    pub key: &'a str,
}

/// A path below a processor. Parameters without a value are left out.
fn below(processor: &str, rest: &str, query: &[(&str, &str)]) -> String {
    with_query(&format!("/api/v1/{}/{rest}", percent_encode(processor)), query)
}
