//! `GET /run/services/sla` and `POST /run/alerts/status`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer;
use super::super::engine::{Engine, ServiceRow, State as UnitState};
use super::super::world::World;
use crate::model::Timestamp;

/// The services among the active jobs. All values are texts, as in real answers.
pub(super) async fn services(State(world): State<Arc<World>>) -> Response {
    world.engine(|engine| {
        let rows: Vec<Value> = engine.services().iter().map(|service| row(engine, service)).collect();
        let updated = engine.calendar().written(engine.now(), FORMAT);
        Json(json!({ "serviceLastUpdatedTime": updated, "activeServices": rows })).into_response()
    })
}

const FORMAT: &str = "%Y%m%d%H%M%S";

fn row(engine: &Engine, row: &ServiceRow<'_>) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| engine.calendar().written(at, FORMAT)).unwrap_or_default();
    let count = |status: &str| row.jobs.iter().filter(|unit| engine.status(unit) == status).count();
    let (total, completed) = (row.jobs.len(), count("Ended OK"));
    let started = row.jobs.iter().filter_map(|unit| unit.started_at).min();
    let ordered = engine.order_of(row.unit).map(|order| order.ordered_at);
    let slack = row.due.map(|due| due.since(engine.now()).as_secs() / 60).unwrap_or_default();
    json!({
        "serviceName": row.service.name,
        "status": row.status,
        "statusReason": "",
        "startTime": time(started),
        "endTime": time(row.unit.ended_at),
        "dueTime": time(row.due),
        "slackTime": format!("{}:{:02}", slack / 60, slack % 60),
        "serviceOrderDateTime": time(ordered),
        "scheduledOrderDate": row.unit.order_date.strftime("%y%m%d").to_string(),
        "serviceJob": row.unit.job_id(),
        "serviceControlM": row.unit.folder().server,
        "priority": row.service.priority,
        "note": "",
        "totalJobs": total.to_string(),
        "jobsCompleted": completed.to_string(),
        "jobsWithoutStatistics": "0",
        "completionPercentage": (100 * completed).checked_div(total).unwrap_or(100).to_string(),
        "averageCompletionTime": "",
        "errors": count("Ended Not OK").to_string(),
        "statusByJobs": {
            "executed": count("Executing").to_string(),
            "waitCondition": count("Wait Condition").to_string(),
            "waitResource": count("Wait Resource").to_string(),
            "waitUser": count("Wait User").to_string(),
            "waitHost": count("Wait Host").to_string(),
            "waitWorkload": "0",
            "completed": completed.to_string(),
            "error": row.jobs.iter().filter(|unit| unit.state == UnitState::Ended { ok: false }).count().to_string(),
            "unknown": "0",
        },
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusBody {
    alert_ids: Vec<u64>,
    status: String,
}

/// Changes the status of alerts.
pub(super) async fn alert_status(State(world): State<Arc<World>>, body: Bytes) -> Response {
    let StatusBody { alert_ids, status } = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(error) => return answer::error(StatusCode::BAD_REQUEST, &format!("Failed to parse JSON: {error}")),
    };
    if !["Undefined", "Reviewed", "Closed", "New"].contains(&status.as_str()) {
        return answer::error(StatusCode::BAD_REQUEST, &format!("Unknown status '{status}'"));
    }
    let missing = world.engine(|engine| alert_ids.into_iter().find(|id| !engine.set_alert_status(*id, &status)));
    match missing {
        None => answer::message("The alerts were successfully updated"),
        Some(id) => answer::error(StatusCode::NOT_FOUND, &format!("Alert {id} was not found")),
    }
}
