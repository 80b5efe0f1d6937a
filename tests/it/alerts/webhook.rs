//! The webhook sink against a real HTTP server.

use std::time::Duration;

use sheaf::model::{Sink, Target, Verdict};
use sheaf::processor::call::{Answer, Request, Webhook as Post};
use sheaf::secret::Secret;
use sheaf::sink::Limits;
use sheaf::sink::webhook::{Error, Settings, Webhook};

use super::http_server::{HttpServer, Reply};
use super::{answer, calls, run, runtime};
use crate::control_m::support::closed_port;

fn settings(url: &str) -> Settings {
    Settings {
        name: "ops".to_owned(),
        url: Secret::new(url.to_owned()),
        member: None,
        timeout: Duration::from_secs(10),
        limits: Limits::new(2),
        headers: Vec::new(),
    }
}

fn request() -> Request {
    let body = r#"{"text":"a \"b\" <c>"}"#.to_owned();
    Request::Webhook(Post { key: "6354bd85-6b7a-5d9a-a2a3-d227807820d6".to_owned(), body })
}

#[test]
fn a_body_is_posted_as_it_is_with_its_key() {
    let (server, runtime) = (HttpServer::start(&[]), runtime());
    let calls = calls(&runtime);
    let sink = Webhook::new(&settings(&server.url), calls.clone()).unwrap();
    let executed = Answer::Executed { detail: "HTTP 200: ok".to_owned() };
    assert_eq!(answer(&run(&sink, &request(), Duration::MAX)), executed);
    let [seen] = &server.seen()[..] else { panic!("{:?}", server.seen()) };
    assert!(seen.head.starts_with("post /services/t0/b0/s3cret http/1.1"), "{}", seen.head);
    assert_eq!(seen.header("idempotency-key"), "6354bd85-6b7a-5d9a-a2a3-d227807820d6");
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.body, r#"{"text":"a \"b\" <c>"}"#);
    let metrics = calls.metrics.encode().unwrap();
    let counted = r#"request_duration_seconds_count{application="ctm",code="200",operation="webhook",target="ops"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
}

#[test]
fn each_end_of_a_request_has_its_verdict() {
    let replies = [
        Reply::Status(429, Some(7)),
        Reply::Status(503, Some(3)),
        Reply::Status(400, None),
        Reply::Status(500, None),
        Reply::ExecutedAndReset,
    ];
    let (server, runtime) = (HttpServer::start(&replies), runtime());
    let sink = Webhook::new(&settings(&server.url), calls(&runtime)).unwrap();
    let run = || run(&sink, &request(), Duration::MAX);
    let busy = |status, retry_after_ms| Answer::Busy { detail: format!("HTTP {status}: ok"), retry_after_ms };
    assert_eq!(answer(&run()), busy(429, Some(7_000)));
    assert_eq!(answer(&run()), busy(503, Some(3_000)));
    assert_eq!(answer(&run()), Answer::Refused { detail: "HTTP 400: ok".to_owned() });
    assert_eq!(run(), Verdict::Unknown("HTTP 500: ok".to_owned()));
    assert!(matches!(run(), Verdict::Unknown(_)), "it was executed, and the answer is lost");
    assert_eq!(server.executed().len(), 1);
}

#[test]
fn an_attempt_ends_at_its_time_out_and_an_expired_one_is_not_sent() {
    let (server, runtime) = (HttpServer::start(&[Reply::Hang]), runtime());
    let settings = Settings { timeout: Duration::from_millis(200), ..settings(&server.url) };
    let sink = Webhook::new(&settings, calls(&runtime)).unwrap();
    assert!(matches!(run(&sink, &request(), Duration::MAX), Verdict::Unknown(_)));
    assert_eq!(run(&sink, &request(), Duration::ZERO), Verdict::NotSent("the attempt has expired".to_owned()));
    assert_eq!(server.seen().len(), 1);
    assert_eq!(sink.capacity(&Target::new("ops")), 4, "both slots are free, and as many may wait");
}

#[test]
fn nothing_is_sent_without_a_connection() {
    let (_port, address) = closed_port();
    let runtime = runtime();
    let sink = Webhook::new(&settings(&format!("http://{address}/s3cret")), calls(&runtime)).unwrap();
    let Verdict::NotSent(detail) = run(&sink, &request(), Duration::MAX) else { panic!("nobody listens") };
    assert!(detail.contains("refused") && !detail.contains("s3cret"), "{detail}");
}

#[test]
fn a_secret_member_is_added_to_the_body_and_shown_nowhere() {
    let (server, runtime) = (HttpServer::start(&[]), runtime());
    let member = Some(("routing_key", Secret::new("hunter\"2".to_owned())));
    let settings = Settings { member, ..settings(&server.url) };
    let sink = Webhook::new(&settings, calls(&runtime)).unwrap();
    run(&sink, &request(), Duration::MAX);
    let [(_, body)] = &server.executed()[..] else { panic!("{:?}", server.seen()) };
    assert_eq!(body["routing_key"], "hunter\"2");
    assert_eq!(body["text"], "a \"b\" <c>");
    let shown = format!("{settings:?} {sink:?}");
    assert!(!shown.contains("hunter") && !shown.contains("s3cret"), "{shown}");
}

#[test]
fn an_address_that_cannot_be_used_is_refused_at_the_start_and_not_shown() {
    let runtime = runtime();
    for url in ["", "hooks.example.com/s3cret", "ftp://hooks.example.com/s3cret"] {
        let error = Webhook::new(&settings(url), calls(&runtime)).unwrap_err();
        assert!(matches!(&error, Error::Url { name, .. } if name == "ops"), "{url}: {error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
