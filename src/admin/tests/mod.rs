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

#[tokio::test]
async fn requests_are_counted_by_the_template_of_their_path() {
    let server = server(&runtime()).await;
    for path in ["/api/v1/bundle/commands?application=ctm-a", "/api/v1/other/commands", "/nowhere/1", "/nowhere/2"] {
        ask(server.address(), path).await;
    }
    let (_, metrics) = ask(server.address(), "/metrics").await;
    for series in [
        r#"route="/api/v1/{processor}/commands",status="200"} 1"#,
        r#"route="/api/v1/{processor}/commands",status="404"} 1"#,
        r#"route="none",status="404"} 2"#,
    ] {
        let series = format!(r#"sheaf_http_requests_total{{application="ctm",method="GET",{series}"#);
        assert!(metrics.contains(&series), "{series} is missing: {metrics}");
    }
    let duration = r#"sheaf_http_request_duration_seconds_count{application="ctm",method="GET",route="none"} 2"#;
    assert!(metrics.contains(duration), "{metrics}");
    server.stop().await;
}
