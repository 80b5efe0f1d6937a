//! The pages.

pub(super) mod audit;
pub(super) mod command;
pub(super) mod entries;
pub(super) mod entry;
pub(super) mod flows;
pub(super) mod login;
pub(super) mod overview;
pub(super) mod tasks;
pub(super) mod trace;

use axum::http::StatusCode;
use serde_json::Value;

use super::api::{Api, Authorization, Refusal, field, items};
use super::link;
use crate::processor::flow::FLOW;

/// The links of the head of every page: the lists of each processor.
async fn links(api: &Api, caller: &Authorization) -> Result<(Value, Vec<minijinja::Value>), Refusal> {
    let applications = api.get(caller, "/api/v1/applications").await?;
    let is_only = items(&applications).count() == 1;
    let mut links = Vec::new();
    for application in items(&applications) {
        let id = field(application, "id").as_str().unwrap_or_default();
        for processor in field(application, "processors").as_array().into_iter().flatten().filter_map(Value::as_str) {
            let name = if is_only { processor.to_owned() } else { format!("{id} {processor}") };
            links.push(minijinja::context! { path => link::entries(id, processor), name });
            if processor == FLOW {
                let name = if is_only { "tasks".to_owned() } else { format!("{id} tasks") };
                links.push(minijinja::context! { path => link::tasks(id), name });
            }
        }
    }
    Ok((applications, links))
}

/// The application that is named, or the only one with this processor.
fn with_processor(applications: &Value, processor: &str, named: &str) -> Result<String, Refusal> {
    if !named.is_empty() {
        return Ok(named.to_owned());
    }
    let has = |it: &&Value| field(it, "processors").as_array().into_iter().flatten().any(|name| *name == *processor);
    let having: Vec<&str> = items(applications).filter(has).filter_map(|it| field(it, "id").as_str()).collect();
    match having.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err(Refusal {
            status: StatusCode::NOT_FOUND,
            detail: format!(
                "no application of this process has the processor {processor}: a topology file with `{processor}: ..` does"
            ),
        }),
        several => Err(Refusal {
            status: StatusCode::CONFLICT,
            detail: format!(
                "several applications have the processor {processor}: add `?application=` with one of {}",
                several.join(", ")
            ),
        }),
    }
}
