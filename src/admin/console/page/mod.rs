//! The pages.

pub(super) mod audit;
pub(super) mod command;
pub(super) mod entries;
pub(super) mod entry;
pub(super) mod login;
pub(super) mod overview;
pub(super) mod trace;

use serde_json::Value;

use super::api::{Api, Authorization, Refusal, field, items};
use super::link;

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
        }
    }
    Ok((applications, links))
}
