//! Questions about runs: many folders with one request, and only certain answers.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sheaf::mock::control_m::{Action, Fault};
use sheaf::model::{Act, ActSlot, Execution, Key, Outcome, Sink as _, Target, TaskId, Verdict};
use sheaf::processor::delivery::control_m as delivery;
use sheaf::processor::tracking::{Answer, FailedJob, Request};
use sheaf::sink::control_m::Runs;

use super::support::{Fixture, TIMEOUT, answer as submitted, run};

/// Asks about folders at once; their verdicts, in order.
fn ask(runs: &Runs, folders: &[&str]) -> Vec<Verdict> {
    let receive: Vec<_> = folders
        .iter()
        .map(|folder| {
            let request = Request::Ask { folder: (*folder).to_owned(), server: "smprod".to_owned(), told: Vec::new() };
            execute(runs, &request)
        })
        .collect();
    receive.into_iter().map(|outcome| outcome.recv_timeout(TIMEOUT).expect("each has an outcome").verdict).collect()
}

fn execute(runs: &Runs, request: &Request) -> mpsc::Receiver<Outcome> {
    let (report, outcome) = mpsc::channel();
    let task = TaskId { processor: "tracking".into(), partition: 0 };
    let request = serde_json::to_string(request).unwrap();
    let (valid_for, to) = (Duration::from_mins(1), Target::new("control_m_runs"));
    let act = Act { slot: ActSlot(0), attempt: 1, to, valid_for, request };
    let execution = Execution { task, key: Key::new("a"), act, expires_at: Duration::MAX, trace: None };
    runs.execute(execution, Box::new(move |outcome| report.send(outcome).unwrap()));
    outcome
}

fn read(verdict: &Verdict) -> Answer {
    let Verdict::Answered(answer) = verdict else { panic!("{verdict:?}") };
    serde_json::from_str(answer).unwrap()
}

fn respond(status: u16) -> Action {
    Action::Respond { status, body: "{}".to_owned(), headers: BTreeMap::new() }
}

/// The only verdict about a folder.
fn ask_one(runs: &Runs, folder: &str) -> Answer {
    read(&ask(runs, &[folder])[0])
}

fn rerun(runs: &Runs, job_id: &str) -> Answer {
    let outcome = execute(runs, &Request::Rerun { job_id: job_id.to_owned() });
    read(&outcome.recv_timeout(TIMEOUT).expect("a rerun has an outcome").verdict)
}

/// A simulator that shows folders at once, and its sink of questions; both have the time of Berlin.
fn visible() -> (Fixture, Runs) {
    let zone = || TimeZone::get("Europe/Berlin").unwrap();
    let fixture = Fixture::with(
        |mut settings| {
            settings.time_zone = Some(zone());
            settings
        },
        |mut settings| {
            settings.visibility_lag = Duration::ZERO..=Duration::ZERO;
            settings.time_zone = zone();
            settings
        },
    );
    let runs = fixture.sink.runs();
    (fixture, runs)
}

/// Submits a definition of one folder or of many.
fn define(fixture: &Fixture, folders: &Value) {
    let folder = folders.as_object().unwrap().keys().next().unwrap().clone();
    let request = delivery::Request::Submit { folder, definition: folders.to_string() };
    submitted(&run(&fixture.sink, &serde_json::to_string(&request).unwrap()));
}

fn folder(jobs: &Value) -> Value {
    let mut folder = json!({ "Type": "Folder", "ControlmServer": "smprod" });
    folder.as_object_mut().unwrap().extend(jobs.as_object().unwrap().clone());
    folder
}

/// Calls the simulator as somebody else does, who is not the sink.
fn post(fixture: &Fixture, path: &str, body: &Value) {
    let url = fixture.simulator.base_url().replace("/automation-api", path);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(url).header("x-api-key", "k-1").body(body.to_string());
    let status = fixture.runtime.block_on(request.send()).unwrap().status();
    assert!(status.is_success(), "{path}: {status}");
}

fn job_id(fixture: &Fixture, job: &str) -> String {
    fixture.simulator.dump().jobs.into_iter().find(|row| row.name == job).unwrap().job_id
}

fn lists(fixture: &Fixture) -> u64 {
    fixture.simulator.dump().calls("GET /run/jobs/status")
}

