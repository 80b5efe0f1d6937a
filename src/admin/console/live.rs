//! Tells a page that what it shows has changed, by server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;

use super::api;
use super::api::{Api, Authorization, Place, field};
use super::shared::Console;
use super::sink;

/// The time between two looks.
const INTERVAL: Duration = Duration::from_secs(2);
/// What a page shows: all processors, one, or one entry of it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Scope {
    #[serde(default)]
    application: String,
    #[serde(default)]
    processor: String,
    #[serde(default)]
    key: String,
}

struct Watch {
    api: Api,
    caller: Authorization,
    scope: Scope,
    seen: Option<String>,
    _permit: OwnedSemaphorePermit,
}

/// Writes an event `changed` when the numbers, or the entry, are not what they were.
pub(super) async fn stream(State(console): State<Console>, headers: HeaderMap, Query(scope): Query<Scope>) -> Response {
    let Ok(permit) = Arc::clone(&console.pages).try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let caller = console.session(&headers).caller;
    let watch = Watch { api: console.api, caller, scope, seen: None, _permit: permit };
    let events = stream::unfold(watch, |mut watch| async {
        loop {
            let now = watch.look().await;
            // The first time too: it may have changed since the page was made.
            let is_change = watch.seen.as_ref() != Some(&now);
            watch.seen = Some(now);
            if is_change {
                // A browser drops an event without data.
                let event = Event::default().event("changed").data("look again");
                return Some((Ok::<_, Infallible>(event), watch));
            }
            tokio::time::sleep(INTERVAL).await;
        }
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

impl Watch {
    /// What the page shows, or the error. The instance that answers is left out: it changes with a rebalance.
    async fn look(&self) -> String {
        let Scope { application, processor, key } = &self.scope;
        let answer = if !key.is_empty() {
            self.api.entry(&self.caller, &Place { application, processor, key }).await
        } else if !processor.is_empty() {
            self.api.counts(&self.caller, application, processor).await
        } else {
            return self.look_at_all().await;
        };
        answer.map_or_else(|refusal| refusal.detail, |answer| answer.to_string())
    }

    async fn look_at_all(&self) -> String {
        let applications = self.api.get(&self.caller, "/api/v1/applications").await.unwrap_or_default();
        let instances = self.api.get(&self.caller, "/api/v1/instances?limit=500").await.unwrap_or_default();
        // Of the instances only what is rare: their other details change each second.
        let mut all = format!("{applications} {:?}", sink::stopped(&instances));
        for application in api::items(&applications) {
            let id = field(application, "id").as_str().unwrap_or_default();
            for processor in
                field(application, "processors").as_array().into_iter().flatten().filter_map(|name| name.as_str())
            {
                let counts = self.api.counts(&self.caller, id, processor).await;
                all.push_str(&counts.map_or_else(|refusal| refusal.detail, |counts| counts.to_string()));
            }
        }
        all
    }
}
