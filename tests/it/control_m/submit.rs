//! The verdicts of submits and look-ups, and requests that must not be sent.

use std::collections::BTreeMap;
use std::time::Duration;

use sheaf::mock::control_m::{Action, Fault};
use sheaf::model::{Sink, Target, Verdict};
use sheaf::processor::delivery::control_m::Answer;
use sheaf::secret::Secret;
use sheaf::sink::Limits;
use sheaf::sink::control_m::{ControlM, Credential, Error, Settings};

use super::support::{
    ACCEPTED, AnswerMode, Fixture, RawServer, TIMEOUT, answer, closed_port, is_not_sent, is_suspended, is_unknown,
    look_up, run, runtime, settings, start, submit, until,
};

const SUBMIT: &str = "POST /run/ondemand";

#[test]
fn a_submit_is_accepted_with_the_run_of_the_folder() {
    let fixture = Fixture::new();
    let Answer::Accepted { run_id } = answer(&fixture.submit("folder-a")) else { panic!("the submit is not accepted") };
    let dump = fixture.simulator.dump();
    assert_eq!(dump.folders["folder-a"].run_ids, [run_id]);
    assert_eq!((dump.requests, dump.calls(SUBMIT)), (1, 1));
}

#[test]
fn a_replaced_key_is_sent_from_the_next_request_on() {
    let fixture = Fixture::with(|settings| Settings { credential: key("old"), ..settings }, |simulator| simulator);
    assert!(is_suspended(&fixture.submit("folder-a")));
    assert!(fixture.sink.set_credential(&key("k-1")).unwrap());
    assert!(!fixture.sink.set_credential(&key("k-1")).unwrap(), "it is the same");
    until(|| fixture.sink.suspensions().is_empty());
    assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Accepted { .. }));
    assert!(matches!(fixture.sink.set_credential(&key("two\nlines")), Err(Error::ApiKey)));
    assert!(matches!(answer(&fixture.submit("folder-b")), Answer::Accepted { .. }), "the former one stays");
}

fn key(text: &str) -> Credential {
    Credential::ApiKey(Secret::new(text.to_owned()))
}

#[test]
fn no_connection_suspends_the_sink() {
    let (fixture, (_held, closed)) = (Fixture::new(), closed_port());
    for base in [format!("http://{closed}/x"), "http://sheaf.invalid/x".to_owned()] {
        let sink = fixture.sink(&settings(&base));
        let verdict = run(&sink, &submit("folder-a"));
        assert!(is_suspended(&verdict), "{base}: {verdict:?}");
    }
}

#[test]
fn a_tls_handshake_that_fails_suspends_the_sink() {
    let fixture = Fixture::new();
    // The simulator does not speak TLS.
    let base = fixture.simulator.base_url().replace("http://", "https://");
    let sink = fixture.sink(&settings(&base));
    let verdict = run(&sink, &submit("folder-a"));
    assert!(is_suspended(&verdict), "{verdict:?}");
    assert_eq!(fixture.simulator.dump().requests, 0);
}

#[test]
fn a_server_that_is_down_suspends_the_sink_until_it_is_back() {
    let fixture = Fixture::new();
    fixture.runtime.block_on(fixture.simulator.set_down(true));
    assert!(is_suspended(&fixture.submit("folder-a")));
    let port = fixture.simulator.base_url().replace("/automation-api", "").replace("http://", "");
    let taken = tokio::net::TcpSocket::new_v4().unwrap().bind(port.parse().unwrap());
    assert!(taken.is_err(), "it keeps its port");
    fixture.runtime.block_on(fixture.simulator.set_down(false));
    until(|| fixture.sink.suspensions().is_empty());
    assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Accepted { .. }));
}

#[test]
fn a_reset_before_processing_is_unknown_and_not_retried() {
    let fixture = Fixture::new();
    assert!(is_unknown(&fixture.submit_with_fault(Action::ResetBefore)));
    assert_eq!(fixture.simulator.dump().calls(SUBMIT), 1, "a request with an unknown outcome is not retried");
    assert_eq!(fixture.submits(), BTreeMap::new());
}

