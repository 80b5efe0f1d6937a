//! `GET /flow/definitions`, `GET /flow/definitions/{name}/picture` and `GET /flow/entries/{key}/picture`: the definitions of flows, and pictures of
//! them with the flows at their steps.

use axum::Json;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::{HeaderMap, Uri};
use serde_json::Value;

use super::ask::{Answer, Shared, ask};
use super::entries;
use super::entry_query::{ApplicationQuery, ProcessorQuery};
use crate::admin::api::answer::{EntryPage, FlowDefinition};
use crate::admin::api::page::page;
use crate::admin::api::problem::{Failure, Unknown};
use crate::admin::api::{ITEMS_MAX, ListQuery, Page, Problem, scope};
use crate::admin::picture::Picture;
use crate::codec::percent_encode;
use crate::processor::flow::{Definition, Definitions, Digest, FLOW, Kind, Step};
use crate::topology::diagram::{Count, Counts, Way, svg, svg_of_way};

/// The most pages of open flows that are counted for a picture, and of ended ones.
const PAGES_MAX: usize = 10;

/// The definitions of flows
///
/// Those by which flows begin. A flow that has begun keeps the one with which it has.
#[utoipa::path(get, path = "/flow/definitions", operation_id = "list_flow_definitions", tag = "process", params(ListQuery),
    responses((status = 200, description = "The definitions, by application and name.", body = Page<FlowDefinition>), Unknown, Failure))]
pub(super) async fn list(State(port): State<Shared>, Query(query): Query<ListQuery>) -> Answer<Page<FlowDefinition>> {
    ask(port, move |port| {
        let mut all = Vec::new();
        for id in scope::applications(port, query.application.as_deref())? {
            let definitions = port.definitions(&id).unwrap_or_default();
            all.extend(definitions.newest().map(|definition| FlowDefinition::of(&id, definition)));
        }
        page(all, |it: &FlowDefinition| (it.application.clone(), it.name.clone()), &query)
    })
    .await
}

/// The picture of a definition
///
/// With the number of flows that wait at each step, of those that are held there, and of those that have failed there: of the first 5,000 open flows and the
/// first 5,000 ended ones that are not forgotten, begun with this definition or another one. Flows of partitions that do not answer are not counted;
/// `/flow/counts` names them.
#[utoipa::path(get, path = "/flow/definitions/{name}/picture", operation_id = "draw_flow_definition", tag = "process",
    params(("name" = String, Path, description = "The name of the definition."), ApplicationQuery),
    responses((status = 200, description = "The picture.", body = String, content_type = "image/svg+xml"), Unknown, Failure))]
pub(super) async fn definition(
    State(port): State<Shared>,
    Path(name): Path<String>,
    Query(query): Query<ApplicationQuery>,
    headers: HeaderMap,
) -> Result<Picture, Problem> {
    let id = scope::with_processor(&*port, FLOW, query.application.as_deref())?;
    let definition = named(&port.definitions(&id).unwrap_or_default(), &name)?;
    let counts = counts(&port, &id, &definition, &headers).await?;
    let Json(picture) = ask(port, move |_| Ok(svg(&definition, &counts))).await?;
    Ok(Picture(picture))
}

/// The flows of a definition at its steps.
async fn counts(
    port: &Shared,
    application: &str,
    definition: &Definition,
    headers: &HeaderMap,
) -> Result<Counts, Problem> {
    let mut counts = Counts::new();
    let digest = definition.digest.to_string();
    for status in ["open", "closed"] {
        let mut cursor = None;
        for _ in 0..PAGES_MAX {
            let page = flows(port, application, (status, cursor), headers).await?;
            let is_of = |entry: &&Value| entry.get("definition").and_then(Value::as_str) == Some(digest.as_str());
            for (step, Count { waiting, held, failed }) in
                page.items.iter().map(|it| &it.entry).filter(is_of).flat_map(|entry| at(definition, entry))
            {
                let sum = counts.entry(step).or_default();
                sum.waiting += waiting;
                sum.held += held;
                sum.failed += failed;
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
    }
    Ok(counts)
}

/// A page of flows.
async fn flows(
    port: &Shared,
    application: &str,
    (status, cursor): (&str, Option<String>),
    headers: &HeaderMap,
) -> Result<EntryPage, Problem> {
    let mut query = vec![("application", application.to_owned()), ("status", status.to_owned())];
    query.push(("limit", ITEMS_MAX.to_string()));
    query.extend(cursor.map(|cursor| ("cursor", cursor)));
    let text: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", percent_encode(value))).collect();
    let uri: Uri =
        format!("/api/v1/{FLOW}/entries?{}", text.join("&")).parse().map_err(|_invalid| Problem::internal())?;
    let query = query.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let asked = (OriginalUri(uri), headers.clone());
    let Json(page) = entries::list(State(port.clone()), Path(FLOW.to_owned()), Query(query), asked).await?;
    Ok(page)
}

/// The picture of a flow
///
/// The definition with which it has begun, with the way that it has taken: what has become of each step, and the lines along which it went.
#[utoipa::path(get, path = "/flow/entries/{key}/picture", operation_id = "draw_flow", tag = "entries",
    params(("key" = String, Path, description = "The key of the flow."), ApplicationQuery),
    responses((status = 200, description = "The picture.", body = String, content_type = "image/svg+xml"), Unknown, Failure))]
