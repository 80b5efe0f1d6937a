//! `GET /tasks`.

use axum::extract::{Query, State};

use super::ask::{Answer, Shared, ask};
use crate::admin::api::answer::Task;
use crate::admin::api::page::page;
use crate::admin::api::problem::{Failure, Unknown};
use crate::admin::api::{ListQuery, Page, scope};

/// The tasks of all living instances
///
/// A task is a processor and a partition of its inbox. The states and entries are those of the instance that is asked.
#[utoipa::path(get, path = "/tasks", operation_id = "list_tasks", tag = "process", params(ListQuery),
    responses((status = 200, description = "The tasks, by application, processor, partition and instance.", body = Page<Task>), Unknown, Failure))]
pub(super) async fn list(State(port): State<Shared>, Query(query): Query<ListQuery>) -> Answer<Page<Task>> {
    ask(port, move |port| {
        let ids = scope::applications(port, query.application.as_deref())?;
        let tasks = ids.iter().flat_map(|id| port.tasks(id)).collect();
        let key = |task: &Task| {
            let Task { application, processor, partition, instance, .. } = task;
            (application.clone(), processor.clone(), *partition, instance.clone())
        };
        page(tasks, key, &query)
    })
    .await
}