#[test]
fn a_submit_that_was_processed_and_then_reset_is_found_after_the_lag_and_not_before() {
    let fixture = Fixture::new();
    assert!(is_unknown(&fixture.submit_with_fault(Action::ResetAfter)));
    assert_eq!(answer(&fixture.look_up("folder-a")), Answer::Absent, "within the lag it is hidden");
    fixture.clock.advance(Duration::from_millis(9_999));
    assert_eq!(answer(&fixture.look_up("folder-a")), Answer::Absent, "within the lag it is still hidden");
    fixture.clock.advance(Duration::from_millis(1));
    assert_eq!(answer(&fixture.look_up("folder-a")), Answer::Found { job_id: "smprod:00001".to_owned() });
    assert_eq!(fixture.submits(), BTreeMap::from([("folder-a".to_owned(), 1)]));
    assert_eq!(fixture.simulator.dump().calls(SUBMIT), 1);
}

#[test]
fn a_503_by_a_proxy_after_forwarding_a_submit_is_looked_up() {
    let fixture = Fixture::new();
    for body in ["<html>Service Unavailable</html>", r#"{"message":"Service Unavailable"}"#, ""] {
        let verdict = fixture.submit_with_fault(Action::RespondAfter { status: 503, body: body.to_owned() });
        assert!(is_unknown(&verdict), "{body}: {verdict:?}");
    }
    fixture.clock.advance(Duration::from_secs(10));
    assert!(matches!(answer(&fixture.look_up("folder-a")), Answer::Found { .. }));
}

#[test]
fn no_answer_in_time_is_unknown() {
    let fixture = Fixture::with(|settings| Settings { request_timeout: Duration::from_millis(300), ..settings }, |s| s);
    assert!(is_unknown(&fixture.submit_with_fault(Action::HangAfter)));
    assert_eq!(fixture.submits().len(), 1, "it was processed");
}

#[test]
fn an_answer_after_a_long_pause_of_the_process_is_timed_out() {
    let (fixture, server) = (Fixture::new(), RawServer::start(ACCEPTED, AnswerMode::OnRelease));
    let sink = fixture.sink(&settings(&server.base_url));
    let outcome = start(&sink, &submit("folder-a"), Duration::MAX);
    server.request();
    // As after a pause of the process: the clock is past the time-out, tokio's is not.
    fixture.clock.advance(Duration::from_mins(1));
    server.release();
    let verdict = outcome.recv_timeout(TIMEOUT).unwrap().verdict;
    assert!(matches!(&verdict, Verdict::Unknown(reason) if reason.contains("request_timeout")), "{verdict:?}");
}

#[test]
fn each_call_has_its_own_connection() {
    let (fixture, server) = (Fixture::new(), RawServer::start(ACCEPTED, AnswerMode::OnRelease));
    let sink = fixture.sink(&settings(&server.base_url));
    for _ in 0..3 {
        server.release();
        // The server reads only one request per connection.
        assert!(matches!(answer(&run(&sink, &submit("folder-a"))), Answer::Accepted { .. }));
    }
    assert_eq!(server.count(), 3);
}

#[test]
fn answers_that_may_hide_an_execution_are_unknown() {
    let fixture = Fixture::new();
    let html = "<html>Bad Gateway</html>";
    for status in [500, 502, 503, 504, 302, 307, 308, 201, 202, 204, 408, 409, 418, 501] {
        let verdict = fixture.submit_with_fault(Action::respond(status, html));
        assert!(is_unknown(&verdict), "{status}: {verdict:?}");
    }
    for body in ["", "{}", "null", "[]", r#"{"runId":""}"#, r#"{"runId":7}"#, html, r#"{"runId":"x""#] {
        let verdict = fixture.submit_with_fault(Action::respond(200, body));
        assert!(is_unknown(&verdict), "200 {body}: {verdict:?}");
    }
    assert!(is_unknown(&fixture.submit_with_fault(Action::TruncateAfter)));
}

#[test]
fn a_redirect_is_not_followed() {
    let fixture = Fixture::new();
    let location = format!("{}/run/ondemand", fixture.simulator.base_url());
    for status in [301, 302, 303, 307, 308] {
        let headers = BTreeMap::from([("Location".to_owned(), location.clone())]);
        let before = fixture.simulator.dump().requests;
        assert!(
            is_unknown(&fixture.submit_with_fault(Action::Respond { status, body: String::new(), headers })),
            "{status}"
        );
        assert_eq!(fixture.simulator.dump().requests, before + 1, "{status}");
    }
    assert_eq!(fixture.submits(), BTreeMap::new());
}

