//! The definitions of flows: their list, one with its picture and the flows at its steps, and pictures.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use minijinja::{Value as View, context};
use serde::Deserialize;
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::super::api::{Refusal, field, items};
use super::super::link;
use super::super::session::Session;
use super::super::shared::Console;
use super::super::view::json;
use super::entries::live;
use crate::admin::picture::Picture;
use crate::processor::flow::FLOW;

/// The application, if several have flows.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in super::super) struct Parameters {
    #[serde(default)]
    application: String,
}

/// The key of a flow.
#[derive(Clone, Debug, Deserialize)]
pub(in super::super) struct Entry {
    key: String,
}

/// The list.
pub(in super::super) async fn list(
    State(console): State<Console>,
    Query(Parameters { application }): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let session = console.session(&headers);
    match list_page(&console, &session, &application).await {
        Ok(page) => console.views.page(&session, ("flows.html", page)),
        Err(refusal) => console.views.problem(&session, &refusal, &link::flows(&application)),
    }
}

/// A definition.
pub(in super::super) async fn show(
    State(console): State<Console>,
    Path(name): Path<String>,
    Query(Parameters { application }): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let session = console.session(&headers);
    match page(&console, &session, (&application, &name)).await {
        Ok(page) => console.views.page(&session, ("definition.html", page)),
        Err(refusal) => console.views.problem(&session, &refusal, &link::flow(&application, &name)),
    }
}

/// The picture of a definition.
pub(in super::super) async fn picture(
    State(console): State<Console>,
    Path(name): Path<String>,
    Query(Parameters { application }): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let session = console.session(&headers);
    let path = link::with_query(&link::api_picture("definitions", &name), &[("application", &application)]);
    draw(&console, &session, &path).await
}

/// The picture of a flow.
pub(in super::super) async fn entry_picture(
    State(console): State<Console>,
    Path(application): Path<String>,
    Query(Entry { key }): Query<Entry>,
    headers: HeaderMap,
) -> Response {
    let session = console.session(&headers);
    let path = link::with_query(&link::api_picture("entries", &key), &[("application", &application)]);
    draw(&console, &session, &path).await
}

/// A picture of the API.
async fn draw(console: &Console, session: &Session, path: &str) -> Response {
    match console.api.text(&session.caller, path).await {
        Ok(text) => ([(header::CACHE_CONTROL, "no-store")], Picture(text)).into_response(),
        Err(Refusal { status, detail }) => (status, detail).into_response(),
    }
}

async fn list_page(console: &Console, session: &Session, named: &str) -> Result<View, Refusal> {
    let (api, caller) = (&console.api, &session.caller);
    let (applications, links) = super::links(api, caller).await?;
    let application = super::with_processor(&applications, FLOW, named)?;
    let found = api.definitions(caller, &application).await?;
    let row = |definition: &Value| {
        let path = link::flow(&application, field(definition, "name").as_str().unwrap_or_default());
        context! { path, ..json(definition) }
    };
    let definitions: Vec<View> = items(&found).map(row).collect();
    Ok(context! {
        here => link::flows(&application),
        list => link::entries(&application, FLOW),
        links, application, definitions,
    })
}

async fn page(console: &Console, session: &Session, (named, name): (&str, &str)) -> Result<View, Refusal> {
    let (api, caller) = (&console.api, &session.caller);
    let (applications, links) = super::links(api, caller).await?;
    let application = super::with_processor(&applications, FLOW, named)?;
    let found = api.definitions(caller, &application).await?;
    let definition = items(&found).find(|definition| *field(definition, "name") == *name);
    let counts = api.counts(caller, &application, FLOW).await?;
    // Another address when the numbers have changed, so that a browser asks for the picture again.
    let version = format!("{:016x}", xxh3_64(counts.to_string().as_bytes()));
    Ok(context! {
        here => link::flows(&application),
        list => link::filtered(&application, FLOW, &[("status", "open")]),
        self_path => link::flow(&application, name),
        // Flows may be of a former definition of a name that is no more.
        picture => definition.map(|_| link::picture(&application, name, &version)),
        definition => definition.map(json),
        incomplete_partitions => json(field(&counts, "incomplete")),
        live => live(&application, FLOW, ""),
        links, application, name,
    })
}
