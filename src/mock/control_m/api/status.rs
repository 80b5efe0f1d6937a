//! `GET /run/status/{id}` and `GET /run/jobs/status`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::engine::{Engine, Order, Unit};
use super::super::row::{Row, Times};
use super::super::world::World;
use super::super::{answer, pattern};

/// Rows per page of `run/status`.
const PAGE: usize = 25;
/// The number of rows of `jobs/status` by default, and at most.
const LIMIT: usize = 1_000;
const LIMIT_MAX: usize = 10_000;

pub(super) type Filters = BTreeMap<String, String>;

/// A page of the jobs of one run. While the lag hides some, the run is pending.
pub(super) async fn run_status(
    State(world): State<Arc<World>>,
    Path(run_id): Path<String>,
    Query(query): Query<Filters>,
    headers: HeaderMap,
) -> Response {
    let Ok(start) = query.get("startIndex").map_or(Ok(0), |text| text.parse::<usize>()) else {
        return answer::error(StatusCode::BAD_REQUEST, "startIndex is not a number");
    };
    let found = world.engine(|engine| {
        let orders: Vec<&Order> = engine.run(&run_id)?.collect();
        let hidden = orders.iter().any(|order| !is_visible(engine, order));
        let visible = orders.into_iter().filter(|order| is_visible(engine, order));
        let shown = visible.flat_map(|order| engine.units_of(order)).filter(|unit| unit.is_shown());
        Some((shown.map(|unit| Row::new(engine, unit, Times::Long)).collect::<Vec<Row>>(), hidden))
    });
    let Some((rows, hidden)) = found else {
        return answer::error(StatusCode::NOT_FOUND, &format!("Run id '{run_id}' was not found"));
    };
    let completion = if hidden || rows.iter().any(|row| row.end_time.is_empty()) { "Pending" } else { "Completed" };
    let (total, base) = (rows.len(), answer::base(&headers));
    let page: Vec<Row> = rows.into_iter().skip(start).take(PAGE).map(|row| row.with_addresses(&base)).collect();
    let mut body = json!({
        "statuses": page, "startIndex": start, "itemsPerPage": PAGE, "total": total, "completion": completion,
    });
    let next = start.checked_add(PAGE).filter(|next| *next < total);
    if let (Some(next), Some(body)) = (next, body.as_object_mut()) {
        body.insert("nextURI".to_owned(), format!("{base}/run/status/{run_id}?startIndex={next}").into());
    }
    Json(body).into_response()
}

/// The jobs that fit the filters; 206 when there are more than the limit. Unknown parameters are ignored.
pub(super) async fn jobs_status(
    State(world): State<Arc<World>>,
    Query(query): Query<Filters>,
    headers: HeaderMap,
) -> Response {
    let Ok(limit) = query.get("limit").map_or(Ok(LIMIT), |text| text.parse::<usize>()) else {
        return answer::error(StatusCode::BAD_REQUEST, "limit is not a number");
    };
    let limit = limit.min(LIMIT_MAX);
    let mut rows = world.engine(|engine| rows(engine, &query));
    let total = rows.len();
    rows.truncate(limit);
    let base = answer::base(&headers);
    let rows: Vec<Row> = rows.into_iter().map(|row| row.with_addresses(&base)).collect();
    let status = if total > limit { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    (status, Json(json!({ "statuses": rows, "returned": rows.len(), "total": total }))).into_response()
}

fn rows(engine: &Engine, query: &Filters) -> Vec<Row> {
    let orders: Vec<&Order> = match query.get("folder").filter(|name| !name.contains(['*', '/', ','])) {
        Some(name) => engine.orders_of(name).collect(),
        None => engine.orders().iter().collect(),
    };
    let visible = orders.into_iter().filter(|order| is_visible(engine, order));
    let units = visible.flat_map(|order| engine.units_of(order)).filter(|unit| unit.is_shown());
    let named = units.filter(|unit| query.get("jobname").is_none_or(|wanted| fits_name(unit, wanted)));
    named.map(|unit| Row::new(engine, unit, Times::Compact)).filter(|row| fits(row, query)).collect()
}

fn is_visible(engine: &Engine, order: &Order) -> bool {
    order.visible_at <= engine.now()
}

/// The most frequent filter, before a row is made.
fn fits_name(unit: &Unit, wanted: &str) -> bool {
    fits_one_of(wanted, &unit.node().name)
}

pub(super) fn fits(row: &Row, query: &Filters) -> bool {
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
            "host" => &row.host,
            "description" => &row.description,
            "orderDateFrom" => return row.order_date.as_str() >= wanted.as_str(),
            "orderDateTo" => return row.order_date.as_str() <= wanted.as_str(),
            "held" => return row.held.to_string() == *wanted,
            "deleted" => return row.deleted.to_string() == *wanted,
            _ => return true,
        };
        fits_one_of(wanted, value)
    })
}

/// Whether the text fits one of the names, which commas separate.
fn fits_one_of(wanted: &str, text: &str) -> bool {
    wanted.split(',').any(|wanted| pattern::matches(wanted, text))
}
