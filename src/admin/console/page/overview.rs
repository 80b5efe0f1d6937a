//! The first page: the sinks that take nothing, what is open, late and failed, the next deadlines, the instances.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value as View, context};
use serde_json::Value;

use super::super::api::{Refusal, field, items};
use super::super::link;
use super::super::samples::counts;
use super::super::session::Session;
use super::super::shared::Console;
use super::super::sink;
use super::super::view::{json, tone};
use crate::processor::dead_letter::DEAD_LETTER;

/// The next deadlines that are shown.
const NEXT: &str = "5";

/// The page.
pub(in super::super) async fn show(State(console): State<Console>, headers: HeaderMap) -> Response {
    let session = console.session(&headers);
    match page(&console, &session).await {
        Ok(page) => console.views.page(&session, ("overview.html", page)),
        Err(refusal) => console.views.problem(&session, &refusal, "/"),
    }
}

async fn page(console: &Console, session: &Session) -> Result<View, Refusal> {
    let caller = &session.caller;
    let (found, links) = super::links(&console.api, caller).await?;
    let instances = console.api.get(caller, "/api/v1/instances?limit=500").await?;
    let mut applications = Vec::new();
    for application in items(&found) {
        applications.push(of(console, session, application).await?);
    }
    let sinks = View::from(Serde(sink::stopped(&instances)));
    let instances: Vec<View> = items(&instances).map(json).collect();
    Ok(context! { here => "/", live => "scope=all", links, sinks, applications, instances })
}

async fn of(console: &Console, session: &Session, application: &Value) -> Result<View, Refusal> {
    let (api, caller) = (&console.api, &session.caller);
    let id = field(application, "id").as_str().unwrap_or_default();
    let (mut cards, mut incomplete, mut next) = (Vec::new(), Vec::new(), Vec::new());
    for processor in field(application, "processors").as_array().into_iter().flatten().filter_map(Value::as_str) {
        let answer = api.counts(caller, id, processor).await?;
        incomplete.extend(field(&answer, "incomplete").as_array().into_iter().flatten().map(json));
        let place = (id.to_owned(), processor.to_owned());
        let counts = counts(&answer);
        for (name, number) in &counts {
            let path = link::filtered(id, processor, &[("status", name)]);
            let spark = console.samples.line(&place, name);
            cards.push(context! { name, number, path, processor, tone => tone(name), spark });
        }
        // Dead letters have no deadlines.
        if processor != DEAD_LETTER && counts.keys().any(|name| name.starts_with("open")) {
            let query = [("application", id), ("status", "open"), ("limit", NEXT)];
            let page = api.entries(caller, processor, &query).await?;
            next.extend(items(&page).map(|entry| {
                let path = link::entry(id, processor, field(entry, "key").as_str().unwrap_or_default());
                context! { path, ..json(entry) }
            }));
        }
    }
    Ok(context! { cards, incomplete, next, ..json(application) })
}
