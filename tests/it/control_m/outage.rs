//! An outage is no refusal: what meets everybody suspends the sink, and what is about a definition fails its bundle.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sheaf::mock::control_m::{Action, Fault};
use sheaf::model::{Sink, Target, Verdict};
use sheaf::processor::delivery::control_m::{Answer, Mode};
use sheaf::secret::Secret;
use sheaf::sink::control_m::{ControlM, Credential, CredentialSource, Settings};
use sheaf::sink::{BreakerLimits, Limits};

use super::support::{Fixture, answer, is_suspended, is_unknown, look_up, probing, run, settings, submit, until};

const ON_DEMAND: &str = "/run/ondemand";

fn capacity(sink: &ControlM) -> usize {
    sink.capacity(&Target::new("control_m"))
}

fn suspension(sink: &ControlM) -> String {
    sink.suspensions().into_values().next().unwrap_or_default()
}

fn always(status: u16, body: &str, times: u64) -> Fault {
    Fault { times: Some(times), ..Fault::always("POST", ON_DEMAND, Action::respond(status, body)) }
}

/// A fixture whose suspended sink probes every hour only.
fn without_probes() -> Fixture {
    let hour = Duration::from_hours(1);
    Fixture::with(|settings| Settings { limits: probing(16, hour), ..settings }, |s| s)
}

#[test]
fn what_refuses_everybody_suspends_the_sink_until_a_probe_is_well() {
    let bodies = ["<html>no</html>", "default backend - 404", r#"{"message":"Forbidden"}"#, "", "x"];
    for (status, body) in [401, 403, 404, 407, 403].into_iter().zip(bodies) {
        let fixture = Fixture::new();
        fixture.simulator.inject(always(status, body, 10));
        let Verdict::Suspended(message) = fixture.submit("folder-a") else { panic!("{status} {body}") };
        assert!(message.contains(&status.to_string()) && message.contains("/automation-api/run/ondemand"), "{message}");
        until(|| capacity(&fixture.sink) > 0);
        assert_eq!(suspension(&fixture.sink), "");
        assert_eq!(fixture.simulator.dump().calls("POST /run/ondemand"), 11, "one submit, and ten checks");
        assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Accepted { .. }));
    }
}

#[test]
fn a_suspended_sink_takes_no_act_and_makes_no_call() {
    let fixture = without_probes();
    fixture.simulator.inject(always(403, "no", 2));
    assert!(is_suspended(&fixture.submit("folder-a")));
    assert_eq!(capacity(&fixture.sink), 0);
    assert!(
        suspension(&fixture.sink).contains("answered 403 (no): a gateway refuses sheaf"),
        "{}",
        suspension(&fixture.sink)
    );
    let requests = fixture.simulator.dump().requests;
    for request in [submit("folder-b"), look_up("folder-b")] {
        assert!(is_suspended(&run(&fixture.sink, &request)));
    }
    assert_eq!(fixture.simulator.dump().requests, requests);
}

#[test]
fn what_names_the_definition_fails_its_bundle_only() {
    let fixture = Fixture::new();
    let by_place = r#"{"errors":[{"message":"no such server","item":"job-1"}]}"#;
    let by_name = r#"{"errors":[{"message":"folder-a may not be run"}]}"#;
    for (status, body) in [(400, "x"), (403, by_place), (404, by_name), (404, by_place)] {
        fixture.simulator.inject(always(status, body, 1));
        assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Refused { .. }), "{status} {body}");
        assert_eq!(suspension(&fixture.sink), "");
    }
    assert_eq!(fixture.simulator.dump().calls("POST /run/ondemand"), 4, "no check was needed");
}

