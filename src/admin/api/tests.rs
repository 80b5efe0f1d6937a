//! What the API answers, asked over a socket; and its `OpenAPI` document.

use serde_json::Value;

use super::document;
use crate::admin::tests::support::{LOCAL, ask, body, runtime, send, server};
use crate::admin::{Access, Role, Server, ServerSettings};

/// Asks for a path, which is answered with this code, and with a problem if that is an error.
async fn asked(path: &str, code: u16) -> Value {
    let server = server(&runtime()).await;
    let (found, answer) = ask(server.address(), path).await;
    assert_eq!(found, code, "{path}: {answer}");
    server.stop().await;
    let media_type = if code < 400 { "application/json" } else { "application/problem+json" };
    assert!(answer.contains(&format!("content-type: {media_type}\r\n")), "{answer}");
    let body = body(&answer);
    if code >= 400 {
        assert_eq!(body["status"], code, "{body}");
        assert!(["title", "code", "detail"].iter().all(|key| body[key].is_string()), "{body}");
    }
    body
}

#[tokio::test]
async fn a_list_is_of_all_applications_or_of_the_one_that_is_named() {
    let all = asked("/api/v1/tasks", 200).await;
    assert_eq!(all["items"].as_array().unwrap().len(), 14);
    assert_eq!(all.get("next"), None);
    let one = asked("/api/v1/tasks?application=ctm-b", 200).await;
    let names: Vec<_> = one["items"].as_array().unwrap().iter().map(|task| &task["name"]).collect();
    assert_eq!(names, ["bundle-0", "bundle-1", "bundle-2", "bundle-3", "bundle-4", "bundle-5", "bundle-6"]);
    for path in ["applications", "topology", "tasks"] {
        let unknown = asked(&format!("/api/v1/{path}?application=ctm"), 404).await;
        assert_eq!(unknown["code"], "unknown_application");
        assert_eq!(
            unknown["detail"],
            "there is no application `ctm` in this process; its applications are ctm-a, ctm-b"
        );
    }
}

#[tokio::test]
async fn pages_follow_one_another_over_applications() {
    let (mut path, mut names) = ("/api/v1/tasks?limit=5".to_owned(), Vec::new());
    for size in [5, 5, 4] {
        let page = asked(&path, 200).await;
        let items = page["items"].as_array().unwrap();
        assert_eq!(items.len(), size);
        names.extend(items.iter().map(|task| format!("{}/{}", task["application"], task["name"])));
        path = format!("/api/v1/tasks?limit=5&cursor={}", page["next"].as_str().unwrap_or_default());
    }
    assert!(names.is_sorted(), "{names:?}");
    assert_eq!(asked(&path, 404).await["code"], "unknown_cursor", "the last page has no cursor");
    let settings = asked("/api/v1/config?limit=1", 200).await;
    assert_eq!(settings["items"][0]["path"], "b", "settings stay in the order of the reference page");
}

#[tokio::test]
async fn definitions_of_flows_are_listed_and_an_unknown_one_has_no_picture() {
    let all = asked("/api/v1/flow/definitions", 200).await;
    let names: Vec<_> = all["items"].as_array().unwrap().iter().map(|it| [&it["application"], &it["name"]]).collect();
    assert_eq!(names, [["ctm-a", "PARCEL"], ["ctm-b", "PARCEL"]]);
    assert_eq!(all["items"][0]["steps"], 5);
    let refused = asked("/api/v1/flow/definitions/PARCEL/picture", 404).await;
    assert_eq!(refused["code"], "unknown_processor", "no application here runs flows");
    // These paths stand beside those of every processor.
    assert_eq!(asked("/api/v1/flow/counts", 404).await["code"], "unknown_processor");
}

#[tokio::test]
async fn every_error_is_a_problem() {
    for (path, code) in [
        ("/api/v1/", "unknown_path"),
        ("/api/v1/tasks/", "unknown_path"),
        ("/api/v1/../../etc/passwd", "unknown_path"),
        ("/api/v1/%2e%2e/metrics", "unknown_path"),
        ("//metrics", "unknown_path"),
        ("/metrics/%00", "unknown_path"),
    ] {
        assert_eq!(asked(path, 404).await["code"], code, "{path}");
    }
    for query in ["limit=0", "limit=501", "limit=x", "limit=1&limit=2", "unknown=1"] {
        let problem = asked(&format!("/api/v1/tasks?{query}"), 400).await;
        let parameter = query.split('=').next().unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(parameter), "{query}: {problem}");
    }
}

