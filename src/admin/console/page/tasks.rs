//! The tasks of people: the steps of flows at which somebody must do something.

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use minijinja::{Value as View, context};
use serde::Deserialize;
use serde_json::Value;

use super::super::api::{Place, Refusal, field, items};
use super::super::session::Session;
use super::super::shared::Console;
use super::super::view::json;
use super::super::{flow, link};
use super::entries::live;
use crate::processor::flow::FLOW;

/// The flows of a page; each has its tasks.
const LIMIT: &str = "200";
/// The status of flows that may wait for a person: lists know the first status of an entry only, not its step.
const OPEN: &str = "open";

/// The filter, and where the page begins.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in super::super) struct Filter {
    #[serde(default)]
    application: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    person: String,
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
        Ok(page) => console.views.page(&session, ("tasks.html", page)),
        Err(refusal) => console.views.problem(&session, &refusal, &filter.path(&filter.application, &filter.cursor)),
    }
}

async fn page(console: &Console, session: &Session, filter: &Filter) -> Result<View, Refusal> {
    let (api, caller) = (&console.api, &session.caller);
    let (applications, links) = super::links(api, caller).await?;
    let application = super::with_processor(&applications, FLOW, &filter.application)?;
    let query =
        [("application", &*application), ("status", OPEN), ("limit", LIMIT), ("cursor", filter.cursor.as_str())];
    let found = api.entries(caller, FLOW, &query).await?;
    let tasks: Vec<(&Value, View)> = items(&found).flat_map(|entry| rows(&application, entry)).collect();
    let (roles, people) = (names(&tasks, "role", &filter.role), names(&tasks, "person", &filter.person));
    let shown = tasks.into_iter().filter(|(wait, _)| filter.has(wait)).map(|(_, row)| row);
    let next = field(&found, "next").as_str().map(|cursor| filter.path(&application, cursor));
    // A page in the middle of a list stays as it is.
    let live = filter.cursor.is_empty().then(|| live(&application, FLOW, ""));
    Ok(context! {
        here => link::tasks(&application),
        self_path => filter.path(&application, &filter.cursor),
        tasks => shown.collect::<Vec<_>>(),
        incomplete_partitions => json(field(&found, "incomplete")),
        filter => context! { role => filter.role.clone(), person => filter.person.clone(), is_set => filter.is_set() },
        list => link::entries(&application, FLOW),
        links, application, roles, people, next, live,
    })
}

/// The tasks of a flow.
fn rows<'a>(application: &str, entry: &'a Value) -> Vec<(&'a Value, View)> {
    let key = field(entry, "key").as_str().unwrap_or_default();
    let place = Place { application, processor: FLOW, key };
    let name = field(field(entry, "entry"), "flow").as_str().unwrap_or_default();
    let row = |task: View| context! { key, flow => name, path => link::entry(application, FLOW, key), ..task };
    flow::tasks(&place, entry).into_iter().map(|(wait, task)| (wait, row(task))).collect()
}

/// The roles or people to choose from: those of the tasks, and the chosen one.
fn names(tasks: &[(&Value, View)], name: &str, chosen: &str) -> Vec<String> {
    let of = tasks.iter().filter_map(|(wait, _)| field(wait, name).as_str());
    let mut names: Vec<String> = of.chain([chosen]).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

impl Filter {
    fn is_set(&self) -> bool {
        [&self.role, &self.person].iter().any(|value| !value.is_empty())
    }

    /// True for a task that is asked for.
    fn has(&self, wait: &Value) -> bool {
        let is = |name: &str, wanted: &str| wanted.is_empty() || field(wait, name).as_str() == Some(wanted);
        is("role", &self.role) && is("person", &self.person)
    }

    /// The page with this filter that begins at a cursor.
    fn path(&self, application: &str, cursor: &str) -> String {
        let parameters =
            [("application", application), ("role", &self.role), ("person", &self.person), ("cursor", cursor)];
        link::with_query(link::TASKS, &parameters)
    }
}
