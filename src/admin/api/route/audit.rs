//! `GET /audit`: what operators have done.

use std::collections::{BTreeMap, VecDeque};

use axum::extract::{Query, State};
use axum::http::StatusCode;

use super::ask::{Answer, Shared, ask};
use super::audit_query::AuditQuery;
use crate::admin::api::answer::AuditRecord;
use crate::admin::api::problem::{Failure, Unknown};
use crate::admin::api::{Page, Port, Problem, cursor, limit, position, scope};
use crate::runtime::{Audit, AuditFilter, AuditPage};

/// Where the page of each application begins: before this offset. An application without one is told to its end.
type Position = BTreeMap<String, i64>;

/// The commands of operators
///
/// Accepted and rejected ones, the latest first. A page with a `next` may have fewer items than `limit`, or none: 10,000 records
/// are looked at for each.
#[utoipa::path(get, path = "/audit", operation_id = "list_audit", tag = "commands", params(AuditQuery),
    responses((status = 200, description = "The commands.", body = Page<AuditRecord>), Unknown, Failure))]
pub(super) async fn list(State(port): State<Shared>, Query(query): Query<AuditQuery>) -> Answer<Page<AuditRecord>> {
    let limit = limit(query.limit)?;
    let since = query.since.as_deref().map(str::parse).transpose();
    let since = since.map_err(|_no_time| Problem::bad_parameter("since", "write a time, as 2026-03-01T06:00:00Z"))?;
    let begin: Option<Position> = query.cursor.as_deref().map(position).transpose()?;
    let AuditQuery { application, processor, key, command, by, .. } = query;
    let filter = AuditFilter { processor, key, command, by, since };
    ask(port, move |port| {
        let mut pages = BTreeMap::new();
        for id in scope::applications(port, application.as_deref())? {
            let before = begin.as_ref().map(|begin| begin.get(&id).copied());
            if let Some(before) = before.unwrap_or(Some(i64::MAX)) {
                let found = page_of(port, &id, &filter, (before, limit))?;
                pages.insert(id, found);
            }
        }
        merged(pages, limit)
    })
    .await
}

fn page_of(
    port: &dyn Port,
    application: &str,
    filter: &AuditFilter,
    (before, limit): (i64, usize),
) -> Result<AuditPage, Problem> {
    let unavailable = |code, detail: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
    match port.audit(application, filter, (Some(before), limit)) {
        Ok(Some(page)) => Ok(page),
        Ok(None) => Err(unavailable("starting", "the instance is starting: ask again in a moment".to_owned())),
        Err(error) => {
            tracing::warn!(%error, application, "the audit topic cannot be read");
            Err(unavailable("broker", error.to_string()))
        }
    }
}

/// What is left of the page of an application: the commands by offset, and where its next page begins.
type Rest = (String, VecDeque<(i64, Audit)>, Option<i64>);

/// The latest commands of all pages, and where the next page begins.
fn merged(pages: BTreeMap<String, AuditPage>, limit: usize) -> Result<Page<AuditRecord>, Problem> {
    let mut rest: Vec<Rest> = pages.into_iter().map(|(id, page)| (id, page.items.into(), page.next)).collect();
    let mut items = Vec::new();
    while items.len() < limit {
        // Within an application the order is that of its topic.
        let latest = rest.iter_mut().max_by_key(|(_, left, _)| left.front().map(|(_, audit)| audit.at));
        let Some((id, left, _)) = latest else { break };
        let Some((offset, audit)) = left.pop_front() else { break };
        items.push(AuditRecord::new(id, offset, audit));
    }
    let begin = |(id, left, next): Rest| Some((id, left.front().map(|(offset, _)| offset.saturating_add(1)).or(next)?));
    let begin: Position = rest.into_iter().filter_map(begin).collect();
    let next = (!begin.is_empty()).then(|| cursor(&begin)).transpose()?;
    Ok(Page { items, next })
}
