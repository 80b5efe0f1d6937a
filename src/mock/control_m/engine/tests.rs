//! The engine by itself: definitions go in, time passes.

use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::super::definition::{self, DateRef, EventRef};
use super::*;
use crate::model::Timestamp;

/// 10 o'clock; the day of the server begins at 7.
const START: &str = "2026-11-29T10:00:00Z";

struct Fixture {
    engine: Engine,
    now: Timestamp,
}

impl Fixture {
    fn new() -> Self {
        let now = Timestamp::from_millis(START.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let rules = Rules {
            calendar: Calendar { zone: TimeZone::UTC, new_day: Time::constant(7, 0, 0, 0) },
            job_duration: Duration::from_secs(1),
            visibility_lag: Duration::ZERO..=Duration::ZERO,
            seed: 1,
        };
        Self { engine: Engine::new(rules, now), now }
    }

    fn pass(&mut self, by: Duration) {
        self.now = self.now.saturating_add(by);
        self.engine.advance_to(self.now);
    }

    fn new_day(&mut self) {
        self.pass(self.engine.next_new_day().unwrap().since(self.now));
    }

    /// Orders a folder of that name with these jobs and objects.
    fn order(&mut self, name: &str, inside: &Value) {
        let mut folder = json!({ "Type": "Folder", "ControlmServer": "s" });
        folder.as_object_mut().unwrap().extend(inside.as_object().unwrap().clone());
        let text = json!({ name: folder }).to_string();
        let folders = definition::read(text.as_bytes(), &[]).unwrap().folders;
        self.engine.deploy(folders.clone());
        self.engine.order(folders, &Ordering::default());
    }

    fn unit(&self, name: &str) -> Option<&Unit> {
        let mut units = self.engine.orders().iter().flat_map(|order| self.engine.units_of(order));
        units.find(|unit| unit.node().name == name)
    }

    /// The status of the first unit of that name; empty when it is gone.
    fn status(&self, name: &str) -> &'static str {
        self.unit(name).map_or("", |unit| self.engine.status(unit))
    }

    fn operate(&mut self, name: &str, verb: Verb) -> Result<(), String> {
        let id = self.unit(name).unwrap().id;
        self.engine.operate(id, verb).map_err(|refusal| refusal.0)
    }

    fn add(&mut self, event: &str, date: &str) {
        let event = EventRef { name: event.to_owned(), date: DateRef::parse(date).unwrap() };
        assert!(self.engine.add_event("s", &event));
    }

    fn events(&self) -> Vec<String> {
        self.engine.events().map(|event| format!("{} {}", event.name, event.date)).collect()
    }

    fn alerts(&self) -> Vec<&str> {
        self.engine.alerts().iter().map(|alert| alert.kind.as_str()).collect()
    }
}

fn command(command: &str) -> Value {
    json!({ "Type": "Job:Command", "Command": command })
}

fn with(mut job: Value, more: &Value) -> Value {
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    job
}

fn waits_for(event: &str, date: &str) -> Value {
    json!({ "in": { "Type": "WaitForEvents", "Events": [{ "Event": event, "Date": date }] } })
}

#[test]
fn a_flow_runs_its_jobs_one_after_the_other() {
    let mut fixture = Fixture::new();
    let flow = json!({ "Type": "Flow", "Sequence": ["a", "b"] });
    fixture.order("f", &json!({ "a": command("sleep 10"), "b": command("sleep 5; exit 2"), "flow": flow }));
    assert_eq!(
        (fixture.status("a"), fixture.status("b"), fixture.status("f")),
        ("Executing", "Wait Condition", "Executing")
    );
    fixture.pass(Duration::from_secs(12));
    assert_eq!(
        (fixture.status("a"), fixture.status("b"), fixture.events()),
        ("Ended OK", "Executing", vec!["a-TO-b 1129".to_owned()])
    );
    // The second one began when the first one ended, not when somebody looked.
    fixture.pass(Duration::from_secs(3));
    assert_eq!((fixture.status("b"), fixture.status("f")), ("Ended Not OK", "Ended Not OK"));
    fixture.operate("b", Verb::SetToOk).unwrap();
    assert_eq!((fixture.status("f"), fixture.events()), ("Ended OK", vec![]), "it deletes its event when it is OK");
}

