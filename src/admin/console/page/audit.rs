//! What operators have done, with its filter in the address; and the same of one entry.

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use minijinja::{Value as View, context};
use serde::Deserialize;
use serde_json::Value;

use super::super::api::{Place, Refusal, field, items};
use super::super::link;
use super::super::session::Session;
use super::super::shared::Console;
use super::super::view::json;

/// The commands of a page of an entry.
const OF_ENTRY: &str = "20";

/// The filter.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in super::super) struct Filter {
    #[serde(default)]
    application: String,
    #[serde(default)]
    processor: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    command: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    cursor: String,
}

/// The page.
pub(in super::super) async fn show(
    State(console): State<Console>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Response {
    let session = console.session(&headers);
    match page(&console, &session, &filter).await {
        Ok(page) => console.views.page(&session, ("audit.html", page)),
        Err(refusal) => console.views.problem(&session, &refusal, &filter.path(&filter.cursor)),
    }
}

async fn page(console: &Console, session: &Session, filter: &Filter) -> Result<View, Refusal> {
    let (api, caller) = (&console.api, &session.caller);
    let (_, links) = super::links(api, caller).await?;
    let found = api.audit(caller, &filter.query(&filter.cursor)).await?;
    let next = field(&found, "next").as_str().map(|cursor| filter.path(cursor));
    let records: Vec<View> = items(&found).map(record).collect();
    let Filter { processor, key, command, by, since, .. } = filter;
    let is_set = filter.query("").iter().any(|(_, value)| !value.is_empty());
    Ok(
        context! { here => "/audit", filter => context! { processor, key, command, by, since, is_set }, records, next, links },
    )
}

/// The latest commands to an entry; what cannot be told is said, and does not keep the page of the entry from being shown.
pub(super) async fn of_entry(console: &Console, session: &Session, place: &Place<'_>) -> View {
    let Place { application, processor, key } = *place;
    let filter = [("application", application), ("processor", processor), ("key", key)];
    let path = link::with_query("/audit", &filter);
    let mut query = filter.to_vec();
    query.push(("limit", OF_ENTRY));
    match console.api.audit(&session.caller, &query).await {
        Ok(found) => context! { path, records => items(&found).map(record).collect::<Vec<_>>() },
        Err(refusal) => context! { path, refused => refusal.detail },
    }
}

fn record(found: &Value) -> View {
    let text = |name| field(found, name).as_str().unwrap_or_default();
    let path = link::entry(text("application"), text("processor"), text("key"));
    context! { path, ..json(found) }
}

impl Filter {
    fn query<'a>(&'a self, cursor: &'a str) -> [(&'static str, &'a str); 7] {
        let Self { application, processor, key, command, by, since, .. } = self;
        [
            ("application", application),
            ("processor", processor),
            ("key", key),
            ("command", command),
            ("by", by),
            ("since", since),
            ("cursor", cursor),
        ]
    }

    /// The page with this filter that begins at a cursor.
    fn path(&self, cursor: &str) -> String {
        link::with_query("/audit", &self.query(cursor))
    }
}