#[test]
fn many_folders_are_asked_about_with_one_request() {
    let fixture = Fixture::new();
    let runs = fixture.sink.runs();
    let folders: Vec<String> = (0..50).map(|number| format!("folder-{number}")).collect();
    for folder in &folders {
        submitted(&fixture.submit(folder));
    }
    let names: Vec<&str> = folders.iter().map(String::as_str).chain(["folder-unknown"]).collect();
    let before = lists(&fixture);
    let verdicts = ask(&runs, &names);
    assert!(verdicts.iter().all(|verdict| read(verdict) == Answer::Absent), "none is visible yet");
    assert_eq!(lists(&fixture) - before, 1);
    assert_eq!(runs.capacity(&Target::new("control_m_runs")), 5_000);
    fixture.clock.advance(Duration::from_mins(1));
    let verdicts = ask(&runs, &names);
    assert_eq!(lists(&fixture) - before, 2);
    let (unknown, known) = verdicts.split_last().unwrap();
    assert_eq!(read(unknown), Answer::Absent);
    for verdict in known {
        assert!(matches!(read(verdict), Answer::Ended { .. }), "{verdict:?}");
    }
}

#[test]
fn a_run_is_active_until_its_jobs_have_ended() {
    let fixture = Fixture::with(
        |settings| settings,
        |mut settings| {
            settings.visibility_lag = Duration::ZERO..=Duration::ZERO;
            settings.job_duration = Duration::from_mins(2);
            settings
        },
    );
    let runs = fixture.sink.runs();
    submitted(&fixture.submit("folder-a"));
    fixture.clock.advance(Duration::from_secs(10));
    let executing = Answer::Active { status: "Executing".to_owned(), is_waiting: false, late: None };
    assert_eq!(read(&ask(&runs, &["folder-a"])[0]), executing);
    fixture.clock.advance(Duration::from_mins(2));
    assert!(matches!(read(&ask(&runs, &["folder-a"])[0]), Answer::Ended { .. }));
}

#[test]
fn a_failed_request_is_no_answer_about_any_run() {
    let fixture = Fixture::new();
    let runs = fixture.sink.runs();
    for status in [401, 429, 500, 503] {
        fixture.simulator.inject(Fault::once("GET", "/run/jobs/status", respond(status)));
        for verdict in ask(&runs, &["folder-a", "folder-b"]) {
            assert!(
                matches!(&verdict, Verdict::NotSent(detail) if detail.contains(&status.to_string())),
                "{verdict:?}"
            );
        }
    }
    assert_eq!(read(&ask(&runs, &["folder-a"])[0]), Answer::Absent);
}

#[test]
fn a_job_that_fails_twice_is_rerun_and_then_ends_ok() {
    let (fixture, runs) = visible();
    post(&fixture, "/_sheaf/outcomes", &json!({ "job": "appl", "exit": 7, "duration_ms": 60_000, "times": 2 }));
    let flow = json!({ "Type": "Flow", "Sequence": ["appl", "after"] });
    let jobs =
        json!({ "appl": { "Type": "Job:Command", "Command": "load" }, "after": { "Type": "Job:Dummy" }, "flow": flow });
    define(&fixture, &json!({ "folder-a": folder(&jobs) }));
    let active = || Answer::Active { status: "Executing".to_owned(), is_waiting: false, late: None };
    assert_eq!(ask_one(&runs, "folder-a"), active());
    fixture.clock.advance(Duration::from_mins(2));
    let Answer::Failed { job } = ask_one(&runs, "folder-a") else { panic!("it has failed") };
    let FailedJob { id, name, status, runs: count, log, times } = job;
    assert_eq!((&id, name.as_str(), status.as_str(), count), (&job_id(&fixture, "appl"), "appl", "Ended Not OK", 1));
    // The server writes 23:13:20 without a zone.
    assert_eq!(times.started.as_deref(), Some("2023-11-14T22:13:20Z"));
    assert_eq!(times.ended.as_deref(), Some("2023-11-14T22:14:20Z"));
    let last: Vec<&str> = log.lines().rev().take(2).collect();
    assert!(last[0].contains("ENDED NOTOK") && last[1].contains("OSCOMPSTAT 7"), "{log}");
    let again = |count| {
        let (folder, server) = ("folder-a".to_owned(), "smprod".to_owned());
        let question = Request::Ask { folder, server, told: vec![(id.clone(), count)] };
        read(&execute(&runs, &question).recv_timeout(TIMEOUT).expect("an outcome").verdict)
    };
    let Answer::Failed { job } = again(1) else { panic!("it has failed") };
    assert_eq!((job.runs, job.log.as_str()), (1, ""), "its log was told");
    let Answer::Failed { job } = again(0) else { panic!("it has failed") };
    assert_eq!(job.log, log, "that of another run is asked for");

    assert_eq!(rerun(&runs, &id), Answer::Rerun);
    assert_eq!(ask_one(&runs, "folder-a"), active());
    let Answer::Refused { message } = rerun(&runs, &id) else { panic!("it executes") };
    assert!(message.contains("Failed to rerun job") && message.contains("it executes"), "{message}");
    fixture.clock.advance(Duration::from_mins(2));
    let Answer::Failed { job } = ask_one(&runs, "folder-a") else { panic!("it has failed again") };
    assert_eq!((job.runs, &job.id), (2, &id), "another failure of the same job");

    assert_eq!(rerun(&runs, &id), Answer::Rerun);
    fixture.clock.advance(Duration::from_mins(2));
    let Answer::Ended { times } = ask_one(&runs, "folder-a") else { panic!("it has ended") };
    assert!(times.ended.unwrap().ends_with('Z'));
    let Answer::Refused { message } = rerun(&runs, "smprod:zzzzz") else { panic!("no such job") };
    assert!(message.contains("404"), "{message}");
}

