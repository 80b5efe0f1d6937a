//! The paths of the API, one file per resource.

mod applications;
mod ask;
mod audit;
mod audit_query;
mod commands;
mod config;
mod entries;
mod entry_query;
mod flow_definitions;
mod flows;
mod instances;
mod tasks;
mod topology;
mod traces;

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::document::head;
pub(in crate::admin) use ask::Shared;

/// All paths, with their descriptions.
fn described() -> OpenApiRouter<Shared> {
    let paths = OpenApiRouter::new()
        .routes(routes!(applications::list))
        .routes(routes!(topology::list))
        .routes(routes!(instances::list))
        .routes(routes!(tasks::list))
        .routes(routes!(config::list))
        .routes(routes!(entries::list))
        .routes(routes!(entries::show))
        .routes(routes!(entries::counts))
        .routes(routes!(traces::show))
        .routes(routes!(flows::start))
        .routes(routes!(flow_definitions::list))
        .routes(routes!(flow_definitions::definition))
        .routes(routes!(flow_definitions::entry))
        .routes(routes!(commands::list))
        .routes(routes!(commands::send))
        .routes(routes!(audit::list));
    OpenApiRouter::with_openapi(head()).nest(BASE, paths)
}

/// The path that all others are below.
const BASE: &str = "/api/v1";

/// The `OpenAPI` document, as JSON.
pub fn document() -> String {
    // Everything in it is text, numbers and lists of them, which JSON can say.
    let json = described().into_openapi().to_pretty_json().unwrap_or_default();
    json + "\n"
}

/// The paths, with the one of the document.
pub(in crate::admin) fn router() -> Router<Shared> {
    let (paths, _) = described().split_for_parts();
    let text: Arc<str> = document().into();
    let serve = move || async move { ([(header::CONTENT_TYPE, "application/json")], text.to_string()).into_response() };
    paths.route(&format!("{BASE}/openapi.json"), get(serve))
}
