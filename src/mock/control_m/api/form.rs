//! The parts of a form with a definition.

use axum::extract::Multipart;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::super::answer;
use super::super::definition::{self, Folder};
use super::super::world::World;

/// The folders of the definition in the one part that is asked for; `deployDescriptorFile` may stand beside it.
pub(super) async fn folders(world: &World, mut form: Multipart, wanted: &str) -> Result<Vec<Folder>, Response> {
    let mut found = None;
    loop {
        let field = form.next_field().await.map_err(IntoResponse::into_response)?;
        let Some(field) = field else { break };
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(IntoResponse::into_response)?;
        if name == wanted {
            found = Some(bytes);
        }
    }
    let missing = || answer::error(StatusCode::BAD_REQUEST, &format!("Required part '{wanted}' is not present."));
    let text = found.ok_or_else(missing)?;
    let read = definition::read(&text, &world.settings.servers);
    read.map(|definition| definition.folders).map_err(|problems| answer::errors(StatusCode::BAD_REQUEST, &problems))
}
