//! `GET /instances`.

use axum::extract::{Query, State};

use super::ask::{Answer, Shared, ask};
use crate::admin::api::answer::Instance;
use crate::admin::api::page::page;
use crate::admin::api::problem::{Failure, Unknown};
use crate::admin::api::{ListQuery, Page, scope};

/// The living instances of the applications
///
/// Of the one that is asked its state, its threads and what it waits for; of others what they have registered within a minute.
#[utoipa::path(get, path = "/instances", operation_id = "list_instances", tag = "process", params(ListQuery),
    responses((status = 200, description = "The instances, by application and id.", body = Page<Instance>), Unknown, Failure))]
pub(super) async fn list(State(port): State<Shared>, Query(query): Query<ListQuery>) -> Answer<Page<Instance>> {
    ask(port, move |port| {
        let ids = scope::applications(port, query.application.as_deref())?;
        let instances = ids.iter().flat_map(|id| port.instances(id)).collect();
        page(instances, |instance: &Instance| (instance.application.clone(), instance.id.clone()), &query)
    })
    .await
}
