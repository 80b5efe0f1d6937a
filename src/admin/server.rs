//! The HTTP server: three read-only paths, a port, an orderly stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Health, Status};

/// How long open connections may take to end when the server stops.
const STOP_MAX: Duration = Duration::from_secs(2);

/// Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

type Shared = Arc<dyn Status>;

/// Why the server could not begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {address}: {reason}; choose another `http.bind`, or port 0 for any free one")]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// The operating system's words.
        #[source]
        reason: std::io::Error,
    },
}

/// A server that runs. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens on the address, and answers from then on, on the current tokio runtime.
    pub async fn start(bind: SocketAddr, status: Shared) -> Result<Self, Error> {
        let refusal = |reason| Error::Bind { address: bind, reason };
        let listener = TcpListener::bind(bind).await.map_err(refusal)?;
        let address = listener.local_addr().map_err(refusal)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            // A dropped sender stops the server as a sent word does.
            let stopped = async { stopped.await.unwrap_or_default() };
            if let Err(error) = axum::serve(listener, router(status)).with_graceful_shutdown(stopped).await {
                tracing::error!(%error, "the HTTP server ended by itself");
            }
        });
        Ok(Self { address, stop, task })
    }

    /// Where it listens; the port that was found when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections and waits for the open ones, for a moment.
    pub async fn stop(self) {
        let Self { stop, mut task, .. } = self;
        if stop.send(()).is_err() {
            return; // It has ended already.
        }
        if tokio::time::timeout(STOP_MAX, &mut task).await.is_err() {
            task.abort();
        }
    }
}

fn router(status: Shared) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(status)
}

async fn healthz(State(status): State<Shared>) -> Response {
    respond(status, |health| health.alive).await
}

async fn readyz(State(status): State<Shared>) -> Response {
    respond(status, |health| health.alive && health.ready).await
}

/// Asks for the health, on a thread of its own because that may wait.
async fn respond(status: Shared, is_good: fn(&Health) -> bool) -> Response {
    match tokio::task::spawn_blocking(move || status.health()).await {
        Ok(health) => (code(is_good(&health)), Json(health)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn metrics(State(status): State<Shared>) -> Response {
    match status.metrics().encode() {
        Ok(text) => ([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

const fn code(good: bool) -> StatusCode {
    if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
