//! What the HTTP server promises, asked over a socket.

mod secure;
pub(super) mod support;

use std::sync::atomic::Ordering;

use tokio::net::TcpStream;

use super::{Server, ServerSettings};
use support::{ask, runtime, server};

#[tokio::test]
async fn restoring_is_alive_and_not_ready() {
    let runtime = runtime();
    let server = server(&runtime).await;
    let (code, answer) = ask(server.address(), "/healthz").await;
    assert_eq!(code, 200);
    assert!(answer.contains(r#""state":"restoring""#) && answer.contains(r#""threads":"1""#), "{answer}");
    assert_eq!(ask(server.address(), "/readyz").await.0, 503);
    runtime.ready.store(true, Ordering::SeqCst);
    assert_eq!(ask(server.address(), "/readyz").await.0, 200);
    runtime.alive.store(false, Ordering::SeqCst);
    assert_eq!(ask(server.address(), "/healthz").await.0, 503);
    assert_eq!(ask(server.address(), "/readyz").await.0, 503);
    server.stop().await;
}

#[tokio::test]
async fn metrics_are_served_as_prometheus_reads_them() {
    let server = server(&runtime()).await;
    let (code, answer) = ask(server.address(), "/metrics").await;
    assert_eq!(code, 200);
    assert!(answer.contains("content-type: text/plain; version=0.0.4"), "{answer}");
    assert!(answer.contains("sheaf_instance_state{application=\"ctm\",state=\"created\"} 1"), "{answer}");
    assert_eq!(ask(server.address(), "/metrics/").await.0, 404);
    server.stop().await;
}

#[tokio::test]
async fn a_stopped_server_takes_no_more_connections() {
    let server = server(&runtime()).await;
    let address = server.address();
    server.stop().await;
    TcpStream::connect(address).await.unwrap_err();
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_the_remedy() {
    let runtime = runtime();
    let first = server(&runtime).await;
    let error = Server::start(ServerSettings::readable(first.address()), runtime).await.unwrap_err().to_string();
    assert!(error.contains(&first.address().to_string()) && error.contains("http.bind"), "{error}");
    first.stop().await;
}