#[test]
fn one_event_frees_all_that_wait_for_it_and_any_other_date_does_not() {
    let mut fixture = Fixture::new();
    let job = |date| with(command("true"), &waits_for("e", date));
    fixture.order("f", &json!({ "a": job("NoDate"), "b": job("NoDate"), "c": job("OrderDate"), "d": job("AnyDate") }));
    fixture.add("e", "STAT");
    assert_eq!(
        ["a", "b", "c", "d"].map(|job| fixture.status(job)),
        ["Executing", "Executing", "Wait Condition", "Executing"]
    );
    fixture.add("e", "ODAT");
    assert_eq!(fixture.status("c"), "Executing");
}

#[test]
fn an_order_date_event_after_new_day_does_not_reach_the_job_of_the_day_before() {
    // A child's folder that is ordered after New Day adds its event with the new date.
    let mut fixture = Fixture::new();
    let job =
        |date, keep: &str| with(with(command("true"), &waits_for("child", date)), &json!({ "DaysKeepActive": keep }));
    fixture.order(
        "parent",
        &json!({ "lost": job("OrderDate", "0"), "late": job("OrderDate", "1"), "kept": job("NoDate", "1") }),
    );
    fixture.new_day();
    assert_eq!(["lost", "late", "kept"].map(|job| fixture.status(job)), ["", "Wait Condition", "Wait Condition"]);
    let adds = json!({ "out": { "Type": "AddEvents", "Events": [{ "Event": "child" }, { "Event": "child", "Date": "NoDate" }] } });
    fixture.order("child-folder", &json!({ "child": with(command("true"), &adds) }));
    fixture.pass(Duration::from_secs(1));
    assert_eq!(fixture.events(), ["child 1130", "child STAT"]);
    assert_eq!(["late", "kept"].map(|job| fixture.status(job)), ["Wait Condition", "Executing"]);
    fixture.new_day();
    assert_eq!(["late", "kept", "child", "parent"].map(|name| fixture.status(name)), [""; 4]);
}

#[test]
fn new_day_takes_what_is_over_and_keeps_what_executes_failed_or_is_kept() {
    let mut fixture = Fixture::new();
    let clean = json!({ "ActiveRetentionPolicy": "CleanEndedOK", "tidy": with(command("true"), &json!({ "DaysKeepActive": "9" })) });
    fixture.order("clean", &clean);
    let keep = |days: &str| with(command("true"), &json!({ "DaysKeepActive": days }));
    fixture.order("f", &json!({
        "ok": command("true"), "bad": command("exit 1"), "long": command("sleep 200000"), "kept": keep("1"), "ever": keep("Forever"),
    }));
    let names = ["tidy", "ok", "bad", "long", "kept", "ever", "f"];
    fixture.new_day();
    let days = [0, 1, 2].map(|_| {
        let there = names.iter().filter(|name| fixture.unit(name).is_some()).copied().collect::<Vec<_>>().join(" ");
        fixture.new_day();
        there
    });
    // 200,000 s are more than two days: the third New Day is the first one after its end.
    assert_eq!(days, ["bad long kept ever f", "long ever f", "ever f"]);
}

