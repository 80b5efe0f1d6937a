//! One entry: its story, what may be done, and what other processors have under its key.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use minijinja::{Value as View, context};
use serde::Deserialize;
use serde_json::Value;

use super::super::api::{Place, Refusal, field, items};
use super::super::session::Session;
use super::super::shared::Console;
use super::super::view::json;
use super::super::{flow, letter, link, story, trace};
use super::audit;
use super::entries::live;
use crate::model::is_status;
use crate::processor::dead_letter::DEAD_LETTER;
use crate::processor::flow::FLOW;
use crate::processor::trace::TRACE;

/// The header of a request for a part of a page.
const UPDATE: &str = "hx-request";
/// The template of a trace.
pub(super) const TRACE_PAGE: &str = "trace.html";

/// The entry, and what a command said.
#[derive(Clone, Debug, Deserialize)]
pub(in super::super) struct Parameters {
    key: String,
    /// The command that was just sent.
    #[serde(default)]
    sent: String,
    /// What became of it.
    #[serde(default)]
    result: String,
}

impl Parameters {
    /// An entry, without a command.
    pub(super) fn of(key: &str) -> Self {
        Self { key: key.to_owned(), sent: String::new(), result: String::new() }
    }
}

/// The page.
pub(in super::super) async fn show(
    State(console): State<Console>,
    Path((application, processor)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let place = Place { application: &application, processor: &processor, key: &parameters.key };
    let template = match processor.as_str() {
        TRACE => TRACE_PAGE,
        FLOW => "flow.html",
        _ => "entry.html",
    };
    answer(&console, &headers, (&place, template), &parameters).await
}

/// The page of a dead letter.
pub(in super::super) async fn letter(
    State(console): State<Console>,
    Path(application): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let place = Place { application: &application, processor: DEAD_LETTER, key: &parameters.key };
    answer(&console, &headers, (&place, "letter.html"), &parameters).await
}

/// The page of an entry by a template.
pub(super) async fn answer(
    console: &Console,
    headers: &HeaderMap,
    (place, template): (&Place<'_>, &str),
    parameters: &Parameters,
) -> Response {
    let session = console.session(headers);
    let mut page = page(console, &session, place, parameters).await;
    // An update replaces what stands above the commands so far.
    if !headers.contains_key(UPDATE)
        && let Ok(page) = &mut page
    {
        let audit = audit::of_entry(console, &session, place).await;
        *page = context! { audit, ..page.clone() };
    }
    match page {
        Ok(page) => console.views.page(&session, (template, page)),
        Err(refusal) => {
            let here = link::entry(place.application, place.processor, place.key);
            console.views.problem(&session, &refusal, &here)
        }
    }
}

async fn page(
    console: &Console,
    session: &Session,
    place: &Place<'_>,
    parameters: &Parameters,
) -> Result<View, Refusal> {
    let (api, caller) = (&console.api, &session.caller);
    let Place { application, processor, key } = *place;
    let (applications, links) = super::links(api, caller).await?;
    let mut entry = api.entry(caller, place).await?;
    let content = entry.as_object_mut().and_then(|entry| entry.remove("content")).unwrap_or_default();
    let is_exchange = ["request", "submission", "answer"].iter().any(|part| content.get(part).is_some());
    let commands = api.commands(caller, application, processor).await?;
    let commands = items(&commands).filter(|command| is_for(command, &entry)).map(|command| {
        let name = field(command, "name").as_str().unwrap_or_default();
        let path = link::command(application, processor, (key, name));
        context! { name, path, dangerous => field(command, "dangerous").as_bool() }
    });
    let mut related = Vec::new();
    let of = items(&applications).find(|it| *field(it, "id") == *application);
    for other in of.and_then(|it| field(it, "processors").as_array()).into_iter().flatten().filter_map(Value::as_str) {
        if other == processor {
            continue;
        }
        if let Ok(found) = api.entry(caller, &Place { processor: other, ..*place }).await {
            let lead = field(&found, "entry").as_object().map(story::lead);
            let path = link::entry(application, other, key);
            related.push(context! { processor => other, path, lead, status => json(field(&found, "status")) });
        }
    }
    let note = (!parameters.sent.is_empty()).then(|| {
        context! { tone => "good", text => format!("{}: {}", parameters.sent, parameters.result) }
    });
    let text = serde_json::to_string_pretty(&entry).unwrap_or_default();
    Ok(context! {
        here => link::entries(application, processor),
        self_path => link::entry(application, processor, key),
        list => link::entries(application, processor),
        live => live(application, processor, key),
        story => story::of(field(&entry, "entry")),
        entry => json(&entry),
        letter => letter::of(application, &entry, &content),
        flow => (processor == FLOW).then(|| flow::of(place, &entry, &content)),
        trace => (processor == TRACE).then(|| trace::of(&entry, &content)),
        exchange => is_exchange.then(|| json(&content)),
        commands => commands.collect::<Vec<_>>(),
        links, application, processor, related, note, json => text,
    })
}

/// True if a command may change an entry of its status.
fn is_for(command: &Value, entry: &Value) -> bool {
    let Some(statuses) = field(command, "statuses").as_array().filter(|statuses| !statuses.is_empty()) else {
        return true;
    };
    let names: Vec<&str> = field(entry, "status").as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let is_of = |status: &str| names.iter().any(|name| is_status(name, status));
    statuses.iter().filter_map(Value::as_str).any(is_of)
}
