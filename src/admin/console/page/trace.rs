//! A trace by its id alone, an address that can be written by hand.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

use super::super::api::Refusal;
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
    match application(&console, &session, &parameters.application).await {
        Ok(application) => {
            let place = api::Place { application: &application, processor: TRACE, key: &id };
            entry::answer(&console, &headers, (&place, entry::TRACE_PAGE), &entry::Parameters::of(&id)).await
        }
        Err(refusal) => console.views.problem(&session, &refusal, &link::trace(&id)),
    }
}

/// The application that is named, or the only one with traces.
async fn application(console: &Console, session: &Session, named: &str) -> Result<String, Refusal> {
    let applications = console.api.get(&session.caller, "/api/v1/applications").await?;
    super::with_processor(&applications, TRACE, named)
}
