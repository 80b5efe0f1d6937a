//! `GET /topology`.

use axum::extract::{Query, State};

use super::ask::{Answer, Shared, ask};
use crate::admin::api::answer::Topology;
use crate::admin::api::page::page;
use crate::admin::api::problem::{Failure, Unknown};
use crate::admin::api::{ListQuery, Page, scope};

/// The topologies of the applications
///
/// The topics that each processor reads and writes, as `sheaf topology describe` draws them.
#[utoipa::path(get, path = "/topology", operation_id = "list_topologies", tag = "process", params(ListQuery),
    responses((status = 200, description = "The topologies, by application.", body = Page<Topology>), Unknown, Failure))]
pub(super) async fn list(State(port): State<Shared>, Query(query): Query<ListQuery>) -> Answer<Page<Topology>> {
    ask(port, move |port| {
        let ids = scope::applications(port, query.application.as_deref())?;
        let topologies = ids.iter().filter_map(|id| port.topology(id)).collect();
        page(topologies, |topology: &Topology| topology.application.clone(), &query)
    })
    .await
}
