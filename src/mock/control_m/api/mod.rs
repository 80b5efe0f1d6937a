//! The calls of the Automation API.
//!
//! | file | the calls |
//! |---|---|
//! | `session` | `/session/login`, `/session/logout` |
//! | `form` | the parts of a form with a definition |
//! | `submit` | `/run`, `/run/ondemand`, `/run/order` |
//! | `deploy` | `/build`, `/deploy`, `/deploy/jobs`, `/deploy/folder/..` |
//! | `status` | `/run/status/{id}`, `/run/jobs/status` |
//! | `job` | `/run/job/{id}/..` |
//! | `event` | `/run/event/..`, `/run/events` |
//! | `resource` | `/run/resource/..`, `/run/resources` |
//! | `service` | `/run/services/sla`, `/run/alerts/status` |
//! | `config` | `/config/servers` |
//! | `archive` | `/archive/..`, `/usage/jobs` |

mod archive;
mod config;
mod deploy;
mod event;
mod form;
mod job;
mod resource;
mod service;
mod session;
mod status;
mod submit;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};

use super::session::LOGIN;
use super::world::World;

/// The routes, below the path of the API.
pub(super) fn router() -> Router<Arc<World>> {
    Router::new()
        .route(LOGIN, post(session::login))
        .route("/session/logout", post(session::logout))
        .route("/build", post(deploy::build))
        .route("/deploy", post(deploy::deploy))
        .route("/deploy/poll", get(deploy::poll))
        .route("/deploy/jobs", get(deploy::jobs))
        .route("/deploy/folder/{server}/{folder}", delete(deploy::delete))
        .route("/run", post(submit::run))
        .route("/run/ondemand", post(submit::run_on_demand))
        .route("/run/order", post(submit::order))
        .route("/run/status/{id}", get(status::run_status))
        .route("/run/jobs/status", get(status::jobs_status))
        .route("/run/job/{id}/{what}", get(job::show).post(job::operate))
        .route("/run/event/{server}", post(event::add))
        .route("/run/event/{server}/{name}/{date}", delete(event::delete))
        .route("/run/events", get(event::list))
        .route("/run/resources", get(resource::list))
        .route("/run/resource/{server}", post(resource::add))
        .route("/run/resource/{server}/{name}", post(resource::update).delete(resource::delete))
        .route("/run/services/sla", get(service::services))
        .route("/run/alerts/status", post(service::alert_status))
        .route("/config/servers", get(config::servers))
        .route("/archive/search", get(archive::search))
        .route("/archive/{id}/{what}", get(archive::show))
        .route("/usage/jobs", get(archive::usage))
}