#[test]
fn final_answers_are_refusals_with_their_messages() {
    let fixture = Fixture::new();
    let list = r#"{"errors":[{"message":"first"},{"message":"second","item":"x"}]}"#;
    let bodies =
        [(list, "first; second"), (r#"{"message":"Forbidden"}"#, "Forbidden"), ("<html>no</html>", "<html>no</html>")];
    for status in [400, 413, 422] {
        for (body, words) in bodies {
            let expected = Answer::Refused { status, message: words.to_owned() };
            assert_eq!(answer(&fixture.submit_with_fault(Action::respond(status, body))), expected);
        }
    }
    for status in [403, 404] {
        let expected = Answer::Refused { status, message: "first; second".to_owned() };
        assert_eq!(answer(&fixture.submit_with_fault(Action::respond(status, list))), expected);
    }
}

#[test]
fn a_busy_answer_has_the_time_to_wait() {
    let fixture = Fixture::new();
    // The fixture's clock is at Tue, 14 Nov 2023 22:13:20 GMT.
    let waits = [
        (None, None),
        (Some("3"), Some(3_000)),
        (Some("Tue, 14 Nov 2023 22:13:30 GMT"), Some(10_000)),
        (Some("soon"), None),
        (Some("999999999999999999999"), Some(3_600_000)),
    ];
    for (status, body) in [(429, "slow down"), (503, r#"{"errors":[{"message":"slow down"}]}"#)] {
        for (header, retry_after_ms) in waits {
            let headers = header.map(|value| ("Retry-After".to_owned(), value.to_owned())).into_iter().collect();
            let verdict = fixture.submit_with_fault(Action::Respond { status, body: body.to_owned(), headers });
            assert_eq!(answer(&verdict), Answer::Busy { status, message: "slow down".to_owned(), retry_after_ms });
        }
    }
    assert_eq!(fixture.submits(), BTreeMap::new(), "reqwest retries nothing by itself");
}

#[test]
fn an_invalid_key_is_never_printed() {
    let invalid = || Secret::new("hunter2".to_owned());
    let fixture = Fixture::with(|settings| Settings { credential: Credential::ApiKey(invalid()), ..settings }, |s| s);
    let verdict = fixture.submit("folder-a");
    assert!(is_suspended(&verdict), "{verdict:?}");
    let health = fixture.runtime.block_on(fixture.sink.health()).unwrap_err();
    let shown = format!("{verdict:?} {health} {health:?} {:?} {:?}", fixture.sink, settings("http://x/"));
    assert!(!shown.contains("hunter2") && !shown.contains("k-1"), "{shown}");
}

#[test]
fn an_act_that_has_expired_is_not_sent() {
    let fixture = Fixture::new();
    fixture.clock.advance(Duration::from_secs(5));
    for (request, expires_at) in [(submit("folder-a"), 5), (submit("folder-a"), 4), (look_up("folder-a"), 0)] {
        let outcome = start(&fixture.sink, &request, Duration::from_secs(expires_at)).recv_timeout(TIMEOUT).unwrap();
        assert!(is_not_sent(&outcome.verdict), "{outcome:?}");
    }
    assert_eq!(fixture.simulator.dump().requests, 0);
    let in_time =
        start(&fixture.sink, &submit("folder-a"), Duration::from_millis(5_001)).recv_timeout(TIMEOUT).unwrap();
    assert!(matches!(in_time.verdict, Verdict::Answered(_)), "{in_time:?}");
}

#[test]
fn an_act_that_expires_in_the_queue_is_not_sent() {
    let (fixture, server) = (Fixture::new(), RawServer::start(ACCEPTED, AnswerMode::OnRelease));
    let sink = fixture.sink(&Settings { limits: Limits::new(1), ..settings(&server.base_url) });
    assert_eq!(sink.capacity(&Target::new("control_m")), 2);
    let first = start(&sink, &submit("folder-a"), Duration::MAX);
    server.request();
    let second = start(&sink, &submit("folder-b"), Duration::from_secs(5));
    assert_eq!(sink.capacity(&Target::new("control_m")), 0);
    fixture.clock.advance(Duration::from_secs(6));
    server.release();
    assert!(matches!(first.recv_timeout(TIMEOUT).unwrap().verdict, Verdict::Answered(_)));
    assert!(is_not_sent(&second.recv_timeout(TIMEOUT).unwrap().verdict));
    assert_eq!(server.count(), 0, "only the first request was sent");
    assert_eq!(sink.capacity(&Target::new("control_m")), 2, "the capacity is free again when the outcome is known");
}

#[test]
fn a_draining_sink_finishes_its_calls_and_starts_no_others() {
    let (fixture, server) = (Fixture::new(), RawServer::start(ACCEPTED, AnswerMode::OnRelease));
    let sink = fixture.sink(&Settings { limits: Limits::new(1), ..settings(&server.base_url) });
    let started = start(&sink, &submit("folder-a"), Duration::MAX);
    server.request();
    let queued = start(&sink, &submit("folder-b"), Duration::MAX);
    fixture.runtime.block_on(sink.drain(Duration::ZERO));
    assert!(is_not_sent(&queued.recv_timeout(TIMEOUT).unwrap().verdict));
    assert_eq!(fixture.runtime.block_on(sink.drain(Duration::ZERO)), 1, "the call in flight");
    server.release();
    assert_eq!(fixture.runtime.block_on(sink.drain(TIMEOUT)), 0);
    assert!(matches!(started.recv_timeout(TIMEOUT).unwrap().verdict, Verdict::Answered(_)));
    assert!(is_not_sent(&run(&sink, &submit("folder-c"))));
    assert_eq!((sink.capacity(&Target::new("control_m")), server.count()), (0, 0));
}

#[test]
fn a_drain_that_times_out_returns_the_number_of_calls_left() {
    let fixture = Fixture::new();
    fixture.simulator.inject(Fault::once("POST", "/run/ondemand", Action::HangAfter));
    let started = start(&fixture.sink, &submit("folder-a"), Duration::MAX);
    until(|| !fixture.submits().is_empty());
    assert_eq!(fixture.runtime.block_on(fixture.sink.drain(Duration::from_millis(50))), 1);
    fixture.runtime.block_on(fixture.simulator.stop());
    assert!(
        is_unknown(&started.recv_timeout(TIMEOUT).unwrap().verdict),
        "a stopped simulator closes hanging connections"
    );
}

#[test]
fn the_request_has_the_format_of_the_api() {
    let (fixture, server) = (Fixture::new(), RawServer::start(ACCEPTED, AnswerMode::AtOnce));
    let sink = fixture.sink(&settings(&server.base_url));
    assert_eq!(answer(&run(&sink, &submit("folder-a"))), Answer::Accepted { run_id: "r".to_owned() });
    let wire = server.request().to_ascii_lowercase();
    assert_eq!(server.count(), 0, "one request only");
    for part in [
        "post /automation-api/run/ondemand http/1.1\r\n",
        "\r\nx-api-key: k-1\r\n",
        "\r\naccept: application/json\r\n",
        "\r\ncontent-type: multipart/form-data; boundary=",
        "content-disposition: form-data; name=\"definitionsfile\"; filename=\"jobs.json\"\r\ncontent-type: application/json",
    ] {
        assert!(wire.contains(part), "{part} is missing in {wire}");
    }
}

#[test]
fn invalid_settings_are_refused_at_the_start() {
    let (runtime, fixture) = (runtime(), Fixture::new());
    let new = |settings: &Settings| ControlM::new(settings, runtime.handle().clone(), fixture.clock.clone());
    let valid = settings("https://ctm.example/automation-api");
    assert!(new(&valid).is_ok());
    assert!(matches!(new(&settings("ctm.example")), Err(Error::BaseUrl { .. })));
    assert!(matches!(new(&Settings { limits: Limits::new(0), ..valid.clone() }), Err(Error::InFlight { .. })));
    let key = Secret::new("a\nb".to_owned());
    assert!(matches!(new(&Settings { credential: Credential::ApiKey(key), ..valid.clone() }), Err(Error::ApiKey)));
    let pem = b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n".to_vec();
    assert!(matches!(new(&Settings { ca_bundle: Some(pem), ..valid.clone() }), Err(Error::Client { .. })));
    assert!(matches!(new(&Settings { proxy: Some(Secret::new("::".to_owned())), ..valid }), Err(Error::Client { .. })));
}

#[test]
fn health_lists_the_servers_or_names_the_error() {
    let fixture = Fixture::with(
        |s| s,
        |mut settings| {
            settings.servers = vec!["smprod".to_owned()];
            settings
        },
    );
    let servers = fixture.runtime.block_on(fixture.sink.health()).unwrap();
    assert_eq!((servers.len(), servers[0].name.as_str(), servers[0].state.as_str()), (1, "smprod", "Up"));
    fixture.simulator.inject(Fault::once("GET", "/config/servers", Action::respond(200, "<html>")));
    let error = fixture.runtime.block_on(fixture.sink.health()).unwrap_err().to_string();
    assert!(error.contains("is not healthy: the response is not a list of servers"), "{error}");
    fixture.runtime.block_on(fixture.simulator.set_down(true));
    assert!(fixture.runtime.block_on(fixture.sink.health()).is_err());
}
