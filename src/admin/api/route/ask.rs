//! Asks the applications for an answer.

use std::sync::Arc;

use axum::Json;

use crate::admin::api::{Port, Problem};

/// The applications, shared by all requests.
pub(in crate::admin) type Shared = Arc<dyn Port>;

/// An answer, or the reason why there is none.
pub(super) type Answer<T> = Result<Json<T>, Problem>;

/// Asks the applications on a thread that may block.
pub(super) async fn ask<T: Send + 'static>(
    port: Shared,
    question: impl FnOnce(&dyn Port) -> Result<T, Problem> + Send + 'static,
) -> Answer<T> {
    match tokio::task::spawn_blocking(move || question(&*port)).await {
        Ok(answer) => answer.map(Json),
        Err(error) => {
            tracing::error!(%error, "a request to the HTTP API has failed");
            Err(Problem::internal())
        }
    }
}
