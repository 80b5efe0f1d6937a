//! The console: pages for people, at `/`.
//!
//! ```text
//!  browser ──▶ page ──Api──▶ /api/v1 of the same process ──▶ applications
//!     ▲          │
//!     └── view ◀─┘   minijinja, every value escaped
//! ```
//!
//! The console is a client of the API: a page asks the API's routes in the process, with the token of whoever looks at it. So it shows
//! and does nothing that the API would not, and has no rights of its own.
//!
//! | file | what it is |
//! |---|---|
//! | `api` | asks the API |
//! | `session` | who is signed in, and the token against forged forms |
//! | `shared` | what the pages share |
//! | `page` | the pages, one file each |
//! | `story` | an entry in words |
//! | `letter` | the record of a dead letter |
//! | `trace` | the records of a trace |
//! | `flow` | the steps of a flow, and what it waits for |
//! | `form` | the form of a person's task |
//! | `sink` | the sinks that take nothing now |
//! | `samples` | the numbers of the last hours |
//! | `live` | tells a page that what it shows has changed |
//! | `view` | templates and headers |
//! | `assets` | style and scripts |
//!
//! Every page works without JavaScript, by links and forms; htmx replaces the part `#live` of a page when it changes.

mod api;
mod assets;
mod flow;
mod form;
mod letter;
mod link;
mod live;
mod page;
mod samples;
mod session;
mod shared;
mod sink;
mod story;
mod trace;
mod view;

use axum::Router;
use axum::routing::{get, post};

use api::Api;
use shared::Console;

use crate::processor::flow::FLOW;

/// The pages. `api` are the routes of the API as a client reaches them, `open` the same without authentication, for the numbers
/// of the overview. Call it in a tokio runtime.
pub(super) fn router(api: &Router, open: &Router, is_encrypted: bool) -> Router {
    let console = Console::new(Api::new(api.clone()), Api::new(open.clone()), is_encrypted);
    Router::new()
        .route("/", get(page::overview::show))
        .route("/entries/{application}/{processor}", get(page::entries::show))
        .route("/entries/{application}/{processor}/entry", get(page::entry::show))
        .route("/entries/{application}/{processor}/command", get(page::command::ask).post(page::command::send))
        .route("/dead-letters/{application}", get(page::entries::letters))
        .route("/dead-letters/{application}/letter", get(page::entry::letter))
        .route("/traces/{id}", get(page::trace::show))
        .route(&format!("/entries/{{application}}/{FLOW}/picture"), get(page::flows::entry_picture))
        .route("/flows", get(page::flows::list))
        .route("/flows/{name}", get(page::flows::show))
        .route("/flows/{name}/picture", get(page::flows::picture))
        .route("/flows/tasks", get(page::tasks::show))
        .route("/audit", get(page::audit::show))
        .route("/login", get(page::login::ask).post(page::login::sign_in))
        .route("/logout", post(page::login::sign_out))
        .route("/console/live", get(live::stream))
        .route("/console/assets/{name}", get(assets::serve))
        .with_state(console)
}

#[cfg(test)]
mod tests;
