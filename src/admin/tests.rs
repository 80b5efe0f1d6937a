//! What the HTTP server promises, asked over a socket.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Health, Server, Status};
use crate::metric::{self, Build, Declared, Metrics};

struct Runtime {
    alive: AtomicBool,
    ready: AtomicBool,
    metrics: Metrics,
}

impl Status for Runtime {
    fn health(&self) -> Health {
        Health {
            alive: self.alive.load(Ordering::SeqCst),
            ready: self.ready.load(Ordering::SeqCst),
            state: "restoring".to_owned(),
            details: BTreeMap::from([("threads".to_owned(), "1".to_owned())]),
            applications: BTreeMap::new(),
        }
    }

    fn metrics(&self) -> Result<String, metric::Error> {
        self.metrics.encode()
    }
}

fn runtime() -> Arc<Runtime> {
    let text = || "1".to_owned();
    let build = Build { version: text(), revision: text(), rustc: text(), librdkafka: text(), rocksdb: text() };
    let metrics = Metrics::new("ctm", &build, Declared::default()).unwrap();
    Arc::new(Runtime { alive: AtomicBool::new(true), ready: AtomicBool::new(false), metrics })
}

async fn server(runtime: &Arc<Runtime>) -> Server {
    Server::start(SocketAddr::from(([127, 0, 0, 1], 0)), Arc::<Runtime>::clone(runtime)).await.unwrap()
}

/// The status code and the whole answer.
async fn ask(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: sheaf\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

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
    assert_eq!(ask(server.address(), "/").await.0, 404);
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
    let error = Server::start(first.address(), runtime).await.unwrap_err().to_string();
    assert!(error.contains(&first.address().to_string()) && error.contains("http.bind"), "{error}");
    first.stop().await;
}