#[test]
fn users_hold_free_confirm_kill_rerun_and_delete() {
    let mut fixture = Fixture::new();
    let confirmed = with(command("true"), &json!({ "Confirm": true }));
    fixture.order("f", &json!({ "a": confirmed, "b": command("sleep 60") }));
    assert_eq!((fixture.status("a"), fixture.operate("a", Verb::Kill)), ("Wait User", Err("it waits".to_owned())));
    fixture.operate("a", Verb::Hold).unwrap();
    fixture.operate("a", Verb::Confirm).unwrap();
    assert_eq!(fixture.operate("a", Verb::Confirm), Err("it does not wait for a confirmation".to_owned()));
    fixture.pass(Duration::from_secs(5));
    assert!(fixture.unit("a").unwrap().held && fixture.unit("a").unwrap().runs == 0);
    fixture.operate("a", Verb::Free).unwrap();
    assert_eq!(fixture.status("a"), "Executing");
    assert_eq!(fixture.operate("b", Verb::Rerun), Err("it executes".to_owned()));
    fixture.operate("b", Verb::Kill).unwrap();
    assert_eq!((fixture.status("b"), fixture.status("f")), ("Ended Not OK", "Executing"));
    fixture.operate("b", Verb::Rerun).unwrap();
    // The end of the killed run is no end of this one.
    fixture.pass(Duration::from_secs(59));
    assert_eq!((fixture.status("b"), fixture.unit("b").unwrap().runs), ("Executing", 2));
    fixture.operate("b", Verb::Delete).unwrap();
    assert_eq!(fixture.status("f"), "Ended OK", "a deleted job is not waited for");
    assert_eq!(fixture.operate("f", Verb::SetToOk), Err("it is a folder".to_owned()));
}

#[test]
fn jobs_wait_for_pools_locks_and_hosts() {
    let mut fixture = Fixture::new();
    let pool = |quantity: &str| json!({ "p": { "Type": "Resource:Pool", "Quantity": quantity } });
    let on_host = with(command("true"), &json!({ "Host": "h1" }));
    fixture.engine.set_host("h1", false);
    fixture.order(
        "f",
        &json!({ "a": with(command("true"), &pool("2")), "b": with(command("true"), &pool("1")), "c": on_host }),
    );
    assert_eq!(["a", "b", "c"].map(|job| fixture.status(job)), ["Wait Resource", "Wait Resource", "Wait Host"]);
    assert_eq!(
        fixture.engine.waiting_info(fixture.unit("c").unwrap()),
        ["There is no machine available for job execution"]
    );
    fixture.engine.set_pool("s", "p", 2);
    fixture.engine.set_host("h1", true);
    assert_eq!(["a", "b", "c"].map(|job| fixture.status(job)), ["Executing", "Wait Resource", "Executing"]);
    fixture.pass(Duration::from_secs(1));
    assert_eq!(["a", "b"].map(|job| fixture.status(job)), ["Ended OK", "Executing"]);
}

#[test]
fn a_sub_folder_waits_and_ends_as_a_whole() {
    let mut fixture = Fixture::new();
    let flow = json!({ "Type": "Flow", "Sequence": ["first", "last"] });
    let sub = |job: &str| json!({ "Type": "SubFolder", job: command("sleep 10") });
    fixture.order("f", &json!({ "first": sub("a"), "last": sub("b"), "flow": flow }));
    assert_eq!(
        ["first", "a", "last", "b"].map(|name| fixture.status(name)),
        ["Executing", "Executing", "Wait Condition", "Wait Condition"]
    );
    fixture.pass(Duration::from_secs(10));
    assert_eq!(
        ["first", "last", "b", "f"].map(|name| fixture.status(name)),
        ["Ended OK", "Executing", "Executing", "Executing"]
    );
    fixture.pass(Duration::from_secs(10));
    assert_eq!(fixture.status("f"), "Ended OK");
}

#[test]
fn the_end_of_a_job_has_actions() {
    let mut fixture = Fixture::new();
    fixture.order("other", &json!({ "one": command("true"), "two": command("true") }));
    let bad = json!({ "RerunLimit": { "Times": "2" }, "if": {
        "Type": "If", "CompletionStatus": "NOTOK", "again": { "Type": "Action:Rerun" },
        "mail": { "Subject": "it", "Message": "failed", "To": "a@b" }, "tell": { "Type": "Event:Add", "Event": "bad" },
    } });
    let good = json!({ "if": {
        "Type": "If:CompletionStatus", "CompletionStatus": "7", "set": { "Type": "Action:SetToOK" },
        "run": { "Type": "Run", "Folder": "other", "Job": "two" },
    } });
    fixture.order("f", &json!({ "bad": with(command("exit 1"), &bad), "good": with(command("exit 7"), &good) }));
    fixture.pass(Duration::from_secs(10));
    assert_eq!(
        (fixture.unit("bad").unwrap().runs, fixture.alerts(), fixture.events()),
        (3, vec!["Mail"; 3], vec!["bad 1129".to_owned()])
    );
    assert_eq!(fixture.status("good"), "Ended OK");
    let orders: Vec<usize> =
        fixture.engine.orders_of("other").map(|order| fixture.engine.units_of(order).count()).collect();
    assert_eq!(orders, [3, 2]);
}

