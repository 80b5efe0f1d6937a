//! The connections of the HTTP server: their number, and how slow a client may be.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;

use super::tls::Tls;

/// The limits of connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The most connections at once; further ones wait until one ends.
    pub connections: usize,
    /// The longest time for the head of a request, for a TLS handshake, and between two requests.
    pub head: Duration,
    /// The longest time for which a client may take nothing of an answer.
    pub write: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 256, head: Duration::from_secs(10), write: Duration::from_secs(30) }
    }
}

/// The most bytes of the head of a request.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// The pause after a connection could not be accepted, as when the process has no more file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until `stop` is set, and then until the open requests are answered.
pub(super) async fn serve(
    listener: TcpListener,
    (tls, limits): (watch::Receiver<Option<Tls>>, Limits),
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let free = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let place = Arc::clone(&free).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            _ = stop.changed() => break,
        };
        let (stream, _peer): (TcpStream, SocketAddr) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "a connection to the HTTP server cannot be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let tls = tls.borrow().clone();
        let connection = connection(stream, (tls, limits), router.clone(), stop.clone());
        connections.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(
    stream: TcpStream,
    (tls, limits): (Option<Tls>, Limits),
    router: Router,
    stop: watch::Receiver<bool>,
) {
    // An answer of several writes would wait for the client's acknowledgement; without the option it is only slower.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.write));
    let stream = Box::pin(stream);
    let Some(tls) = tls else { return requests(stream, limits, router, stop).await };
    match tokio::time::timeout(limits.head, tls.accept(stream)).await {
        Ok(Ok(stream)) => requests(stream, limits, router, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake with the HTTP server has failed"),
        Err(_elapsed) => {}
    }
}

/// The requests of a connection, one after the other.
async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    limits: Limits,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(HEAD_BYTES_MAX);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the HTTP server has ended early");
    }
}
