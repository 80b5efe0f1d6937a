//! The page: folders and jobs for a browser, without scripts and without anything from elsewhere.
//!
//! | file | what it is |
//! |---|---|
//! | `folder` | a folder with its jobs |
//! | `style.css` | the looks |

mod folder;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;

use super::control::set_forward;
use super::engine::{self, Alert, Engine, Event, Order, Verb};
use super::pattern;
use super::world::World;
use crate::codec::markup::escape;

/// The most folders on a page, the newest first.
const FOLDERS_MAX: usize = 100;
/// The most alerts on a page, the newest first.
const ALERTS_MAX: usize = 20;

const STYLE: &str = include_str!("style.css");

/// The routes. They ask for no key, are not counted and are struck by no fault.
pub(super) fn router() -> Router<Arc<World>> {
    Router::new().route("/", get(page).post(act)).route("/job/{id}/{what}", get(text))
}

#[derive(Deserialize)]
struct Filter {
    /// A folder, with `*`; none or empty means all.
    #[serde(default)]
    folder: String,
    /// The seconds after which the browser asks again; none or 0 means never.
    #[serde(default)]
    refresh: u32,
}

async fn page(State(world): State<Arc<World>>, Query(filter): Query<Filter>) -> Response {
    let speed = world.clock.speed();
    let body = world.engine(|engine| body(engine, &filter, speed));
    // Nothing but what is in the page may be loaded or run.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(body)).into_response()
}

fn body(engine: &Engine, filter: &Filter, speed: f64) -> String {
    let wanted = if filter.folder.is_empty() { "*" } else { &filter.folder };
    let active = |order: &&Order| engine.units_of(order).next().is_some();
    let orders = engine.orders().iter().rev().filter(active).filter(|order| pattern::matches(wanted, &order.folder));
    let (mut folders, mut count) = (String::new(), 0_usize);
    for order in orders {
        count += 1;
        if count <= FOLDERS_MAX {
            folders.push_str(&folder::section(engine, order));
        }
    }
    if count == 0 {
        folders.push_str("<p>No folder has been submitted, or none of that name.</p>");
    } else if count > FOLDERS_MAX {
        let more = format!("<p>The newest {FOLDERS_MAX} of {count} folders; search for the others.</p>");
        folders.push_str(&more);
    }
    let refresh = match filter.refresh {
        0 => String::new(),
        seconds => format!(r#"<meta http-equiv="refresh" content="{}">"#, seconds.clamp(1, 3_600)),
    };
    let (name, now) = (escape(&filter.folder), engine.calendar().written(engine.now(), "%Y-%m-%d %H:%M:%S %Z"));
    let date = engine.order_date();
    let (events, alerts) = (events(engine), alerts(engine));
    format!(
        r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">{refresh}
<title>Control-M simulator</title><style>{STYLE}</style></head><body>
<header><h1>Control-M simulator</h1>
<p><b>{now}</b> · order date {date} · speed {speed}</p>
<form method="post" action="/"><button name="advance" value="1m">+1 minute</button>
<button name="advance" value="1h">+1 hour</button><button name="advance" value="new-day">New Day</button></form>
<form method="get" action="/"><label>Folder <input name="folder" value="{name}" placeholder="folder-*"></label>
<button>Search</button> <button name="refresh" value="5">Refresh every 5 s</button></form></header>
<main><h2>Folders ({count})</h2>{folders}{events}{alerts}</main></body></html>
"#
    )
}

fn events(engine: &Engine) -> String {
    let row = |event: &Event| {
        format!("<tr><td>{}<td>{}<td>{}", escape(&event.name), escape(&event.date), escape(&event.server))
    };
    let rows: Vec<String> = engine.events().take(FOLDERS_MAX).map(row).collect();
    let count = engine.events().count();
    let head = "<table><tr><th scope=col>Event<th scope=col>Date<th scope=col>Server";
    format!("<h2>Events ({count})</h2>{head}{}</table>", rows.concat())
}

fn alerts(engine: &Engine) -> String {
    let alerts = engine.alerts();
    let row = |alert: &Alert| {
        let at = engine.calendar().written(alert.at, "%m-%d %H:%M:%S");
        let (kind, job, message) = (escape(&alert.kind), escape(&alert.job_name), escape(&alert.message));
        format!("<tr><td>{at}<td>{kind}<td>{job}<td>{message}")
    };
    let rows: Vec<String> = alerts.iter().rev().take(ALERTS_MAX).map(row).collect();
    let head = "<table><tr><th scope=col>Time<th scope=col>Alert<th scope=col>Job<th scope=col>Message";
    format!("<h2>Alerts ({})</h2>{head}{}</table>", alerts.len(), rows.concat())
}

#[derive(Deserialize)]
struct Act {
    /// A duration, or `new-day`.
    advance: Option<String>,
    /// `<verb> <job id>`.
    job: Option<String>,
}

/// What a button does: sets the clock forward, or does something to a job.
async fn act(State(world): State<Arc<World>>, Form(act): Form<Act>) -> Response {
    let done = match (&act.advance, &act.job) {
        (Some(advance), _) => set_forward(&world, advance),
        (None, Some(job)) => operate(&world, job),
        (None, None) => Err("nothing was asked for".to_owned()),
    };
    match done {
        Ok(()) => Redirect::to("/").into_response(),
        Err(message) => (StatusCode::BAD_REQUEST, message).into_response(),
    }
}

fn operate(world: &World, asked: &str) -> Result<(), String> {
    let (done, job_id) = asked.split_once(' ').ok_or("a verb and a job are expected")?;
    let (verb, _) = Verb::of(done).ok_or_else(|| format!("'{done}' is nothing that can be done to a job"))?;
    world.engine(|engine| {
        let unit = engine::number(job_id).and_then(|id| engine.unit(id)).ok_or("the job is not there any more")?;
        engine.operate(unit.id, verb).map_err(|refusal| format!("{done} is not possible: {}", refusal.0))
    })
}

/// The log or the output of a job.
async fn text(State(world): State<Arc<World>>, Path((job_id, what)): Path<(String, String)>) -> Response {
    let found = world.engine(|engine| {
        let unit = engine::number(&job_id).and_then(|id| engine.unit(id))?;
        if what == "log" { Some(engine.log_of(unit)) } else { engine.output_of(unit, 0) }
    });
    match found {
        Some(text) => text.into_response(),
        None => {
            (StatusCode::NOT_FOUND, "There is none: the job has not ended, has no command, or is gone.").into_response()
        }
    }
}
