//! Questions about runs: many folders with one request, and only certain answers.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use sheaf::mock::control_m::{Action, Fault};
use sheaf::model::{Act, ActSlot, Key, Outcome, Sink as _, Target, TaskId, Verdict};
use sheaf::processor::tracking::{Answer, Request};
use sheaf::sink::control_m::Runs;

use super::support::{Fixture, TIMEOUT, answer as submitted};

/// Asks about folders at once; their verdicts, in order.
fn ask(runs: &Runs, folders: &[&str]) -> Vec<Verdict> {
    let receive: Vec<_> = folders
        .iter()
        .map(|folder| {
            let request = Request::Ask { folder: (*folder).to_owned(), server: "smprod".to_owned() };
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
    runs.execute(&task, &Key::new("a"), act, Duration::MAX, Box::new(move |outcome| report.send(outcome).unwrap()));
    outcome
}

fn read(verdict: &Verdict) -> Answer {
    let Verdict::Answered(answer) = verdict else { panic!("{verdict:?}") };
    serde_json::from_str(answer).unwrap()
}

fn respond(status: u16) -> Action {
    Action::Respond { status, body: "{}".to_owned(), headers: BTreeMap::new() }
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