#[test]
fn a_refusal_that_a_check_does_not_meet_is_about_the_call() {
    let fixture = Fixture::new();
    // A gateway that refuses one body may let it pass later; Control-M's own list is final.
    fixture.simulator.inject(always(403, "<html>blocked</html>", 1));
    assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Busy { status: 403, .. }));
    fixture.simulator.inject(always(403, r#"{"errors":[{"message":"not authorized"}]}"#, 1));
    assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Refused { status: 403, .. }));
    assert_eq!(suspension(&fixture.sink), "");
}

/// A key that is kept elsewhere.
#[derive(Debug, Default)]
struct Kept(Mutex<String>);

impl CredentialSource for Kept {
    fn read(&self) -> Result<Credential, String> {
        Ok(Credential::ApiKey(Secret::new(self.0.lock().unwrap().clone())))
    }
}

#[test]
fn an_expired_key_is_read_again_and_each_bundle_is_submitted_once() {
    let kept = Arc::new(Kept(Mutex::new("old".to_owned())));
    let source: Option<Arc<dyn CredentialSource>> = Some(kept.clone());
    let credential = Credential::ApiKey(Secret::new("old".to_owned()));
    let fixture = Fixture::with(|settings| Settings { credential, source, ..settings }, |s| s);
    let Verdict::Suspended(message) = fixture.submit("folder-a") else { panic!("the key is accepted") };
    assert!(message.contains("has expired or is wrong"), "{message}");
    "k-1".clone_into(&mut kept.0.lock().unwrap());
    until(|| capacity(&fixture.sink) > 0);
    assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Accepted { .. }));
    assert_eq!(fixture.submits()["folder-a"], 1);
}

#[test]
fn a_key_that_was_replaced_in_time_suspends_nothing() {
    let kept = Arc::new(Kept(Mutex::new("k-1".to_owned())));
    let source: Option<Arc<dyn CredentialSource>> = Some(kept);
    let credential = Credential::ApiKey(Secret::new("old".to_owned()));
    let fixture = Fixture::with(|settings| Settings { credential, source, ..settings }, |s| s);
    assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Busy { status: 401, .. }));
    assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Accepted { .. }));
}

#[test]
fn the_start_tells_an_address_with_another_path() {
    let fixture = Fixture::new();
    let base = fixture.simulator.base_url().replace("/automation-api", "/api");
    let sink = fixture.sink(&settings(&base));
    sink.check_at_start(Mode::OnDemand);
    until(|| suspension(&sink).contains("is `/automation-api` missing in control_m.base_url?"));
}

#[test]
fn the_start_tells_a_server_that_cannot_run_on_demand() {
    let fixture = Fixture::new();
    fixture.simulator.inject(Fault::always("POST", ON_DEMAND, Action::respond(404, "")));
    fixture.sink.check_at_start(Mode::OnDemand);
    until(|| suspension(&fixture.sink).contains("cannot run on demand, which takes version 9.0.21.200"));
}

#[test]
fn a_check_submits_nothing_and_a_well_one_changes_nothing() {
    let fixture = Fixture::new();
    fixture.sink.check_at_start(Mode::OnDemand);
    until(|| fixture.simulator.dump().requests == 1);
    assert!(fixture.submits().is_empty());
    assert!(capacity(&fixture.sink) > 0);
    assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Accepted { .. }));
}

#[test]
fn failures_in_a_row_suspend_the_sink_until_a_check_is_well() {
    let soon = Duration::from_millis(10);
    let breaker = BreakerLimits { failures: 3, pause: soon, pause_max: soon };
    let limits = Limits { breaker, ..Limits::new(16) };
    let fixture = Fixture::with(|settings| Settings { limits, ..settings }, |s| s);
    fixture.simulator.inject(always(503, "upstream", 3));
    (0..3).for_each(|_| assert!(is_unknown(&fixture.submit("folder-a"))));
    assert!(suspension(&fixture.sink).contains("3 failures in a row"), "{}", suspension(&fixture.sink));
    until(|| capacity(&fixture.sink) > 0);
    assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Accepted { .. }));
    assert_eq!(suspension(&fixture.sink), "");
}
