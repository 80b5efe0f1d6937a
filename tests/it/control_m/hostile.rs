//! Malformed requests and responses.

use std::collections::BTreeMap;

use sheaf::mock::control_m::{Action, Fault};
use sheaf::processor::delivery::control_m::{Answer, Request};

use super::support::{AnswerMode, Fixture, RawServer, answer, is_not_sent, is_unknown, look_up, run, settings, submit};

#[test]
fn a_definition_that_is_not_a_json_object_is_not_sent() {
    let fixture = Fixture::new();
    for definition in ["", "[]", "{", "not json", "{}{}", "\"x\"", "{\"a\":\"\u{1}\"}", &"[".repeat(100_000)] {
        let request = Request::Submit { folder: "f".to_owned(), definition: definition.to_owned() };
        let verdict = run(&fixture.sink, &serde_json::to_string(&request).unwrap());
        assert!(is_not_sent(&verdict), "{definition:.20}: {verdict:?}");
    }
    for request in ["", "null", "{}", r#"{"do":"submit","folder":"f"}"#, r#"{"do":"delete","folder":"f"}"#] {
        assert!(is_not_sent(&run(&fixture.sink, request)), "{request}");
    }
    assert_eq!(fixture.simulator.dump().requests, 0);
}

#[test]
fn a_definition_that_control_m_rejects_is_refused_with_its_message() {
    let fixture = Fixture::new();
    let Answer::Refused { status: 400, message } = answer(&fixture.submit("folder a/*")) else {
        panic!("a space in a folder's name is refused")
    };
    assert!(message.contains("the folder's name has"), "{message}");
}

#[test]
fn a_folder_name_with_query_characters_matches_exactly_that_folder() {
    let fixture = Fixture::new();
    assert!(matches!(answer(&fixture.submit("a&folder=b#c%20ä+1")), Answer::Accepted { .. }));
    fixture.clock.advance(std::time::Duration::from_secs(10));
    assert!(matches!(answer(&fixture.look_up("a&folder=b#c%20ä+1")), Answer::Found { .. }));
    for other in ["a", "b", "a&folder=b", "a&folder=b#c%20ä 1"] {
        assert_eq!(answer(&fixture.look_up(other)), Answer::Absent, "{other}");
    }
}

#[test]
fn a_look_up_with_more_matches_finds_only_the_exact_folder() {
    let fixture = Fixture::new();
    for folder in ["folder-a", "folder-ab", "folder-a-child"] {
        fixture.submit(folder);
    }
    fixture.clock.advance(std::time::Duration::from_secs(10));
    assert_eq!(answer(&fixture.look_up("folder-a")), Answer::Found { job_id: "smprod:00001".to_owned() });
    assert_eq!(answer(&fixture.look_up("folder-*")), Answer::Absent, "there are rows, but none of that folder");
    assert!(is_not_sent(&fixture.look_up("")), "an empty name would match every folder");
}

#[test]
fn a_truncated_list_without_the_folder_does_not_mean_absent() {
    let fixture = Fixture::new();
    for number in 0..60 {
        fixture.submit(&format!("folder-{number}"));
    }
    fixture.clock.advance(std::time::Duration::from_secs(10));
    // 120 rows match the pattern, 100 are requested.
    assert!(is_unknown(&fixture.look_up("folder-*")));
    assert!(matches!(answer(&fixture.look_up("folder-59")), Answer::Found { .. }));
}

#[test]
fn a_failed_look_up_is_never_absent() {
    let fixture = Fixture::new();
    let path = "/run/jobs/status";
    for action in [
        Action::ResetBefore,
        Action::ResetAfter,
        Action::TruncateAfter,
        Action::respond(500, ""),
        Action::respond(502, "<html>"),
        Action::respond(200, ""),
        Action::respond(200, "{}"),
        Action::respond(200, "[]"),
        Action::respond(206, r#"{"statuses":[],"returned":0}"#),
        Action::respond(204, ""),
    ] {
        fixture.simulator.inject(Fault::once("GET", path, action.clone()));
        let verdict = fixture.look_up("folder-a");
        assert!(is_unknown(&verdict), "{action:?}: {verdict:?}");
    }
    fixture.simulator.inject(Fault::once("GET", path, Action::respond(403, r#"{"message":"Forbidden"}"#)));
    assert!(matches!(answer(&fixture.look_up("folder-a")), Answer::Busy { status: 403, .. }));
}

#[test]
fn invalid_http_is_unknown() {
    let fixture = Fixture::new();
    let answers: [&[u8]; 7] = [
        b"",
        b"\0\0\0\0",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"runId\":\"r\"}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 999999 X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\xff\xfe",
    ];
    for raw in answers {
        let server = RawServer::start(raw, AnswerMode::AtOnce);
        let sink = fixture.sink(&settings(&server.base_url));
        let verdict = run(&sink, &submit("folder-a"));
        assert!(is_unknown(&verdict), "{raw:?}: {verdict:?}");
        assert_eq!(server.count(), 1, "{raw:?}");
        assert!(is_unknown(&run(&sink, &look_up("folder-a"))), "{raw:?}");
    }
}

#[test]
fn an_excessive_response_is_not_read_to_its_end() {
    let mut raw = b"HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n".to_vec();
    raw.resize(6 << 20, b' ');
    let server = RawServer::start(&raw, AnswerMode::AtOnce);
    let fixture = Fixture::new();
    let sink = fixture.sink(&settings(&server.base_url));
    assert!(is_unknown(&run(&sink, &submit("folder-a"))));
}

#[test]
fn a_refusal_with_a_truncated_body_is_a_refusal() {
    let server = RawServer::start(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 100\r\n\r\n{", AnswerMode::AtOnce);
    let fixture = Fixture::new();
    let sink = fixture.sink(&settings(&server.base_url));
    assert!(matches!(answer(&run(&sink, &submit("folder-a"))), Answer::Refused { status: 400, .. }));
}

#[test]
fn submits_under_many_faults_are_never_executed_more_often_than_sent() {
    let fixture = Fixture::new();
    for (path, action) in
        [("/run/*", Action::ResetBefore), ("/run/*", Action::ResetAfter), ("/run/*", Action::TruncateAfter)]
    {
        fixture.simulator.inject(Fault { probability: 0.3, ..Fault::always("POST", path, action) });
    }
    fixture.simulator.inject(Fault { probability: 0.5, ..Fault::always("POST", "/run/*", Action::respond(429, "")) });
    let mut expected = BTreeMap::new();
    for number in 0..200 {
        let folder = format!("folder-{number}");
        let verdict = fixture.submit(&folder);
        let accepted = !is_unknown(&verdict) && matches!(answer(&verdict), Answer::Accepted { .. });
        expected.insert(folder, (accepted, is_unknown(&verdict)));
    }
    let submits = fixture.submits();
    for (folder, (accepted, unknown)) in expected {
        let count = submits.get(&folder).copied().unwrap_or(0);
        assert!(if unknown { count <= 1 } else { count == u64::from(accepted) }, "{folder}: {count}");
    }
    assert_eq!(fixture.simulator.dump().calls("POST /run/ondemand"), 200);
}