pub(super) async fn entry(
    State(port): State<Shared>,
    Path(key): Path<String>,
    Query(query): Query<ApplicationQuery>,
    headers: HeaderMap,
) -> Result<Picture, Problem> {
    let id = scope::with_processor(&*port, FLOW, query.application.as_deref())?;
    let uri = entries::address(FLOW, &key, Some(&id))?;
    let query = ProcessorQuery { application: Some(id.clone()), local: false };
    let Json(entry) = entries::entry(port.clone(), (FLOW.to_owned(), key), query, (uri, headers)).await?;
    let Json(picture) = ask(port, move |port| {
        let digest = entry.entry.get("definition").and_then(Value::as_str).and_then(Digest::parse);
        let digest = digest.ok_or_else(|| unknown("the entry cannot be read: its page tells why".to_owned()))?;
        let definitions = port.definitions(&id).unwrap_or_default();
        let definition = definitions.of(digest).map_err(|reject| unknown(reject.to_string()))?;
        Ok(svg_of_way(&definition, &Way::of(&entry.entry)))
    })
    .await?;
    Ok(Picture(picture))
}

fn named(definitions: &Definitions, name: &str) -> Result<std::sync::Arc<Definition>, Problem> {
    definitions.named(name).cloned().ok_or_else(|| {
        let shown: String = name.chars().take(100).collect();
        unknown(format!("there is no definition `{shown}`; the definitions are {}", definitions.names()))
    })
}

fn unknown(detail: String) -> Problem {
    Problem::not_found("unknown_definition", detail)
}

/// The steps at which a flow is or has failed, by the statuses of its steps, which are in the order of the definition.
fn at(definition: &Definition, shown: &Value) -> Counts {
    let steps = shown.get("steps").and_then(Value::as_array).into_iter().flatten();
    // Steps keep their statuses when the flow ends around them.
    let has_ended = shown.get("ending").is_some_and(|ending| !ending.is_null());
    let count = |((id, step), told): ((_, &Step), &Value)| {
        let status = told.get("status").and_then(Value::as_str).unwrap_or_default();
        match (status, &step.kind) {
            // A stage is active while one of its steps is.
            (_, Kind::Scope(_)) => None,
            ("failing" | "failed", _) => Some((id, Count { failed: 1, ..Count::default() })),
            _ if has_ended => None,
            ("held", _) => Some((id, Count { held: 1, ..Count::default() })),
            ("active" | "resting", _) => Some((id, Count { waiting: 1, ..Count::default() })),
            _ => None,
        }
    };
    definition.graph.steps().zip(steps).filter_map(count).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::admin::tests::support::template;
    use crate::processor::flow::StepId;

    #[test]
    fn a_flow_is_at_the_steps_that_wait_are_held_or_have_failed_and_not_at_their_stages() {
        let steps: Vec<Value> =
            ["active", "held", "resting", "active", "failed"].iter().map(|it| json!({ "status": it })).collect();
        let found = at(&template(), &json!({ "steps": steps, "ending": null }));
        let expected = [
            (StepId(1), Count { held: 1, ..Count::default() }),
            (StepId(2), Count { waiting: 1, ..Count::default() }),
            (StepId(4), Count { failed: 1, ..Count::default() }),
        ];
        assert_eq!(found, expected.into());
        let ended = at(&template(), &json!({ "steps": steps, "ending": { "ending": "cancelled" } }));
        assert_eq!(ended.into_keys().collect::<Vec<_>>(), [StepId(4)], "nothing waits in a flow that has ended");
    }
}
