//! `POST /flows/{name}`: begins a flow, and perhaps waits for its end.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ask::{Shared, ask};
use super::commands;
use super::entries;
use super::entry_query::{ProcessorQuery, StartQuery};
use crate::admin::api::problem::{Failure, Unknown};
use crate::admin::api::{Port, Problem};
use crate::admin::{Caller, Role};
use crate::model::{Clock as _, TraceContext};
use crate::processor::Command;
use crate::processor::flow::FLOW;
use crate::processor::flow::commands::{DATA, FLOW as NAME, START};
use crate::runtime::{Incarnation, SystemClock};

/// The longest wait for an end; the HTTP server answers within ten seconds.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// The time between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// A flow to begin.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFlow {
    /// The key, the same each time that the flow is begun; without one it is given one.
    #[schema(examples("o-1"))]
    key: Option<String>,
    /// The data, an object: that of the message that begins a flow.
    #[serde(default)]
    #[schema(value_type = Object)]
    data: Option<Box<RawValue>>,
}

/// A flow that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct StartedFlow {
    /// `pending`, or the end: `completed`, `failed`, `cancelled`.
    #[schema(examples("pending"))]
    status: String,
    /// The key.
    #[schema(examples("o-1"))]
    key: String,
    /// The key too, under the name that messages have for it.
    #[serde(rename = "traceId")]
    trace_id: String,
    /// Why it has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Begin a flow
///
/// It begins exactly once for a key: the same data again changes nothing, and other data is refused. With `wait` the answer is 200 if the flow has
/// ended in this time, else 202, and the flow goes on: `/flow/entries/{key}` tells how.
#[utoipa::path(post, path = "/flows/{name}", operation_id = "start_flow", tag = "commands",
    params(("name" = String, Path, description = "The name of the flow: of a staged template its component."), StartQuery),
    request_body = NewFlow,
    responses((status = 200, description = "It has ended.", body = StartedFlow),
        (status = 202, description = "It has begun, and goes on.", body = StartedFlow),
        (status = 403, description = "The token does not have the role.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body is not of its form.", body = Problem, content_type = "application/problem+json"),
        Unknown, Failure))]
pub(super) async fn start(
    (State(port), Extension(caller)): (State<Shared>, Extension<Caller>),
    Path(name): Path<String>,
    Query(StartQuery { wait, application }): Query<StartQuery>,
    headers: HeaderMap,
    flow: Result<Json<NewFlow>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(NewFlow { key, data }) =
        flow.map_err(|error| Problem::new(error.status(), "bad_request", error.body_text()))?;
    let wait = wait.as_deref().map(duration).transpose()?;
    caller.needs(Role::Act)?;
    if key.as_ref().is_some_and(String::is_empty) {
        let detail = "`key` is empty: write one, or leave it out";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_request", detail));
    }
    let key = key.unwrap_or_else(new_key);
    // As it was written: its numbers keep their digits.
    let data = data.as_ref().map_or("{}", |data| data.get()).to_owned();
    if !data.starts_with('{') {
        let detail = "`data` is an object: write `{\"data\": {..}}`";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_request", detail));
    }
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{name}\0{key}\0{data}").as_bytes());
    let arguments = BTreeMap::from([(NAME.to_owned(), name), (DATA.to_owned(), data)]);
    let why = "started over HTTP".to_owned();
    let (at, by) = (SystemClock.now(), caller.name.clone());
    let traceparent = headers.get(TraceContext::TRACEPARENT).and_then(|value| value.to_str().ok());
    let traceparent = traceparent.and_then(|text| TraceContext::new(text, None)).map(|trace| trace.traceparent());
    let command = Command { id, name: START.to_owned(), arguments, by, why, at, traceparent };
    let (place, query) = ((FLOW.to_owned(), key.clone()), ProcessorQuery { application, local: false });
    let (sent_key, sent_application) = (key.clone(), query.application.clone());
    let sent = move |port: &dyn Port| {
        commands::execute((port, &caller), (FLOW, sent_application.as_deref()), &sent_key, &command).map(drop)
    };
    let Json(()) = ask(port.clone(), sent).await?;
    let address = entries::address(FLOW, &key, query.application.as_deref())?;
    let until = tokio::time::Instant::now() + wait.unwrap_or_default();
    loop {
        let asked = (address.clone(), headers.clone());
        let ended = match entries::entry(port.clone(), place.clone(), query.clone(), asked).await {
            Ok(Json(entry)) => ending(&entry.entry),
            // Its partition may move meanwhile.
            Err(_) => None,
        };
        if let Some((status, reason)) = ended {
            let flow = StartedFlow { status, trace_id: key.clone(), key, reason };
            return Ok((StatusCode::OK, Json(flow)).into_response());
        }
        if tokio::time::Instant::now() >= until {
            let flow = StartedFlow { status: "pending".to_owned(), trace_id: key.clone(), key, reason: None };
            return Ok((StatusCode::ACCEPTED, Json(flow)).into_response());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A key that no other flow has.
fn new_key() -> String {
    // Each incarnation has an id of its own.
    Incarnation::of_this_process().id.to_string()
}

/// The end of a flow that is shown, and its reason.
fn ending(entry: &Value) -> Option<(String, Option<String>)> {
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    Some((text("/ending/ending")?, text("/ending/reason")))
}

/// A time such as `2s`; a longer one is [`WAIT_MAX`].
fn duration(text: &str) -> Result<Duration, Problem> {
    let wrong = || Problem::bad_parameter("wait", "write a time such as `2s` or `500ms`");
    let (number, unit) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    let number: u64 = number.parse().map_err(|_error: std::num::ParseIntError| wrong())?;
    let wait = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        _ => return Err(wrong()),
    };
    Ok(wait.min(WAIT_MAX))
}