#[test]
fn a_rule_says_how_jobs_end_as_often_as_it_says() {
    let mut fixture = Fixture::new();
    let rule = Outcome {
        job: "a*".to_owned(),
        exit: Some(4),
        output: Some("no\n".to_owned()),
        times: Some(1),
        ..Outcome::default()
    };
    fixture.engine.add_outcome(rule);
    fixture.order("f", &json!({ "ab": command("true") }));
    fixture.pass(Duration::from_secs(1));
    let unit = fixture.unit("ab").unwrap();
    assert_eq!(
        (fixture.status("ab"), unit.codes.clone(), fixture.engine.output_of(unit, 1)),
        ("Ended Not OK", vec![4], Some("no\n".to_owned()))
    );
    fixture.operate("ab", Verb::Rerun).unwrap();
    fixture.pass(Duration::from_secs(1));
    assert_eq!((fixture.status("ab"), fixture.unit("ab").unwrap().codes.clone()), ("Ended OK", vec![4, 0]));
    let log = fixture.engine.log_of(fixture.unit("ab").unwrap());
    for line in ["5065", "5101", "ENDED AT OSCOMPSTAT 4", "5134", "RERUN BY USER", "5133"] {
        assert!(log.contains(line), "{log}");
    }
}

/// A service that is due in an hour, after a job that waits for an event and one that takes so long.
fn service(seconds: u32) -> Value {
    let sla = json!({ "Type": "Job:SLAManagement", "ServiceName": "svc", "CompleteIn": { "Time": "1:00" } });
    json!({
        "prnt": with(command("true"), &waits_for("child", "NoDate")),
        "appl": command(&format!("sleep {seconds}")), "sla": sla,
        "flow": { "Type": "Flow", "Sequence": ["prnt", "appl", "sla"] },
    })
}

#[test]
fn a_service_is_late_when_it_can_be_known_and_past_its_deadline_when_that_has_come() {
    let mut fixture = Fixture::new();
    fixture.order("f", &service(1_800));
    fixture.pass(Duration::from_mins(40));
    assert_eq!(fixture.alerts(), Vec::<&str>::new(), "nobody knows when the event comes");
    fixture.add("child", "NoDate");
    assert_eq!((fixture.alerts(), fixture.engine.services()[0].status), (vec!["ServiceIsLate"], "Late"));
    fixture.pass(Duration::from_mins(20));
    assert_eq!(fixture.alerts(), ["ServiceIsLate", "ServiceLatePastDeadline"]);
    fixture.pass(Duration::from_mins(20));
    assert_eq!(fixture.alerts(), ["ServiceIsLate", "ServiceLatePastDeadline", "ServiceEndedOK"]);
    assert_eq!((fixture.engine.services()[0].status, fixture.status("f")), ("Completed", "Ended OK"));
}

#[test]
fn a_failure_on_the_way_of_a_service_is_raised_once_and_no_other() {
    let mut fixture = Fixture::new();
    fixture.engine.add_outcome(Outcome { job: "prnt".to_owned(), exit: Some(1), ..Outcome::default() });
    let mut folder = service(60);
    folder.as_object_mut().unwrap().insert("apart".to_owned(), command("exit 1"));
    fixture.order("f", &folder);
    fixture.pass(Duration::from_secs(1));
    assert_eq!((fixture.status("apart"), fixture.alerts()), ("Ended Not OK", vec![]));
    fixture.add("child", "NoDate");
    for _ in 0..2 {
        fixture.pass(Duration::from_secs(1));
        fixture.operate("prnt", Verb::Rerun).unwrap();
    }
    assert_eq!((fixture.alerts(), fixture.engine.services()[0].status), (vec!["JobFailureOnServicePath"], "Error"));
}