#[test]
fn a_job_that_waits_for_an_event_or_is_held_is_waiting() {
    let (fixture, runs) = visible();
    let wait = json!({ "Type": "WaitForEvents", "Events": [{ "Event": "file-came", "Date": "NoDate" }] });
    let jobs = json!({ "appl": { "Type": "Job:Command", "Command": "sleep 60", "waits": wait } });
    define(&fixture, &json!({ "folder-a": folder(&jobs) }));
    let waiting = |status: &str| Answer::Active { status: status.to_owned(), is_waiting: true, late: None };
    assert_eq!(ask_one(&runs, "folder-a"), waiting("Wait Condition (appl)"));
    let job = job_id(&fixture, "appl");
    post(&fixture, &format!("/automation-api/run/job/{job}/hold"), &json!({}));
    post(&fixture, "/automation-api/run/event/smprod", &json!({ "name": "file-came", "date": "STAT" }));
    let Answer::Active { status, is_waiting: true, .. } = ask_one(&runs, "folder-a") else { panic!("it is held") };
    assert!(status.contains("(appl, held)"), "{status}");
    post(&fixture, &format!("/automation-api/run/job/{job}/free"), &json!({}));
    assert!(matches!(ask_one(&runs, "folder-a"), Answer::Active { is_waiting: false, .. }));
}

#[test]
fn a_service_that_will_miss_its_time_is_late() {
    let (fixture, runs) = visible();
    let of = |name: &str, minutes: u32| {
        let service = json!({ "Type": "Job:SLAManagement", "ServiceName": name, "CompleteIn": { "Time": format!("0:{minutes}") } });
        let flow = json!({ "Type": "Flow", "Sequence": ["appl", "service"] });
        let command = json!({ "Type": "Job:Command", "Command": "sleep 1800" });
        folder(&json!({ "appl": command, "service": service, "flow": flow }))
    };
    define(&fixture, &json!({ "folder-in-time": of("in-time", 40), "folder-late": of("late", 20) }));
    let late = |folder: &str| {
        let Answer::Active { late, .. } = ask_one(&runs, folder) else { panic!("{folder} is active") };
        late
    };
    assert_eq!(late("folder-in-time"), None);
    assert_eq!(late("folder-late").unwrap(), "late: Late, due 20231114233320");
    fixture.clock.advance(Duration::from_mins(31));
    assert!(matches!(ask_one(&runs, "folder-late"), Answer::Ended { .. }));
    fixture.simulator.inject(Fault::once("GET", "/run/services/sla", respond(503)));
    define(&fixture, &json!({ "folder-later": of("later", 20) }));
    assert_eq!(late("folder-later"), None, "a state is told without its service");
    assert!(late("folder-later").is_some());
}

#[test]
fn a_folder_that_is_deleted_is_absent() {
    let (fixture, runs) = visible();
    define(
        &fixture,
        &json!({ "folder-a": folder(&json!({ "appl": { "Type": "Job:Command", "Command": "sleep 60" } })) }),
    );
    for row in fixture.simulator.dump().jobs {
        post(&fixture, &format!("/automation-api/run/job/{}/delete", row.job_id), &json!({}));
    }
    assert_eq!(ask_one(&runs, "folder-a"), Answer::Absent);
}

#[test]
fn a_failed_job_of_a_sub_folder_is_one_of_its_folder() {
    let (fixture, runs) = visible();
    let inside = json!({ "Type": "SubFolder", "deep": { "Type": "Job:Command", "Command": "exit 3" } });
    let jobs = json!({ "appl": { "Type": "Job:Command", "Command": "sleep 600" }, "inside": inside });
    define(&fixture, &json!({ "folder-a": folder(&jobs), "folder-b": folder(&jobs) }));
    fixture.clock.advance(Duration::from_mins(1));
    for verdict in ask(&runs, &["folder-a", "folder-b"]) {
        let Answer::Failed { job } = read(&verdict) else { panic!("{verdict:?}") };
        assert_eq!((job.name.as_str(), job.runs), ("deep", 1));
    }
}

