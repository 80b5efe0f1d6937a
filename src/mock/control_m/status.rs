//! `GET /run/status/{id}` and `GET /run/jobs/status`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::row::Row;
use super::world::World;
use super::{answer, pattern};

/// Rows per page of `run/status`.
const PAGE: usize = 25;
/// The number of rows of `jobs/status` by default, and at most.
const LIMIT: usize = 1_000;
const LIMIT_MAX: usize = 10_000;

type Parameters = Query<BTreeMap<String, String>>;

/// A page of the jobs of one run. While the lag hides some, the run is pending.
pub(super) async fn run_status(
    State(world): State<Arc<World>>,
    Path(run_id): Path<String>,
    Query(query): Parameters,
) -> Response {
    let Ok(start) = query.get("startIndex").map_or(Ok(0), |text| text.parse::<usize>()) else {
        return answer::error(StatusCode::BAD_REQUEST, "startIndex is not a number");
    };
    let Some((rows, hidden)) = world.run(&run_id) else {
        return answer::error(StatusCode::NOT_FOUND, &format!("Run id '{run_id}' was not found"));
    };
    let completion = if hidden || rows.iter().any(|row| row.end_time.is_empty()) { "Pending" } else { "Completed" };
    let total = rows.len();
    let page: Vec<Row> = rows.into_iter().skip(start).take(PAGE).map(Row::with_long_times).collect();
    Json(json!({
        "statuses": page, "startIndex": start, "itemsPerPage": PAGE, "total": total, "completion": completion,
    }))
    .into_response()
}

/// The jobs that fit the filters; 206 when there are more than the limit. Unknown parameters are ignored.
pub(super) async fn jobs_status(State(world): State<Arc<World>>, Query(query): Parameters) -> Response {
    let Ok(limit) = query.get("limit").map_or(Ok(LIMIT), |text| text.parse::<usize>()) else {
        return answer::error(StatusCode::BAD_REQUEST, "limit is not a number");
    };
    let limit = limit.min(LIMIT_MAX);
    let mut rows: Vec<Row> = world.rows().into_iter().filter(|row| fits(row, &query)).collect();
    let total = rows.len();
    rows.truncate(limit);
    let status = if total > limit { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    (status, Json(json!({ "statuses": rows, "returned": rows.len(), "total": total }))).into_response()
}

fn fits(row: &Row, query: &BTreeMap<String, String>) -> bool {
    query.iter().all(|(filter, wanted)| {
        let value = match filter.as_str() {
            "jobname" => &row.name,
            "jobid" => &row.job_id,
            // Two words for the same.
            "ctm" | "server" => &row.ctm,
            "folder" => &row.folder,
            "application" => &row.application,
            "subApplication" => &row.sub_application,
            "status" => &row.status,
            _ => return true,
        };
        pattern::matches(wanted, value)
    })
}

/// The servers, all up.
pub(super) async fn servers(State(world): State<Arc<World>>) -> Response {
    let rows: Vec<_> = world
        .servers()
        .into_iter()
        .map(|name| json!({ "name": name, "host": name, "state": "Up", "message": "Connected", "version": "9.0.22" }))
        .collect();
    Json(rows).into_response()
}
