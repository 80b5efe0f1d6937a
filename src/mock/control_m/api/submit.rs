//! `POST /run`, `POST /run/ondemand` and `POST /run/order`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;

use super::super::answer;
use super::super::engine::{Ordering, Wanted};
use super::super::gate::Struck;
use super::super::world::World;
use super::form;

/// Builds, deploys and runs; the part has another name than that of [`run_on_demand`].
pub(super) async fn run(
    State(world): State<Arc<World>>,
    Extension(struck): Extension<Struck>,
    headers: HeaderMap,
    form: Multipart,
) -> Response {
    match form::folders(&world, form, "jobDefinitionsFile").await {
        Ok(folders) => {
            world.traffic.ordered(struck.number, folders.iter().map(|folder| folder.name.clone()).collect());
            let ordering = Ordering { more_lag: struck.more_lag, ..Ordering::default() };
            let run_id = world.engine(|engine| {
                engine.deploy(folders.clone());
                engine.order(folders, &ordering)
            });
            submitted(&headers, &run_id)
        }
        Err(answer) => answer,
    }
}

/// Runs without deploying.
pub(super) async fn run_on_demand(
    State(world): State<Arc<World>>,
    Extension(struck): Extension<Struck>,
    headers: HeaderMap,
    form: Multipart,
) -> Response {
    match form::folders(&world, form, "definitionsFile").await {
        Ok(mut folders) => {
            world.traffic.ordered(struck.number, folders.iter().map(|folder| folder.name.clone()).collect());
            // It is asked for only of what is deployed.
            for folder in &mut folders {
                folder.source = Value::Null;
            }
            let ordering = Ordering { more_lag: struck.more_lag, ..Ordering::default() };
            submitted(&headers, &world.engine(|engine| engine.order(folders, &ordering)))
        }
        Err(answer) => answer,
    }
}

/// The order of a deployed folder. Fields that change nothing here are accepted.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderBody {
    ctm: String,
    folder: String,
    #[serde(default)]
    jobs: String,
    #[serde(default)]
    hold: Value,
    #[serde(default)]
    order_date: String,
}

/// Orders a deployed folder, or some of its jobs.
pub(super) async fn order(
    State(world): State<Arc<World>>,
    Extension(struck): Extension<Struck>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: OrderBody = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(error) => return answer::error(StatusCode::BAD_REQUEST, &format!("Failed to parse JSON: {error}")),
    };
    let order_date = match body.order_date.as_str() {
        "" => None,
        text => match jiff::civil::Date::strptime("%Y%m%d", text) {
            Ok(date) => Some(date),
            Err(_) => return answer::error(StatusCode::BAD_REQUEST, &format!("orderDate '{text}' is not YYYYMMDD")),
        },
    };
    let jobs = body.jobs.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let wanted = Wanted { server: body.ctm, folder: body.folder, jobs };
    let hold = body.hold == true || body.hold == "true";
    let ordering = Ordering { order_date, hold, more_lag: struck.more_lag };
    let Some(run_id) = world.engine(|engine| engine.order_deployed(&wanted, &ordering)) else {
        let message = format!("Folder '{}' was not found, or it has none of the jobs", wanted.folder);
        return answer::error(StatusCode::NOT_FOUND, &message);
    };
    world.traffic.ordered(struck.number, vec![wanted.folder]);
    submitted(&headers, &run_id)
}

fn submitted(headers: &HeaderMap, run_id: &str) -> Response {
    let status_uri = format!("{}/run/status/{run_id}", answer::base(headers));
    Json(serde_json::json!({ "runId": run_id, "statusURI": status_uri })).into_response()
}
