//! `POST /run` and `POST /run/ondemand`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::settings::BASE_PATH;
use super::world::World;
use super::{answer, definition};

/// Builds, deploys and runs; the part has another name than that of [`run_on_demand`].
pub(super) async fn run(State(world): State<Arc<World>>, headers: HeaderMap, form: Multipart) -> Response {
    submit(&world, &headers, form, "jobDefinitionsFile").await
}

/// Runs without deploying.
pub(super) async fn run_on_demand(State(world): State<Arc<World>>, headers: HeaderMap, form: Multipart) -> Response {
    submit(&world, &headers, form, "definitionsFile").await
}

async fn submit(world: &World, headers: &HeaderMap, form: Multipart, part: &str) -> Response {
    let text = match definition_part(form, part).await {
        Ok(text) => text,
        Err(answer) => return answer,
    };
    let folders = match definition::read(&text, &world.settings.servers) {
        Ok(folders) => folders,
        Err(problems) => return answer::errors(StatusCode::BAD_REQUEST, &problems),
    };
    let run_id = world.submit(folders);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let status_uri = format!("http://{host}{BASE_PATH}/run/status/{run_id}");
    Json(serde_json::json!({ "runId": run_id, "statusURI": status_uri })).into_response()
}

/// The bytes of the one part that is asked for; `deployDescriptorFile` may stand beside it.
async fn definition_part(mut form: Multipart, wanted: &str) -> Result<Vec<u8>, Response> {
    let mut found = None;
    loop {
        let field = form.next_field().await.map_err(IntoResponse::into_response)?;
        let Some(field) = field else { break };
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(IntoResponse::into_response)?;
        if name == wanted {
            found = Some(bytes.to_vec());
        }
    }
    found.ok_or_else(|| answer::error(StatusCode::BAD_REQUEST, &format!("Required part '{wanted}' is not present.")))
}
