//! `GET /archive/search`, `/archive/{id}/log`, `/archive/{id}/output` and `GET /usage/jobs`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::super::answer;
use super::super::engine::{Engine, Unit};
use super::super::row::{Row, Times};
use super::super::world::World;
use super::status::{Filters, fits};

/// The number of jobs of an answer by default, and at most.
const LIMIT: usize = 500;
const LIMIT_MAX: usize = 1_000;

/// The ended jobs that fit the filters.
pub(super) async fn search(State(world): State<Arc<World>>, Query(query): Query<Filters>) -> Response {
    let Ok(limit) = query.get("limit").map_or(Ok(LIMIT), |text| text.parse::<usize>()) else {
        return answer::error(StatusCode::BAD_REQUEST, "limit is not a number");
    };
    let limit = limit.min(LIMIT_MAX);
    let mut jobs: Vec<Row> = world.engine(|engine| {
        let row = |unit: &Unit| Some(Row::new(engine, unit, Times::Compact)).filter(|row| fits(row, &query));
        engine.archived().filter(|unit| is_found(engine, unit, &query)).filter_map(row).collect()
    });
    let has_more = jobs.len() > limit;
    jobs.truncate(limit);
    Json(json!({ "returned": jobs.len(), "jobs": jobs, "additionalJobsMatchSearchCriteria": has_more })).into_response()
}

/// Whether the filters of the archive alone fit: days of the end, and what is in the log or the output.
fn is_found(engine: &Engine, unit: &Unit, query: &Filters) -> bool {
    let day = unit.ended_at.map(|at| engine.calendar().written(at, "%Y-%m-%d")).unwrap_or_default();
    let has = |filter: &str, text: &dyn Fn() -> String| query.get(filter).is_none_or(|wanted| text().contains(wanted));
    query.get("fromTime").is_none_or(|from| day.as_str() >= from.as_str())
        && query.get("toTime").is_none_or(|to| day.as_str() <= to.as_str())
        && has("logContains", &|| engine.log_of(unit))
        && has("outputContains", &|| engine.output_of(unit, 0).unwrap_or_default())
}

/// The log or the output of an ended job.
pub(super) async fn show(State(world): State<Arc<World>>, Path((job_id, what)): Path<(String, String)>) -> Response {
    world.engine(|engine| {
        let Some(unit) = engine.archived().find(|unit| unit.job_id() == job_id) else {
            return answer::error(StatusCode::NOT_FOUND, &format!("Job id '{job_id}' was not found in the archive"));
        };
        match (what.as_str(), engine.output_of(unit, 0)) {
            ("log", _) => engine.log_of(unit).into_response(),
            ("output", Some(output)) => output.into_response(),
            ("output", None) => answer::error(StatusCode::NOT_FOUND, "OUTPUT DOES NOT EXIST FOR THIS JOB"),
            _ => answer::error(StatusCode::NOT_FOUND, "The requested resource is not available"),
        }
    })
}

/// The number of executions, which is what a licence counts.
pub(super) async fn usage(State(world): State<Arc<World>>) -> Response {
    let executions = world.engine(|engine| engine.executions().clone());
    let usage: Vec<Value> =
        executions.iter().map(|(server, number)| json!({ "server": server, "jobExecution": number })).collect();
    Json(json!({ "usage": usage, "totalJobExecution": executions.values().sum::<u64>() })).into_response()
}