#[tokio::test]
async fn a_request_that_panics_is_answered_and_says_nothing_of_the_inside() {
    let problem = asked("/api/v1/instances", 500).await;
    assert_eq!(problem["code"], "internal");
    assert!(!problem.to_string().contains("secret"), "{problem}");
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_refused_with_those_that_it_has() {
    let access = Access { anonymous: Some(Role::Act), ..Access::default() };
    let settings = ServerSettings { access, ..ServerSettings::readable(LOCAL) };
    let server = Server::start(settings, runtime()).await.unwrap();
    for method in ["POST", "DELETE", "PUT"] {
        let request = format!("{method} /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let (code, answer) = send(server.address(), &request).await;
        assert_eq!(code, 405, "{answer}");
        assert!(answer.contains("allow: GET,HEAD\r\n"), "{answer}");
        assert_eq!(body(&answer)["code"], "unknown_method");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_large_body_is_refused_before_it_is_sent() {
    let server = server(&runtime()).await;
    let request =
        "GET /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 262145\r\nConnection: close\r\n\r\n";
    let (code, answer) = send(server.address(), request).await;
    assert_eq!((code, body(&answer)["code"].as_str()), (413, Some("too_large")));
    server.stop().await;
}

/// Posts a command to an entry of `ctm-a` as a caller of this role.
async fn commanded(role: Role, path: &str, sent: &str) -> (u16, Value) {
    let access = Access { anonymous: Some(role), ..Access::default() };
    let settings = ServerSettings { access, ..ServerSettings::readable(LOCAL) };
    let server = Server::start(settings, runtime()).await.unwrap();
    let request = format!(
        "POST /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{sent}",
        sent.len()
    );
    let (code, answer) = send(server.address(), &request).await;
    server.stop().await;
    (code, body(&answer))
}

#[tokio::test]
async fn a_command_is_answered_with_its_audit() {
    let id = "018f3c1e-7d1e-7aaa-bbbb-0123456789ab";
    let sent = format!(r#"{{"id":"{id}","why":"it is late","arguments":{{"until":"2026-12-01T06:00:00Z"}}}}"#);
    let path = "bundle/entries/a%2Fb/commands/extend?application=ctm-a";
    let (code, audit) = commanded(Role::Act, path, &sent).await;
    assert_eq!(code, 200, "{audit}");
    let shown = ["processor", "id", "key", "name", "by", "why"].map(|name| audit[name].as_str().unwrap());
    assert_eq!(shown, ["bundle", id, "a/b", "extend", "anonymous", "it is late"]);
}

#[tokio::test]
async fn a_command_that_is_not_accepted_is_a_problem_that_says_why() {
    let of =
        |processor: &str, key: &str, name: &str| format!("{processor}/entries/{key}/commands/{name}?application=ctm-a");
    let none = "{}";
    for (role, path, sent, code, problem) in [
        (Role::Read, of("bundle", "p", "cancel"), none, 403, "role"),
        (Role::Act, of("bundle", "p", "complete"), none, 403, "role"),
        (Role::Act, of("bundle", "closed", "cancel"), none, 409, "rejected"),
        (Role::Act, of("bundle", "late", "cancel"), none, 503, "not_executed_yet"),
        (Role::Act, of("bundle", "p", "delete"), none, 404, "unknown_command"),
        (Role::Act, of("other", "p", "cancel"), none, 404, "unknown_processor"),
        (Role::Act, of("bundle", "p", "extend"), none, 422, "invalid_command"),
        (Role::Act, of("bundle", "p", "cancel"), r#"{"id":"1"}"#, 422, "bad_request"),
        (Role::Act, "bundle/entries/p/commands/cancel".to_owned(), none, 409, "several_applications"),
    ] {
        let (found, answer) = commanded(role, &path, sent).await;
        assert_eq!((found, answer["code"].as_str()), (code, Some(problem)), "{path}: {answer}");
    }
    for sent in ["", "[]", "{\"size\":1}", "{\"arguments\":{\"a\":1}}"] {
        let (code, answer) = commanded(Role::Act, &of("bundle", "p", "cancel"), sent).await;
        assert!((400..500).contains(&code) && answer["status"] == code, "{sent}: {answer}");
    }
    let (code, audit) = commanded(Role::Admin, &of("bundle", "p", "complete"), none).await;
    assert_eq!(code, 200, "{audit}");
}

#[tokio::test]
async fn what_operators_did_is_listed_from_the_latest_on_over_applications() {
    let (mut path, mut minutes) = ("/api/v1/audit?limit=4".to_owned(), Vec::new());
    for size in [4, 4, 2] {
        let page = asked(&path, 200).await;
        let items = page["items"].as_array().unwrap();
        assert_eq!(items.len(), size);
        minutes.extend(items.iter().map(|item| {
            let application = if item["application"] == "ctm-a" { 'a' } else { 'b' };
            format!("{application}{}", item["offset"])
        }));
        path = format!("/api/v1/audit?limit=4&cursor={}", page["next"].as_str().unwrap_or_default());
    }
    assert_eq!(minutes, ["a9", "b8", "a7", "b6", "a5", "b4", "a3", "b2", "a1", "b0"]);
    assert_eq!(asked(&path, 404).await["code"], "unknown_cursor", "the last page has no cursor");

    let one = asked("/api/v1/audit?application=ctm-b&by=%3Cscript%3Ealert(1)%3C/script%3E&limit=1", 200).await;
    let item = &one["items"][0];
    let shown = ["application", "at", "verdict", "reason"].map(|name| item[name].as_str().unwrap());
    assert_eq!(shown, ["ctm-b", "1970-01-01T00:08:00.000Z", "rejected", "bad_command"]);
    assert_eq!(asked("/api/v1/audit?by=ann", 200).await["items"].as_array().unwrap().len(), 0);
    let wrong = asked("/api/v1/audit?since=yesterday", 400).await;
    assert!(wrong["detail"].as_str().unwrap().contains("since: write a time"), "{wrong}");
    asked("/api/v1/audit?who=ann", 400).await;
}

#[tokio::test]
async fn the_document_is_served() {
    let served = asked("/api/v1/openapi.json", 200).await;
    assert_eq!(served, serde_json::from_str::<Value>(&document()).unwrap());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a variable has the test write the file that it compares")]
fn the_openapi_document_is_generated_from_the_handlers() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
    if std::env::var_os("SHEAF_UPDATE_DOCS").is_some() {
        std::fs::write(path, document()).unwrap();
    }
    let file = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(file, document(), "docs/openapi.json is stale: run the test with SHEAF_UPDATE_DOCS=1");
}
