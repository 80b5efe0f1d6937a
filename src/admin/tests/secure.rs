//! What the server refuses: wrong tokens, slow clients, large bodies, requests of other sites.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::support::{HOSTILE, LOCAL, ask, body, runtime, send, server};
use crate::admin::access::{Access, Role, Token};
use crate::admin::connection::Limits;
use crate::admin::{Server, ServerSettings};

const SHORT: Limits = Limits { connections: 2, head: Duration::from_millis(300), write: Duration::from_millis(300) };

/// A server with the token of bob, who reads, and that of ann, who acts.
async fn with_tokens() -> Server {
    let tokens =
        vec![Token::new("bob", Role::Read, "the-token-of-bob"), Token::new("ann", Role::Act, "the-token-of-ann")];
    let access = Access { tokens, anonymous: None, read_only: false };
    Server::start(ServerSettings { access, ..ServerSettings::readable(LOCAL) }, runtime()).await.unwrap()
}

async fn short() -> Server {
    Server::start_within(ServerSettings::readable(LOCAL), runtime(), SHORT).await.unwrap()
}

/// The status of a request with these headers, which end with a line break each.
async fn asked(address: SocketAddr, line: &str, headers: &str) -> (u16, String) {
    send(address, &format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")).await
}

#[tokio::test]
async fn only_a_known_token_reads_and_probes_need_none() {
    let server = with_tokens().await;
    let get = async |headers: &str| asked(server.address(), "GET /api/v1/tasks", headers).await;
    assert_eq!(get("Authorization: Bearer the-token-of-bob\r\n").await.0, 200);
    let (code, answer) = get("").await;
    assert_eq!((code, body(&answer)["code"].as_str()), (401, Some("no_token")));
    assert!(answer.contains("www-authenticate: Bearer"), "{answer}");
    for wrong in
        ["Bearer the-token-of-bo", "Bearer THE-TOKEN-OF-BOB", "Bearer ", "Basic Ym9i", "Bearer the-token-of-bob\u{e9}"]
    {
        assert_eq!(get(&format!("Authorization: {wrong}\r\n")).await.0, 401, "{wrong}");
    }
    let twice = "Authorization: Bearer the-token-of-bob\r\nAuthorization: Bearer x\r\n";
    assert_eq!(get(twice).await.0, 401);
    for (path, code) in [("/healthz", 200), ("/readyz", 503), ("/metrics", 200)] {
        assert_eq!(ask(server.address(), path).await.0, code, "{path}");
    }
    for path in ["/healthz/", "//healthz", "/healthz%00", "/api/v1/openapi.json", "/metrics/../api/v1/config"] {
        assert_eq!(ask(server.address(), path).await.0, 401, "{path} is not open");
    }
    let (code, answer) = ask(server.address(), "/entries/ctm/bundle").await;
    assert_eq!(code, 303, "the console asks for a token: {answer}");
    assert!(answer.contains("location: /login?to="), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn who_only_reads_sends_no_commands() {
    let server = with_tokens().await;
    let post = async |headers: &str| asked(server.address(), "POST /api/v1/tasks", headers).await;
    let (code, answer) = post("Authorization: Bearer the-token-of-bob\r\n").await;
    assert_eq!((code, body(&answer)["code"].as_str()), (403, Some("role")));
    assert_eq!(post("Authorization: Bearer the-token-of-ann\r\n").await.0, 405, "there is no such command");
    let forged = "Authorization: Bearer the-token-of-ann\r\nOrigin: http://evil.com\r\n";
    assert_eq!(post(forged).await.0, 403);
    server.stop().await;
}

#[tokio::test]
async fn a_name_that_is_made_to_point_at_loopback_is_refused() {
    let server = server(&runtime()).await;
    let request = "GET /api/v1/tasks HTTP/1.1\r\nHost: evil.com\r\nConnection: close\r\n\r\n";
    let (code, answer) = send(server.address(), request).await;
    assert_eq!((code, body(&answer)["code"].as_str()), (421, Some("unknown_host")));
    let line = "GET http://evil.com/api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(send(server.address(), line).await.0, 421);
    server.stop().await;
}

#[tokio::test]
async fn markup_in_every_field_is_data_for_a_browser() {
    let server = server(&runtime()).await;
    let named = ["tasks?application=%3Cscript%3Ealert(1)%3C/script%3E", "config?%3Cscript%3E=1"];
    for path in ["applications", "topology", "tasks", "config"].into_iter().chain(named) {
        let (_, answer) = ask(server.address(), &format!("/api/v1/{path}")).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(body.contains("<script>"), "{path}: {answer}");
        assert!(head.contains("json\r\n") && head.contains("x-content-type-options: nosniff"), "{head}");
        assert!(head.contains("content-security-policy: default-src 'none'") && !head.contains("<script"), "{head}");
    }
    assert!(ask(server.address(), "/api/v1/tasks").await.1.contains(HOSTILE));
    server.stop().await;
}

/// Waits until the server has closed the connection.
async fn closed(stream: &mut TcpStream) -> Duration {
    let (start, mut answer) = (Instant::now(), Vec::new());
    drop(timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await.expect("the connection stays open"));
    start.elapsed()
}

#[tokio::test]
async fn slow_heads_and_idle_connections_are_closed() {
    let server = short().await;
    let mut silent = TcpStream::connect(server.address()).await.unwrap();
    let mut slow = TcpStream::connect(server.address()).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ").await.unwrap();
    // Both places are taken; a third client waits for one, and gets it.
    let (code, _) = timeout(Duration::from_secs(4), ask(server.address(), "/healthz")).await.unwrap();
    assert_eq!(code, 200);
    assert!(closed(&mut silent).await < Duration::from_secs(3));
    assert!(closed(&mut slow).await < Duration::from_secs(3));
    let mut kept = TcpStream::connect(server.address()).await.unwrap();
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert!(closed(&mut kept).await < Duration::from_secs(3), "after its request it is idle");
    server.stop().await;
}

#[tokio::test]
async fn one_who_takes_nothing_of_an_answer_is_not_waited_for() {
    let server = short().await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3_000);
    // The answers fill the buffers of the sockets, and then the server waits.
    let sent = timeout(Duration::from_secs(5), stream.write_all(&request)).await;
    tokio::time::sleep(SHORT.write * 4).await;
    let (code, _) = timeout(Duration::from_secs(4), ask(server.address(), "/healthz")).await.unwrap();
    assert_eq!(code, 200);
    let rest = async {
        let mut buffer = vec![0; 1 << 20];
        while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
    };
    assert!(sent.is_err() || timeout(Duration::from_secs(5), rest).await.is_ok(), "the connection stays open");
    server.stop().await;
}

#[tokio::test]
async fn a_head_that_does_not_end_is_refused() {
    let server = server(&runtime()).await;
    let endless = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n", "a".repeat(100_000));
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    // The server may close before it has all of it.
    drop(stream.write_all(endless.as_bytes()).await);
    let mut answer = Vec::new();
    drop(timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await.unwrap());
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 414") || answer.starts_with("HTTP/1.1 431"), "{answer}");
    for garbage in ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\r\n\r\n"] {
        assert_eq!(send(server.address(), garbage).await.0, 400, "{garbage:?}");
    }
    assert_eq!(ask(server.address(), "/healthz").await.0, 200);
    server.stop().await;
}
