//! What has ended, in the simulated Control-M: the archive, the executions, the services of a job, and the gateway of `SaaS`.

use std::time::Duration;

use serde_json::json;
use sheaf::model::Verdict;
use sheaf::processor::delivery::control_m::Answer;
use sheaf::secret::Secret;
use sheaf::sink::control_m::Settings;

use super::simulator::Fixture;
use super::support::{self, answer, run, settings, submit};

fn names(found: &serde_json::Value) -> Vec<&str> {
    found["jobs"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap()).collect()
}

#[test]
fn what_new_day_has_removed_is_in_the_archive() {
    let fixture = Fixture::new();
    let jobs = json!({ "Type": "Folder", "ControlmServer": "smprod",
        "one": { "Type": "Job:Command", "Command": "echo found" }, "two": { "Type": "Job:Command", "Command": "exit 3" } });
    assert_eq!(fixture.post_form("/run/ondemand", "definitionsFile", &json!({ "f": jobs })).0, 200);
    fixture.clock.advance(Duration::from_mins(1));
    let (_, active) = fixture.get("/archive/search?folder=f");
    assert_eq!(names(&active), ["one", "two"]);
    fixture.clock.advance(Duration::from_hours(72));
    let (_, gone) = fixture.get("/run/jobs/status?folder=f");
    assert_eq!(gone["returned"], 0);
    let (status, all) = fixture.get("/archive/search?folder=f");
    assert_eq!((status, names(&all).len(), &all["additionalJobsMatchSearchCriteria"]), (200, 2, &json!(false)));
    let (_, failed) = fixture.get("/archive/search?status=Ended%20Not%20OK");
    assert_eq!(names(&failed), ["two"]);
    let (_, first) = fixture.get("/archive/search?limit=1");
    assert_eq!((&first["returned"], &first["additionalJobsMatchSearchCriteria"]), (&json!(1), &json!(true)));
    let (_, log) = fixture.get("/archive/search?logContains=NOTOK");
    assert_eq!(names(&log), ["two"]);
    assert_eq!(names(&fixture.get("/archive/search?toTime=1969-12-31").1), Vec::<&str>::new());
    let id = failed["jobs"][0]["jobId"].as_str().unwrap();
    let (status, text) = fixture.get(&format!("/archive/{id}/log"));
    assert!(status == 200 && text.as_str().unwrap().contains("ENDED"), "{text}");
    assert_eq!(fixture.get("/archive/smprod:zzzzz/log").0, 404);
    let (_, usage) = fixture.get("/usage/jobs");
    assert_eq!(usage, json!({ "usage": [{ "server": "smprod", "jobExecution": 2 }], "totalJobExecution": 2 }));
}

#[test]
fn a_job_tells_the_services_that_it_belongs_to() {
    let fixture = Fixture::new();
    let jobs = json!({ "Type": "Folder", "ControlmServer": "smprod",
        "work": { "Type": "Job:Command", "Command": "sleep 60" },
        "service": { "Type": "Job:SLAManagement", "ServiceName": "orders", "CompleteIn": { "Time": "1:00" } },
        "flow": { "Type": "Flow", "Sequence": ["work", "service"] } });
    fixture.post_form("/run/ondemand", "definitionsFile", &json!({ "f": jobs }));
    fixture.clock.advance(Duration::from_secs(30));
    let (_, rows) = fixture.get("/run/jobs/status?jobname=work");
    let id = rows["statuses"][0]["jobId"].as_str().unwrap();
    let (status, related) = fixture.get(&format!("/run/job/{id}/related"));
    assert_eq!((status, &related["BelongToServices"]), (200, &json!(["orders"])), "{related}");
}

/// A refusal without a list of errors is the gateway's: everybody meets it.
#[test]
fn the_gateway_of_saas_refuses_a_key_with_a_message_of_its_own() {
    let with_gateway = |mut simulator: sheaf::mock::control_m::SimulatorSettings| {
        simulator.gateway = true;
        simulator
    };
    let fixture = support::Fixture::with(|settings| settings, with_gateway);
    assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Accepted { .. }));
    let wrong = Settings::new(&fixture.simulator.base_url(), Secret::new("other".to_owned()));
    let sink = fixture.sink(&Settings { limits: settings("").limits, ..wrong });
    let Verdict::Suspended(message) = run(&sink, &submit("folder-b")) else { panic!("it is accepted") };
    assert!(message.contains("answered 403 (Forbidden)"), "{message}");
}
