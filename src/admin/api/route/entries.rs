//! `GET /{processor}/entries`, `GET /{processor}/entries/{key}` and `GET /{processor}/counts`: the entries of all instances.

use std::sync::{Arc, OnceLock};

use axum::Json;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};

use super::ask::{Answer, Shared, ask};
use super::entry_query::{EntryQuery, ProcessorQuery};
use crate::admin::api::answer::{Entry, EntryCounts, EntryPage};
use crate::admin::api::peers::{self, PeerAnswer};
use crate::admin::api::problem::{Failure, Unknown};
use crate::admin::api::{Problem, scope};
use crate::codec::percent_encode;
use crate::model::Key;
use crate::runtime::{CountsAnswer, Filter, Incomplete, Item, Page, Queries, QueryFailure};

/// The entries of a processor
///
/// The entries of all instances, in the order of `at`, by pages.
#[utoipa::path(get, path = "/{processor}/entries", operation_id = "list_entries", tag = "entries",
    params(("processor" = String, Path, description = "The processor: `bundle`, `delivery`."), EntryQuery),
    responses((status = 200, description = "The entries.", body = EntryPage), Unknown, Failure))]
pub(super) async fn list(
    State(port): State<Shared>,
    Path(processor): Path<String>,
    Query(parameters): Query<Vec<(String, String)>>,
    (OriginalUri(uri), headers): (OriginalUri, HeaderMap),
) -> Answer<EntryPage> {
    let (mut filter, mut application, mut is_local) = (Filter::default(), None, false);
    for (name, value) in parameters {
        match name.as_str() {
            "application" => application = Some(value),
            "local" => is_local = value == "true",
            _ => filter.set(&name, &value).map_err(|error| Problem::bad_parameter(&error.name, &error.problem))?,
        }
    }
    let limit = filter.limit;
    let (slot, name) = (slot(&port, &processor, application.as_deref())?, processor.clone());
    let Json(own) = ask_queries(port, &slot, move |queries| queries.list(&name, &filter)).await?;
    if is_local {
        return Ok(Json(own.into()));
    }
    let queries = ready(&slot)?;
    let path = local_path(&uri);
    let answers = peers::ask::<Page>(queries, |task| *task.processor == *processor, &path, &headers).await;
    let (others, told) = sorted(answers);
    let mut page = Page::merge([own].into_iter().chain(others).collect(), limit);
    let told: Vec<Incomplete> = page.incomplete.into_iter().chain(told).collect();
    let all = queries.partitions(&processor).map_err(|failure| problem(&failure))?;
    page.incomplete = Incomplete::rest(&all, &page.partitions, &told, |_| NO_OWNER.to_owned());
    Ok(Json(page.into()))
}

/// One entry of a processor
///
/// The entry as it is committed, from the instance that processes it.
#[utoipa::path(get, path = "/{processor}/entries/{key}", operation_id = "show_entry", tag = "entries",
    params(("processor" = String, Path, description = "The processor: `bundle`, `delivery`."),
        ("key" = String, Path, description = "The key: of a bundle its id."), ProcessorQuery),
    responses((status = 200, description = "The entry.", body = Entry), Unknown, Failure))]
pub(super) async fn show(
    State(port): State<Shared>,
    Path(place): Path<(String, String)>,
    Query(query): Query<ProcessorQuery>,
    (OriginalUri(uri), headers): (OriginalUri, HeaderMap),
) -> Answer<Entry> {
    entry(port, place, query, (uri, headers)).await
}

/// The entry of a processor and a key, for a request with this address, which other instances are asked with too.
pub(super) async fn entry(
    port: Shared,
    (processor, key): (String, String),
    query: ProcessorQuery,
    (uri, headers): (Uri, HeaderMap),
) -> Answer<Entry> {
    let slot = slot(&port, &processor, query.application.as_deref())?;
    let queries = ready(&slot)?;
    let task = queries.task_of(&processor, &Key::new(&key)).map_err(|failure| problem(&failure))?;
    let (name, own_key) = (processor.clone(), Key::new(&key));
    let own = ask_queries(port, &slot, move |queries| match queries.entry(&name, &own_key) {
        Err(failure @ QueryFailure::Elsewhere { .. }) => Ok(Err(failure)),
        answered => answered.map(Ok),
    });
    let elsewhere = match own.await?.0 {
        Ok(Some(item)) => return Ok(Json(item.into())),
        Ok(None) => return Err(no_entry(&processor, &key)),
        Err(failure) if query.local => return Err(problem(&failure)),
        Err(failure) => failure,
    };
    let mut reasons = Vec::new();
    for PeerAnswer { answer, .. } in
        peers::ask::<Item>(queries, |owned| *owned == task, &local_path(&uri), &headers).await
    {
        match answer {
            Ok(Some(item)) => return Ok(Json(item.into())),
            Ok(None) => return Err(no_entry(&processor, &key)),
            Err(reason) => reasons.push(reason),
        }
    }
    let is_here = matches!(elsewhere, QueryFailure::Elsewhere { is_restoring: true, .. });
    if is_here || reasons.is_empty() {
        reasons.push(if is_here { elsewhere.to_string() } else { NO_OWNER.to_owned() });
    }
    let detail = format!("the entry is in partition {} of {processor}: {}", task.partition, reasons.join("; "));
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "incomplete", detail))
}

