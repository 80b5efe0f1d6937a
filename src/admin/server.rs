//! The HTTP server: health, metrics and the API on one port, with a graceful stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Health;
use super::api::{self, Port};
use super::guard::{BODY_BYTES_MAX, guard};

/// The time for open connections to end when the server stops.
const STOP_MAX: Duration = Duration::from_secs(2);

/// Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

type Shared = Arc<dyn Port>;

/// The error of starting the server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is in use, or not of this machine.
    #[error("cannot listen on {address}: {reason}; choose another `http.bind`, or port 0 for any free one")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        #[source]
        reason: std::io::Error,
    },
}

/// A running server. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens on the address and serves requests on the current tokio runtime.
    pub async fn start(bind: SocketAddr, port: Shared) -> Result<Self, Error> {
        let refusal = |reason| Error::Bind { address: bind, reason };
        let listener = TcpListener::bind(bind).await.map_err(refusal)?;
        let address = listener.local_addr().map_err(refusal)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            // Dropping the sender stops the server, too.
            let stopped = async { stopped.await.unwrap_or_default() };
            if let Err(error) = axum::serve(listener, router(port)).with_graceful_shutdown(stopped).await {
                tracing::error!(%error, "the HTTP server has failed; health checks get no answer");
            }
        });
        Ok(Self { address, stop, task })
    }

    /// The address, with the actual port if 0 was requested.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Refuses new connections and waits a moment for the open ones.
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

fn router(port: Shared) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .merge(api::router())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(guard))
        .with_state(port)
}

async fn healthz(State(port): State<Shared>) -> Response {
    respond(port, |health| health.alive).await
}

async fn readyz(State(port): State<Shared>) -> Response {
    respond(port, |health| health.alive && health.ready).await
}

/// Reads the health on a blocking thread, because that may wait.
async fn respond(port: Shared, is_good: fn(&Health) -> bool) -> Response {
    match tokio::task::spawn_blocking(move || port.health()).await {
        Ok(health) => (code(is_good(&health)), Json(health)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn metrics(State(port): State<Shared>) -> Response {
    match port.metrics() {
        Ok(text) => ([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

const fn code(good: bool) -> StatusCode {
    if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
