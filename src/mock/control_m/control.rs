//! The control plane below `/_sheaf`: it asks for no key, is not counted and is struck by no fault.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::answer;
use super::dump::Dump;
use super::engine::Outcome;
use super::fault::{Fault, FaultRow};
use super::fault_text::duration;
use super::traffic::RequestRow;
use super::world::World;
use crate::model::Timestamp;

/// The routes.
pub(super) fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/dump", get(dump))
        .route("/requests", get(requests))
        .route("/faults", get(faults).post(add_faults).delete(heal))
        .route("/clock", get(clock).post(set_clock))
        .route("/outcomes", post(add_outcomes))
        .route("/hosts", post(set_host))
        .route("/servers", post(set_server))
        .route("/lag", post(set_lag))
        .route("/reset", post(reset))
}

async fn dump(State(world): State<Arc<World>>) -> Json<Dump> {
    Json(world.dump())
}

async fn requests(State(world): State<Arc<World>>) -> Json<Vec<RequestRow>> {
    Json(world.traffic.log())
}

async fn reset(State(world): State<Arc<World>>) -> StatusCode {
    world.reset();
    StatusCode::NO_CONTENT
}

async fn faults(State(world): State<Arc<World>>) -> Json<Vec<FaultRow>> {
    Json(world.traffic.faults())
}

async fn heal(State(world): State<Arc<World>>) -> StatusCode {
    world.traffic.heal();
    StatusCode::NO_CONTENT
}

/// Adds faults: one or a list as JSON, or lines as `--fault` has them.
async fn add_faults(State(world): State<Arc<World>>, body: Bytes) -> Response {
    let faults: Result<Vec<Fault>, String> = if body.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(&body).map_err(|error| error.to_string())
    } else if body.trim_ascii_start().starts_with(b"{") {
        serde_json::from_slice(&body).map(|fault| vec![fault]).map_err(|error| error.to_string())
    } else {
        String::from_utf8_lossy(&body).lines().map(str::parse).collect()
    };
    match faults {
        Ok(faults) if faults.is_empty() => refused("not a fault: the body is empty"),
        Ok(faults) => {
            for fault in faults {
                world.traffic.inject(fault);
            }
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => refused(&format!("not a fault: {error}")),
    }
}

/// The clock, as it is shown.
#[derive(Debug, Serialize)]
struct ClockRow {
    now: Timestamp,
    speed: f64,
    order_date: String,
    next_new_day: Option<Timestamp>,
}

async fn clock(State(world): State<Arc<World>>) -> Json<ClockRow> {
    Json(clock_row(&world))
}

fn clock_row(world: &World) -> ClockRow {
    world.engine(|engine| ClockRow {
        now: engine.now(),
        speed: world.clock.speed(),
        order_date: engine.order_date().strftime("%y%m%d").to_string(),
        next_new_day: engine.next_new_day(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockBody {
    /// A duration (`90m`), or `new-day`.
    advance: Option<String>,
    speed: Option<f64>,
}

/// Sets the clock forward, or its speed.
async fn set_clock(State(world): State<Arc<World>>, body: Bytes) -> Response {
    let ClockBody { advance, speed } = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(error) => return refused(&error.to_string()),
    };
    let refusal = match (advance, speed) {
        (Some(advance), None) => set_forward(&world, &advance).err(),
        (None, Some(speed)) if (0.0..=1e6).contains(&speed) => {
            world.clock.set_speed(speed);
            None
        }
        _ => Some(r#"expected {"advance":"90m"}, {"advance":"new-day"} or {"speed":60}, from 0 to 1000000"#.to_owned()),
    };
    refusal.map_or_else(|| Json(clock_row(&world)).into_response(), |refusal| refused(&refusal))
}

/// Sets the clock forward by a duration, or to the next New Day.
pub(super) fn set_forward(world: &World, advance: &str) -> Result<(), String> {
    let by = if advance == "new-day" {
        world.engine(|engine| engine.next_new_day().map(|at| at.since(engine.now())))
    } else {
        duration(advance)
    };
    let by = by.ok_or_else(|| format!("'{advance}' is neither a duration (90m) nor new-day"))?;
    world.clock.advance(by);
    Ok(())
}

/// Adds a rule for how jobs end, or a list of rules; the last one comes first.
async fn add_outcomes(State(world): State<Arc<World>>, body: Bytes) -> Response {
    let is_list = body.trim_ascii_start().starts_with(b"[");
    let rules = if is_list {
        serde_json::from_slice(&body)
    } else {
        serde_json::from_slice(&body).map(|one: Outcome| vec![one])
    };
    match rules {
        Ok(rules) => {
            world.engine(|engine| rules.into_iter().for_each(|rule| engine.add_outcome(rule)));
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => refused(&format!("not a rule for how jobs end: {error}")),
    }
}

#[derive(Deserialize)]
struct Reachable {
    name: String,
    up: bool,
}

/// Takes a host down or up: `{"name": .., "up": false}`.
async fn set_host(State(world): State<Arc<World>>, Json(host): Json<Reachable>) -> StatusCode {
    world.engine(|engine| engine.set_host(&host.name, host.up));
    StatusCode::NO_CONTENT
}

/// Disconnects or connects a server: `{"name": .., "up": false}`.
async fn set_server(State(world): State<Arc<World>>, Json(server): Json<Reachable>) -> StatusCode {
    world.engine(|engine| engine.set_server(&server.name, server.up));
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct LagBody {
    from_ms: u64,
    to_ms: u64,
}

/// Sets the lag of what is ordered from now on: `{"from_ms": 0, "to_ms": 2000}`.
async fn set_lag(State(world): State<Arc<World>>, Json(lag): Json<LagBody>) -> StatusCode {
    let range = Duration::from_millis(lag.from_ms)..=Duration::from_millis(lag.to_ms);
    world.engine(|engine| engine.set_visibility_lag(range));
    StatusCode::NO_CONTENT
}

fn refused(message: &str) -> Response {
    answer::error(StatusCode::BAD_REQUEST, message)
}