/// A folder that is asked about alone has its sub-folders too, also if others begin with its name.
#[test]
fn a_failed_job_of_a_sub_folder_is_found_among_folders_that_begin_alike() {
    let (fixture, runs) = visible();
    let inside = json!({ "Type": "SubFolder", "deep": { "Type": "Job:Command", "Command": "exit 3" } });
    let jobs = json!({ "appl": { "Type": "Job:Command", "Command": "sleep 600" }, "inside": inside });
    define(&fixture, &json!({ "folder-1": folder(&jobs) }));
    fixture.clock.advance(Duration::from_mins(1));
    let failed = |asked: u64| {
        let before = lists(&fixture);
        let answer = ask_one(&runs, "folder-1");
        let Answer::Failed { job } = &answer else { panic!("{answer:?}") };
        assert_eq!((job.name.as_str(), lists(&fixture) - before), ("deep", asked));
    };
    failed(1);
    define(&fixture, &simple((0..5_000).map(|number| format!("folder-1{number}"))));
    failed(3);
}

#[test]
fn of_several_failed_jobs_one_that_was_not_told_is_answered() {
    let (fixture, runs) = visible();
    let fails = json!({ "Type": "Job:Command", "Command": "exit 1" });
    define(&fixture, &json!({ "folder-a": folder(&json!({ "one": fails, "two": fails })) }));
    fixture.clock.advance(Duration::from_mins(1));
    let mut told = Vec::new();
    let mut names = Vec::new();
    for _ in 0..3 {
        let (folder, server) = ("folder-a".to_owned(), "smprod".to_owned());
        let outcome = execute(&runs, &Request::Ask { folder, server, told: told.clone() });
        let verdict = outcome.recv_timeout(TIMEOUT).expect("a question has an outcome").verdict;
        let Answer::Failed { job } = read(&verdict) else { panic!("{verdict:?}") };
        assert_eq!(job.log.is_empty(), names.len() == 2, "{}", job.log);
        told.push((job.id, job.runs));
        names.push(job.name);
    }
    assert_eq!(names, ["one", "two", "one"], "the last one was told");
}

/// Folders with two jobs each and no row of their own.
fn simple(names: impl Iterator<Item = String>) -> Value {
    let dummy = json!({ "Type": "Job:Dummy" });
    let folder = json!({ "Type": "SimpleFolder", "ControlmServer": "smprod", "a": dummy, "b": dummy });
    names.map(|name| (name, folder.clone())).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn ten_thousand_runs_are_asked_about_with_few_requests() {
    let (fixture, runs) = visible();
    let names: Vec<String> = (0..10_000).map(|number| format!("folder-{number}")).collect();
    define(&fixture, &simple(names.iter().cloned()));
    let before = lists(&fixture);
    // As many as are taken at once.
    for names in names.chunks(5_000) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for verdict in ask(&runs, &names) {
            assert!(matches!(read(&verdict), Answer::Ended { .. }), "{verdict:?}");
        }
    }
    let asked = lists(&fixture) - before;
    assert!(asked <= 20, "{asked} requests for {} runs", names.len());
}

#[test]
fn a_list_that_is_cut_off_tells_of_no_folder() {
    let (fixture, runs) = visible();
    define(&fixture, &simple((0..4_999).map(|number| format!("folder-{number}"))));
    // Two of its rows fit into the limit of 10,000, and have ended OK.
    let dummy = json!({ "Type": "Job:Dummy" });
    let last = json!({ "Type": "Job:Command", "Command": "exit 1" });
    let cut = json!({ "Type": "SimpleFolder", "ControlmServer": "smprod", "a": dummy, "b": dummy, "c": last });
    define(&fixture, &json!({ "folder-x": cut }));
    fixture.clock.advance(Duration::from_mins(1));
    let before = lists(&fixture);
    let verdicts = ask(&runs, &["folder-7", "folder-x", "folder-unknown"]);
    assert!(matches!(read(&verdicts[0]), Answer::Ended { .. }));
    let Answer::Failed { job } = read(&verdicts[1]) else { panic!("{verdicts:?}") };
    assert_eq!((job.name.as_str(), read(&verdicts[2])), ("c", Answer::Absent));
    assert_eq!(lists(&fixture) - before, 4, "one for all, which is cut off, and one for each");
}
