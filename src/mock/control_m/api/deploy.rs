//! `POST /build`, `POST /deploy`, and the deployed folders.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::super::definition::{Folder, Kind};
use super::super::world::World;
use super::super::{answer, pattern};
use super::form;

/// Checks a definition.
pub(super) async fn build(State(world): State<Arc<World>>, form: Multipart) -> Response {
    match form::folders(&world, form, "definitionsFile").await {
        Ok(folders) => Json([result(&folders)]).into_response(),
        Err(answer) => answer,
    }
}

/// Keeps the folders, in place of those of the same names.
pub(super) async fn deploy(State(world): State<Arc<World>>, form: Multipart) -> Response {
    let folders = match form::folders(&world, form, "definitionsFile").await {
        Ok(folders) => folders,
        Err(answer) => return answer,
    };
    let mut result = result(&folders);
    let names: Vec<Value> = folders.iter().map(|folder| folder.name.clone().into()).collect();
    result.insert("deployedFolders".to_owned(), names.into());
    world.engine(|engine| engine.deploy(folders));
    Json([result]).into_response()
}

/// A deployment is complete when it is answered, so none is known here.
pub(super) async fn poll() -> Response {
    answer::error(StatusCode::NOT_FOUND, "The pollId was not found")
}

/// The deployed folders that fit: by name, or as a list.
pub(super) async fn jobs(State(world): State<Arc<World>>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let wanted = |field: &str| query.get(field).map_or("*", String::as_str);
    let server = query.get("server").or_else(|| query.get("ctm")).map_or("*", String::as_str);
    let fits =
        |folder: &&Folder| pattern::matches(wanted("folder"), &folder.name) && pattern::matches(server, &folder.server);
    let found: Vec<(String, Value)> = world.engine(|engine| {
        engine.deployed().filter(fits).map(|folder| (folder.name.clone(), folder.source.clone())).collect()
    });
    if found.is_empty() {
        return answer::error(StatusCode::NOT_FOUND, "No folder was found");
    }
    if wanted("useArrayFormat") == "true" {
        let folders: Vec<Value> = found.into_iter().map(|(name, source)| listed(&name, source)).collect();
        return Json(json!({ "Folders": folders })).into_response();
    }
    Json(found.into_iter().collect::<Map<String, Value>>()).into_response()
}

/// Deletes the definition of a folder; what was ordered of it stays.
pub(super) async fn delete(
    State(world): State<Arc<World>>,
    Path((server, folder)): Path<(String, String)>,
) -> Response {
    if world.engine(|engine| engine.undeploy(&server, &folder)) {
        answer::message(&format!("Folder '{folder}' was successfully deleted"))
    } else {
        answer::error(StatusCode::NOT_FOUND, &format!("Folder '{folder}' was not found"))
    }
}

/// A folder with its jobs and sub-folders in lists.
fn listed(name: &str, source: Value) -> Value {
    let Value::Object(body) = source else { return source };
    let (mut flat, mut jobs, mut folders) = (Map::new(), Vec::new(), Vec::new());
    flat.insert("Name".to_owned(), name.into());
    for (name, value) in body {
        let kind = value.get("Type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "SubFolder" => folders.push(listed(&name, value)),
            _ if kind.starts_with("Job:") => jobs.push(listed(&name, value)),
            _ => {
                flat.insert(name, value);
            }
        }
    }
    for (field, list) in [("Jobs", jobs), ("SubFolders", folders)] {
        if !list.is_empty() {
            flat.insert(field.to_owned(), list.into());
        }
    }
    Value::Object(flat)
}

fn result(folders: &[Folder]) -> Map<String, Value> {
    let count = |smart| folders.iter().filter(|folder| folder.smart == smart).count();
    let nodes = || folders.iter().flat_map(|folder| &folder.nodes);
    let numbers = [
        ("successfulFoldersCount", count(false)),
        ("successfulSmartFoldersCount", count(true)),
        ("successfulSubFoldersCount", nodes().filter(|node| node.kind == Kind::SubFolder).count()),
        ("successfulJobsCount", nodes().filter(|node| matches!(node.kind, Kind::Job(_))).count()),
        ("successfulConnectionProfilesCount", 0),
        ("successfulDriversCount", 0),
    ];
    let mut result: Map<String, Value> =
        numbers.into_iter().map(|(name, number)| (name.to_owned(), number.into())).collect();
    result.insert("deploymentFile".to_owned(), "definitions.json".into());
    result.insert("isDeployDescriptorValid".to_owned(), false.into());
    result
}
