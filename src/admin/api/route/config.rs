//! `GET /config`.

use axum::extract::{Query, State};

use super::ask::{Answer, Shared, ask};
use crate::admin::api::answer::Setting;
use crate::admin::api::page::page;
use crate::admin::api::problem::{Failure, Unknown};
use crate::admin::api::{ListQuery, Page, PageQuery};

/// The configuration of the process, without secrets
///
/// Every setting with its value and where it was set.
#[utoipa::path(get, path = "/config", operation_id = "list_settings", tag = "process", params(PageQuery),
    responses((status = 200, description = "The settings, in the order of docs/configuration.md.", body = Page<Setting>), Unknown, Failure))]
pub(super) async fn list(State(port): State<Shared>, Query(query): Query<PageQuery>) -> Answer<Page<Setting>> {
    let PageQuery { limit, cursor } = query;
    let query = ListQuery { application: None, limit, cursor };
    ask(port, move |port| {
        let numbered: Vec<(usize, Setting)> = port.settings().into_iter().enumerate().collect();
        let Page { items, next } = page(numbered, |(number, _)| *number, &query)?;
        Ok(Page { items: items.into_iter().map(|(_, setting)| setting).collect(), next })
    })
    .await
}