/// The numbers of entries of a processor
///
/// Exact, by status, of all instances; what changed within the last second may be missing.
#[utoipa::path(get, path = "/{processor}/counts", operation_id = "count_entries", tag = "entries",
    params(("processor" = String, Path, description = "The processor: `bundle`, `delivery`."), ProcessorQuery),
    responses((status = 200, description = "The numbers.", body = EntryCounts), Unknown, Failure))]
pub(super) async fn counts(
    State(port): State<Shared>,
    Path(processor): Path<String>,
    Query(query): Query<ProcessorQuery>,
    (OriginalUri(uri), headers): (OriginalUri, HeaderMap),
) -> Answer<EntryCounts> {
    let (slot, name) = (slot(&port, &processor, query.application.as_deref())?, processor.clone());
    let Json(own) = ask_queries(port, &slot, move |queries| queries.counts(&name)).await?;
    if query.local {
        return Ok(Json(own.into()));
    }
    let queries = ready(&slot)?;
    let path = local_path(&uri);
    let answers = peers::ask::<CountsAnswer>(queries, |task| *task.processor == *processor, &path, &headers).await;
    let (others, told) = sorted(answers);
    let mut sum = CountsAnswer::merge([own].into_iter().chain(others).collect());
    let told: Vec<Incomplete> = sum.incomplete.into_iter().chain(told).collect();
    let all = queries.partitions(&processor).map_err(|failure| problem(&failure))?;
    sum.incomplete = Incomplete::rest(&all, &sum.partitions.keys().copied().collect(), &told, |_| NO_OWNER.to_owned());
    Ok(Json(sum.into()))
}

/// The reason of a partition that no instance has registered.
const NO_OWNER: &str = "no instance has it: instances are joining, or have stopped";

/// The reason of a partition of an instance that does not know the path.
const NO_PATH: &str = "its instance is of a version that does not answer this";

type Slot = Arc<OnceLock<Queries>>;

/// The queries of the application with this processor.
fn slot(port: &Shared, processor: &str, application: Option<&str>) -> Result<Slot, Problem> {
    let id = scope::with_processor(&**port, processor, application)?;
    port.queries(&id).ok_or_else(Problem::internal)
}

/// The queries, once the topics are known.
fn ready(slot: &Slot) -> Result<&Queries, Problem> {
    let detail = "the instance is starting: ask again in a moment";
    slot.get().ok_or_else(|| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "starting", detail))
}

async fn ask_queries<T: Send + 'static>(
    port: Shared,
    slot: &Slot,
    question: impl FnOnce(&Queries) -> Result<T, QueryFailure> + Send + 'static,
) -> Answer<T> {
    let slot = slot.clone();
    ask(port, move |_| question(ready(&slot)?).map_err(|failure| problem(&failure))).await
}

/// The answers of other instances, and the partitions of those that have none.
fn sorted<T>(answers: Vec<PeerAnswer<T>>) -> (Vec<T>, Vec<Incomplete>) {
    let (mut answered, mut told) = (Vec::new(), Vec::new());
    for PeerAnswer { tasks, answer } in answers {
        match answer {
            Ok(Some(answer)) => answered.push(answer),
            Ok(None) => told.extend(tasks.iter().map(|task| Incomplete::new(task.partition, NO_PATH.to_owned()))),
            Err(reason) => told.extend(tasks.iter().map(|task| Incomplete::new(task.partition, reason.clone()))),
        }
    }
    (answered, told)
}

/// The path and the parameters of a question that another instance answers for itself.
fn local_path(uri: &Uri) -> String {
    let separator = if uri.query().is_some_and(|query| !query.is_empty()) { "&" } else { "?" };
    let path = uri.path_and_query().map_or("", |path| path.as_str()).trim_end_matches('?');
    format!("{path}{separator}local=true")
}

/// The address of an entry, for a request of another route: other instances are asked with it.
pub(super) fn address(processor: &str, key: &str, application: Option<&str>) -> Result<Uri, Problem> {
    let application = application.map(|id| format!("?application={}", percent_encode(id))).unwrap_or_default();
    let path = format!("/api/v1/{}/entries/{}{application}", percent_encode(processor), percent_encode(key));
    path.parse().map_err(|_invalid| Problem::internal())
}

fn no_entry(processor: &str, key: &str) -> Problem {
    let shown: String = key.chars().take(100).collect();
    Problem::not_found(
        "unknown_entry",
        format!("{processor} has no entry `{shown}`: it has never been one, or was removed after its retention"),
    )
}

fn problem(failure: &QueryFailure) -> Problem {
    let unavailable = |code| Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, failure.to_string());
    match failure {
        QueryFailure::UnknownProcessor { .. } => Problem::not_found("unknown_processor", failure.to_string()),
        QueryFailure::Elsewhere { .. } => unavailable("elsewhere"),
        QueryFailure::Busy { .. } => unavailable("busy"),
        QueryFailure::Store { .. } => {
            tracing::error!(%failure, "a query has failed");
            Problem::internal()
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_address_names_the_application_that_was_asked_for() {
        let address = |application| super::address("flow", "o 1", application).unwrap().to_string();
        assert_eq!(address(Some("orders")), "/api/v1/flow/entries/o%201?application=orders");
        assert_eq!(address(None), "/api/v1/flow/entries/o%201");
    }
}
