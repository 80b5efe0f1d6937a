//! A trace by its id alone, an address that can be written by hand.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::super::api::{Refusal, field, items};
use super::super::session::Session;
use super::super::shared::Console;
use super::super::{api, link};
use super::entry;
use crate::processor::trace::TRACE;

/// The application, if several have traces.
#[derive(Clone, Debug, Deserialize)]
pub(in super::super) struct Parameters {
    #[serde(default)]
    application: String,
}

/// The page.
pub(in super::super) async fn show(
    State(console): State<Console>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let session = console.session(&headers);
    match application(&console, &session, parameters.application).await {
        Ok(application) => {
            let place = api::Place { application: &application, processor: TRACE, key: &id };
            entry::answer(&console, &headers, (&place, entry::TRACE_PAGE), &entry::Parameters::of(&id)).await
        }
        Err(refusal) => console.views.problem(&session, &refusal, &link::trace(&id)),
    }
}

/// The application that is named, or the first one with traces.
async fn application(console: &Console, session: &Session, named: String) -> Result<String, Refusal> {
    if !named.is_empty() {
        return Ok(named);
    }
    let applications = console.api.get(&session.caller, "/api/v1/applications").await?;
    let has_traces =
        |it: &&Value| field(it, "processors").as_array().into_iter().flatten().any(|processor| *processor == *TRACE);
    let having: Vec<&str> = items(&applications).filter(has_traces).filter_map(|it| field(it, "id").as_str()).collect();
    match having.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err(Refusal {
            status: StatusCode::NOT_FOUND,
            detail: "no application of this process keeps traces: a topology file with `trace: ..` does".to_owned(),
        }),
        several => Err(Refusal {
            status: StatusCode::CONFLICT,
            detail: format!("several applications keep traces: add `?application=` with one of {}", several.join(", ")),
        }),
    }
}
