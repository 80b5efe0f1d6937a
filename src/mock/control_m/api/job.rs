//! `/run/job/{id}/..`: status, log, output, related services, and what a user does to a job.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::super::answer;
use super::super::engine::{self, Engine, ServiceRow, Unit, Verb};
use super::super::row::{Row, Times};
use super::super::world::World;

/// Shows a job: its status, its log, its output, its services, or what it waits for.
pub(super) async fn show(
    State(world): State<Arc<World>>,
    Path((job_id, what)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let Ok(run) = query.get("runNo").map_or(Ok(0), |text| text.parse::<usize>()) else {
        return answer::error(StatusCode::BAD_REQUEST, "runNo is not a number");
    };
    let base = answer::base(&headers);
    world.engine(|engine| {
        let Some(unit) = find(engine, &job_id) else { return not_found(&job_id) };
        match what.as_str() {
            "status" => Json(Row::new(engine, unit, Times::Long).with_addresses(&base)).into_response(),
            "log" => engine.log_of(unit).into_response(),
            "output" => match engine.output_of(unit, run) {
                Some(output) => output.into_response(),
                None => answer::error(StatusCode::NOT_FOUND, "OUTPUT DOES NOT EXIST FOR THIS JOB"),
            },
            "related" => Json(related(engine, unit)).into_response(),
            "waitingInfo" => Json(engine.waiting_info(unit)).into_response(),
            _ => answer::error(StatusCode::NOT_FOUND, "The requested resource is not available"),
        }
    })
}

/// The services of a job: those that it belongs to, and of an SLA job those of its jobs. Their fields are documented nowhere.
fn related(engine: &Engine, unit: &Unit) -> Value {
    let services = engine.services();
    let has = |service: &&ServiceRow<'_>| service.jobs.iter().any(|job| job.id == unit.id);
    let named = |service: &ServiceRow<'_>| service.service.name.clone();
    let belongs: Vec<String> = services.iter().filter(has).map(named).collect();
    let own = services.iter().filter(|service| service.unit.id == unit.id);
    let jobs: Vec<String> = own.flat_map(|service| &service.jobs).map(|job| job.job_id()).collect();
    json!({ "BelongToServices": belongs, "DependsOnServices": [], "ServicesJobDependency": jobs })
}

/// Does something to a job.
pub(super) async fn operate(
    State(world): State<Arc<World>>,
    Path((job_id, what)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some((verb, done)) = Verb::of(&what) else {
        return answer::error(StatusCode::NOT_FOUND, "The requested resource is not available");
    };
    let base = answer::base(&headers);
    world.engine(|engine| {
        let Some(id) = find(engine, &job_id).map(|unit| unit.id) else { return not_found(&job_id) };
        if let Err(refusal) = engine.operate(id, verb) {
            let message = format!("Failed to {what} job {job_id}: {}", refusal.0);
            return answer::error(StatusCode::BAD_REQUEST, &message);
        }
        match (verb, engine.visible(id)) {
            (Verb::Rerun, Some(unit)) => {
                Json(Row::new(engine, unit, Times::Long).with_addresses(&base)).into_response()
            }
            _ => answer::message(&format!("Job {job_id} was successfully {done}")),
        }
    })
}

fn find<'a>(engine: &'a Engine, job_id: &str) -> Option<&'a Unit> {
    engine.visible(engine::number(job_id)?).filter(|unit| unit.job_id() == job_id)
}

fn not_found(job_id: &str) -> Response {
    answer::error(StatusCode::NOT_FOUND, &format!("Job id '{job_id}' was not found"))
}
