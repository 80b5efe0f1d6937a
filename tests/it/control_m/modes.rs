//! The modes `run` and `order`: by the requests, and by what becomes of a bundle whose answer is lost.

use sheaf::mock::control_m::{Action, Fault};
use sheaf::model::{Act, ActSlot, Key, Moment, Outcome, Sink, Timestamp, Verdict};
use sheaf::processor::delivery::control_m::{Answer, Mode, Request};
use sheaf::processor::delivery::{Delivery, Journal};
use sheaf::processor::{Effect, Input, Processor};

use super::support::{
    ACCEPTED, AnswerMode, Fixture, RawServer, answer, is_suspended, is_unknown, look_up, run, settings, submit, until,
};
use crate::delivery::{delivery_of_orders, submission, submitted};

const ORDERS: &str = "POST /run/order";
const RUNS: &str = "POST /run";

/// The submit of a folder, as a request that keeps its definition.
fn kept(folder: &str) -> String {
    let Ok(Request::Submit { folder, definition }) = serde_json::from_str(&submit(folder)) else {
        panic!("a submit is one")
    };
    serde_json::to_string(&Request::Run { folder, definition }).unwrap()
}

fn order(folder: &str) -> String {
    let order = serde_json::json!({ "ctm": "smprod", "folder": folder, "variables": [{ "ORDER": "p1" }] });
    let request = Request::Order { name: "order-p1".to_owned(), order: order.to_string() };
    serde_json::to_string(&request).unwrap()
}

#[test]
fn a_request_of_a_former_version_is_a_run_on_demand() {
    let old = r#"{"do":"submit","folder":"f","definition":"{}"}"#;
    let request: Request = serde_json::from_str(old).unwrap();
    assert_eq!(request, Request::Submit { folder: "f".to_owned(), definition: "{}".to_owned() });
    assert_eq!(serde_json::to_string(&request).unwrap(), old, "and a former version reads those of this one");
}

#[test]
fn a_folder_that_is_kept_is_deployed_and_can_be_ordered_afterwards() {
    let fixture = Fixture::new();
    assert!(matches!(answer(&run(&fixture.sink, &kept("folder-a"))), Answer::Accepted { .. }));
    assert!(matches!(answer(&run(&fixture.sink, &order("folder-a"))), Answer::Accepted { .. }), "it is in Planning");
    assert!(matches!(answer(&fixture.submit("folder-b")), Answer::Accepted { .. }));
    let verdict = run(&fixture.sink, &order("folder-b"));
    let Answer::Refused { status: 404, message } = answer(&verdict) else { panic!("it is not kept: {verdict:?}") };
    assert!(message.contains("folder-b"), "{message}");
    let dump = fixture.simulator.dump();
    assert_eq!((dump.folders["folder-a"].submits, dump.folders["folder-b"].submits), (2, 1));
    assert_eq!((dump.calls(RUNS), dump.calls(ORDERS)), (1, 2));
}

#[test]
fn a_kept_folder_whose_answer_is_lost_is_found() {
    let fixture = Fixture::new();
    fixture.simulator.inject(Fault::once("POST", "/run", Action::ResetAfter));
    assert!(is_unknown(&run(&fixture.sink, &kept("folder-a"))));
    fixture.clock.advance(std::time::Duration::from_secs(10));
    assert!(matches!(answer(&run(&fixture.sink, &look_up("folder-a"))), Answer::Found { .. }));
    assert_eq!(fixture.submits()["folder-a"], 1);
}

