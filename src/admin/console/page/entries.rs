//! A list of entries, with its filter in the address.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use minijinja::{Value as View, context};
use serde::Deserialize;
use serde_json::Value;

use super::super::api::{Refusal, field, items};
use super::super::session::Session;
use super::super::shared::Console;
use super::super::view::json;
use super::super::{link, story};
use crate::codec::percent_encode;
use crate::processor::dead_letter::DEAD_LETTER;

/// The rows of a page if nothing else is asked for.
const LIMIT: u16 = 50;

/// The status that stands for every one.
const ALL: &str = "all";
/// The status of dead letters about which nothing was done.
const OPEN: &str = "open";

/// The filter.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in super::super) struct Filter {
    #[serde(default)]
    status: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    limit: String,
    #[serde(default)]
    cursor: String,
}

/// The page.
pub(in super::super) async fn show(
    State(console): State<Console>,
    Path((application, processor)): Path<(String, String)>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Response {
    answer(&console, &headers, (&application, &processor), (&filter, "entries.html")).await
}

/// The list of dead letters: those that are open, unless another status is chosen.
pub(in super::super) async fn letters(
    State(console): State<Console>,
    Path(application): Path<String>,
    Query(mut filter): Query<Filter>,
    headers: HeaderMap,
) -> Response {
    if filter.status.is_empty() {
        OPEN.clone_into(&mut filter.status);
    }
    answer(&console, &headers, (&application, DEAD_LETTER), (&filter, "dead_letters.html")).await
}

async fn answer(
    console: &Console,
    headers: &HeaderMap,
    (application, processor): (&str, &str),
    (filter, template): (&Filter, &str),
) -> Response {
    let session = console.session(headers);
    match page(console, &session, (application, processor), filter).await {
        Ok(page) => console.views.page(&session, (template, page)),
        Err(refusal) => console.views.problem(&session, &refusal, &filter.path(application, processor, &filter.cursor)),
    }
}

async fn page(
    console: &Console,
    session: &Session,
    (application, processor): (&str, &str),
    filter: &Filter,
) -> Result<View, Refusal> {
    let (api, caller) = (&console.api, &session.caller);
    let (_, links) = super::links(api, caller).await?;
    let limit = filter.limit.parse().unwrap_or(LIMIT).to_string();
    let query = [
        ("application", application),
        ("status", if filter.status == ALL { "" } else { &filter.status }),
        ("text", &filter.text),
        ("until", &filter.until),
        ("limit", &limit),
        ("cursor", &filter.cursor),
    ];
    let counts = api.counts(caller, application, processor).await?;
    let found = api.entries(caller, processor, &query).await?;
    let entries: Vec<View> = items(&found).map(|entry| row(application, processor, entry)).collect();
    let next = field(&found, "next").as_str().map(|cursor| filter.path(application, processor, cursor));
    // A page in the middle of a list stays as it is.
    let live = filter.cursor.is_empty().then(|| live(application, processor, ""));
    let shown = context! { items => entries, incomplete => json(field(&found, "incomplete")) };
    Ok(context! {
        here => link::entries(application, processor),
        tasks => link::tasks(application),
        flows => link::flows(application),
        self_path => filter.path(application, processor, &filter.cursor),
        choices => choices(&counts, &filter.status),
        total => field(&counts, "total").as_u64(),
        filter => context! {
            status => filter.status.clone(), text => filter.text.clone(), until => filter.until.clone(),
            limit => limit.parse::<u16>().unwrap_or(LIMIT), is_set => filter.is_set(),
        },
        page => shown,
        links, application, processor, next, live,
    })
}

/// What a page of these asks the server to watch.
pub(in super::super) fn live(application: &str, processor: &str, key: &str) -> String {
    format!(
        "application={}&processor={}&key={}",
        percent_encode(application),
        percent_encode(processor),
        percent_encode(key)
    )
}

fn row(application: &str, processor: &str, entry: &Value) -> View {
    let path = link::entry(application, processor, field(entry, "key").as_str().unwrap_or_default());
    let summary = field(entry, "entry").as_object().map(story::lead).unwrap_or_default();
    context! { path, summary, ..json(entry) }
}

/// The statuses to choose from, with their numbers, and what they begin with.
fn choices(counts: &Value, chosen: &str) -> Vec<View> {
    let counts = super::super::samples::counts(counts);
    let mut begins: Vec<&str> = counts.keys().filter_map(|name| Some(name.split_once('/')?.0)).collect();
    begins.dedup();
    let begin = |begin: &str| {
        let of = counts.iter().filter(|(name, _)| name.split_once('/').is_some_and(|(it, _)| it == begin));
        context! { name => begin, number => of.map(|(_, number)| number).sum::<u64>() }
    };
    let all = counts.iter().map(|(name, number)| context! { name, number });
    // A status that no entry has any more stays chosen.
    let is_known = chosen.is_empty() || chosen == ALL || counts.contains_key(chosen) || begins.contains(&chosen);
    let rest = (!is_known).then(|| context! { name => chosen, number => 0 });
    begins.iter().map(|name| begin(name)).chain(all).chain(rest).collect()
}

impl Filter {
    fn is_set(&self) -> bool {
        [&self.status, &self.text, &self.until].iter().any(|value| !value.is_empty())
    }

    /// The page with this filter that begins at a cursor.
    fn path(&self, application: &str, processor: &str, cursor: &str) -> String {
        let filter = [
            ("status", &*self.status),
            ("text", &self.text),
            ("until", &self.until),
            ("limit", &self.limit),
            ("cursor", cursor),
        ];
        link::filtered(application, processor, &filter)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_status_can_be_chosen_by_its_begin_and_stays_chosen() {
        let counts = json!({ "counts": { "open/waiting-child": 2, "open/waiting-parent": 3, "closed": 1 } });
        let of = |chosen| {
            let choices = serde_json::to_value(choices(&counts, chosen)).unwrap();
            let all = choices.as_array().unwrap().clone();
            all.iter().map(|it| format!("{} {}", it["name"].as_str().unwrap(), it["number"])).collect::<Vec<_>>()
        };
        assert_eq!(of("open"), ["open 5", "closed 1", "open/waiting-child 2", "open/waiting-parent 3"]);
        assert_eq!(of("failed").last().unwrap(), "failed 0");
    }
}
