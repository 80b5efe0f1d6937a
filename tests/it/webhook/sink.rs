//! The sink against a real HTTP server: it tells each response as it is.

use std::time::Duration;

use sheaf::model::Verdict;
use sheaf::processor::call::{Http, Method, Request, Response};
use sheaf::secret::Secret;
use sheaf::sink::Limits;
use sheaf::sink::webhook::{Error, Settings, Webhook};

use crate::alerts::http_server::{HttpServer, Reply};
use crate::alerts::{calls, run, runtime};
use crate::control_m::support::closed_port;

fn settings(url: &str) -> Settings {
    Settings {
        name: "shop".to_owned(),
        url: Secret::new(url.to_owned()),
        headers: vec![("Authorization".to_owned(), Secret::new("Bearer hunter2".to_owned()))],
        member: None,
        timeout: Duration::from_millis(500),
        limits: Limits::new(2),
    }
}

fn request(path: &str) -> Request {
    Request::Http(Http {
        method: Method::Put,
        path: path.to_owned(),
        key_header: "X-Key".to_owned(),
        key: "k-1".to_owned(),
        body: r#"{"a":1}"#.to_owned(),
    })
}

fn verdict(url: &str, path: &str, expires_at: Duration) -> Verdict {
    let runtime = runtime();
    run(&Webhook::new(&settings(url), calls(&runtime)).unwrap(), &request(path), expires_at)
}

fn response(verdict: &Verdict) -> Response {
    let Verdict::Answered(json) = verdict else { panic!("not an answer: {verdict:?}") };
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_request_has_its_method_path_headers_key_and_body() {
    let server = HttpServer::start(&[]);
    let answered = response(&verdict(&format!("{}?x=1", server.url), "/a%2Fb/c?y=2", Duration::MAX));
    assert_eq!(answered, Response { status: 200, retry_after_ms: None, body: Some("ok".to_owned()) });
    let [seen] = &server.seen()[..] else { panic!("{:?}", server.seen()) };
    assert!(seen.head.starts_with("put /services/t0/b0/s3cret/a%2fb/c?x=1&y=2 http/1.1"), "{}", seen.head);
    let headers = ["x-key", "authorization", "content-type"].map(|name| seen.header(name));
    assert_eq!(headers, ["k-1", "bearer hunter2", "application/json"]);
    assert_eq!(seen.body, r#"{"a":1}"#);
}

#[test]
fn each_response_is_told_as_it_is_and_a_lost_one_is_unknown() {
    for (status, retry_after) in [(201, None), (400, None), (429, Some(7)), (503, Some(3)), (301, None)] {
        let server = HttpServer::start(&[Reply::Status(status, retry_after)]);
        let answered = response(&verdict(&server.url, "", Duration::MAX));
        let retry_after_ms = retry_after.map(|seconds| u64::from(seconds) * 1_000);
        assert_eq!(answered, Response { status, retry_after_ms, body: Some("ok".to_owned()) });
    }
    for reply in [Reply::Hang, Reply::ExecutedAndReset] {
        let server = HttpServer::start(&[reply]);
        let verdict = verdict(&server.url, "", Duration::MAX);
        assert!(matches!(&verdict, Verdict::Unknown(_)), "{reply:?}: {verdict:?}");
    }
}

#[test]
fn what_was_not_sent_is_told_so() {
    let server = HttpServer::start(&[]);
    let expired = verdict(&server.url, "", Duration::ZERO);
    assert!(matches!(&expired, Verdict::NotSent(detail) if detail.contains("expired")), "{expired:?}");
    assert!(server.seen().is_empty());
    let (_port, address) = closed_port();
    let refused = verdict(&format!("http://{address}/s3cret"), "", Duration::MAX);
    assert!(matches!(&refused, Verdict::NotSent(detail) if !detail.contains("s3cret")), "{refused:?}");
}

#[test]
fn a_header_that_would_add_others_is_refused_at_the_start_without_being_told() {
    let headers = vec![("Authorization".to_owned(), Secret::new("hunter2\r\nX-Evil: 1".to_owned()))];
    let error = Webhook::new(&Settings { headers, ..settings("http://h/") }, calls(&runtime())).unwrap_err();
    assert!(matches!(&error, Error::Header { header, .. } if header == "Authorization"), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}