#[test]
fn the_requests_have_the_path_and_the_body_of_their_mode() {
    let (fixture, server) = (Fixture::new(), RawServer::start(ACCEPTED, AnswerMode::AtOnce));
    let sink = fixture.sink(&settings(&server.base_url));
    assert!(matches!(answer(&run(&sink, &kept("folder-a"))), Answer::Accepted { .. }));
    let request = server.request();
    assert!(request.starts_with("POST /automation-api/run HTTP/1.1"), "{request}");
    assert!(request.contains(r#"name="jobDefinitionsFile"; filename="jobs.json""#), "{request}");
    assert!(matches!(answer(&run(&sink, &order("ship"))), Answer::Accepted { .. }));
    let request = server.request();
    assert!(request.starts_with("POST /automation-api/run/order HTTP/1.1"), "{request}");
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: application/json"), "{head}");
    let expected = serde_json::json!({ "ctm": "smprod", "folder": "ship", "variables": [{ "ORDER": "p1" }] });
    assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap(), expected);
}

#[test]
fn the_start_checks_the_mode_that_the_topology_has() {
    for (mode, call) in [(Mode::Run, RUNS), (Mode::Order, ORDERS)] {
        let fixture = Fixture::new();
        fixture.simulator.inject(Fault::always("POST", "/run/ondemand", Action::respond(404, "")));
        fixture.sink.check_at_start(mode);
        until(|| fixture.simulator.dump().calls(call) == 1);
        assert!(fixture.submits().is_empty(), "a check submits nothing");
        assert!(matches!(answer(&run(&fixture.sink, &kept("folder-a"))), Answer::Accepted { .. }), "{mode:?}");
    }
}

#[test]
fn a_key_that_is_refused_suspends_orders_too() {
    let fixture = Fixture::new();
    fixture.simulator.inject(Fault::always("POST", "/run/order", Action::respond(401, "")));
    fixture.sink.check_at_start(Mode::Order);
    until(|| !fixture.sink.suspensions().is_empty());
    assert!(is_suspended(&run(&fixture.sink, &order("ship"))));
}

/// A delivery, with the act that is pending.
struct Bundle {
    delivery: Delivery,
    state: Option<Journal>,
    act: Option<Act>,
    alerts: Vec<String>,
    now: i64,
}

impl Bundle {
    fn new() -> Self {
        let mut bundle = Self { delivery: delivery_of_orders(), state: None, act: None, alerts: Vec::new(), now: 0 };
        bundle.step(submitted(&Key::new("p1"), &submission("p1", 1)));
        bundle
    }

    fn step(&mut self, input: Input) {
        self.now += 1_000;
        let at = Moment::at(Timestamp::from_millis(self.now));
        let next = self.delivery.step(&Key::new("p1"), self.state.take(), input, at).unwrap();
        self.state = next.state;
        for effect in next.effects {
            if let Effect::Alert(alert) = &effect {
                self.alerts.push(format!("{}: {}; {}", alert.kind, alert.message, alert.details["remedy"]));
            }
            if let Effect::Act(act) = effect {
                self.act = Some(act);
            }
        }
    }

    /// Executes the pending act.
    fn call(&mut self, fixture: &Fixture) {
        let act = self.act.take().unwrap();
        let verdict = run(&fixture.sink, &act.request);
        self.step(outcome(&act, verdict));
    }
}

fn outcome(act: &Act, verdict: Verdict) -> Input {
    Input::Outcome(Outcome { slot: ActSlot(0), attempt: act.attempt, verdict })
}

/// A simulator with the deployed folder.
fn deployed() -> Fixture {
    let fixture = Fixture::new();
    assert!(matches!(answer(&run(&fixture.sink, &kept("ship"))), Answer::Accepted { .. }));
    fixture
}

#[test]
fn a_bundle_becomes_an_order_of_the_deployed_folder() {
    let (fixture, mut bundle) = (deployed(), Bundle::new());
    bundle.call(&fixture);
    let Some(Journal::Submitted(end)) = &bundle.state else { panic!("not submitted: {:?}", bundle.state) };
    assert_eq!(end.name, "order-p1");
    assert_eq!((fixture.submits()["ship"], bundle.alerts.len()), (2, 0), "the deployment has run it too");
}

#[test]
fn an_order_whose_answer_is_lost_is_unknown_at_once_and_never_sent_again() {
    for fault in [Action::ResetAfter, Action::ResetBefore, Action::RespondAfter { status: 503, body: String::new() }] {
        let (fixture, mut bundle) = (deployed(), Bundle::new());
        fixture.simulator.inject(Fault::once("POST", "/run/order", fault));
        bundle.call(&fixture);
        assert!(matches!(bundle.state, Some(Journal::Unknown(_))), "{:?}", bundle.state);
        assert!(bundle.act.is_none(), "neither a look-up nor a submit");
        let [alert] = bundle.alerts.as_slice() else { panic!("one alert: {:?}", bundle.alerts) };
        for part in ["delivery_unknown: order-p1 may or may not", "cannot be looked up", "`sheaf deliveries resolve p1"]
        {
            assert!(alert.contains(part), "{part}: {alert}");
        }
        assert_eq!(fixture.simulator.dump().calls(ORDERS), 1);
    }
}

#[test]
fn an_order_that_a_new_owner_inherits_is_unknown_too() {
    let mut bundle = Bundle::new();
    let act = bundle.act.take().unwrap();
    bundle.step(outcome(&act, Verdict::Inherited));
    assert!(matches!(bundle.state, Some(Journal::Unknown(_))) && bundle.act.is_none(), "{:?}", bundle.state);
}
