//! `GET /traces/{id}`: the records with a trace id, another address of their entry.

use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::HeaderMap;

use super::ask::{Answer, Shared};
use super::entries;
use super::entry_query::ProcessorQuery;
use crate::admin::api::answer::Entry;
use crate::admin::api::problem::{Failure, Unknown};
use crate::processor::trace::TRACE;

/// The records with a trace id
///
/// The same as `/trace/entries/{id}`: the entry of the processor `trace`. Its `records` are in the order of time, each with `at`, `kind` (`Command`
/// or `Event`), `name`, `topic`, `partition`, `offset` and `bytes`; those of its `content` have the `value` too, as `text` or `base64`, `truncated`
/// if not all of it is kept. `beyond_limit` is the number of records that are not kept.
#[utoipa::path(get, path = "/traces/{id}", operation_id = "show_trace", tag = "entries",
    params(("id" = String, Path, description = "The trace id."), ProcessorQuery),
    responses((status = 200, description = "The trace.", body = Entry), Unknown, Failure))]
pub(super) async fn show(
    State(port): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query<ProcessorQuery>,
    (OriginalUri(uri), headers): (OriginalUri, HeaderMap),
) -> Answer<Entry> {
    entries::entry(port, (TRACE.to_owned(), id), query, (uri, headers)).await
}
