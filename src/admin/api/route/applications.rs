//! `GET /applications`.

use axum::extract::{Query, State};

use super::ask::{Answer, Shared, ask};
use crate::admin::api::answer::Application;
use crate::admin::api::page::page;
use crate::admin::api::problem::{Failure, Unknown};
use crate::admin::api::{ListQuery, Page, scope};

/// The applications of the process
///
/// Each topology file is an application of its own.
#[utoipa::path(get, path = "/applications", operation_id = "list_applications", tag = "process", params(ListQuery),
    responses((status = 200, description = "The applications, by id.", body = Page<Application>), Unknown, Failure))]
pub(super) async fn list(State(port): State<Shared>, Query(query): Query<ListQuery>) -> Answer<Page<Application>> {
    ask(port, move |port| {
        let ids = scope::applications(port, query.application.as_deref())?;
        let applications = port.applications().into_iter().filter(|application| ids.contains(&application.id));
        page(applications.collect(), |application| application.id.clone(), &query)
    })
    .await
}
