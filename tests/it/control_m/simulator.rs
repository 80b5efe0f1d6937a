//! The simulator itself, with another client.

#![expect(clippy::unwrap_used, reason = "test support fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Response, multipart};
use serde_json::{Value, json};
use sheaf::mock::control_m::{Action, Dump, Fault, Simulator, SimulatorHandle, SimulatorSettings};
use sheaf::secret::Secret;
use tokio::runtime::Runtime;

use super::support::{ManualClock, runtime};

pub(super) struct Fixture {
    pub(super) runtime: Runtime,
    pub(super) clock: Arc<ManualClock>,
    pub(super) simulator: SimulatorHandle,
    pub(super) http: Client,
}

impl Fixture {
    pub(super) fn new() -> Self {
        Self::with(|settings| settings)
    }

    pub(super) fn with(change: impl FnOnce(SimulatorSettings) -> SimulatorSettings) -> Self {
        let (runtime, clock) = (runtime(), Arc::new(ManualClock::default()));
        let mut settings = SimulatorSettings::new(clock.clone(), 1);
        settings.users = BTreeMap::from([("me".to_owned(), Secret::new("secret".to_owned()))]);
        let settings = change(settings);
        let simulator = Simulator::start(settings, runtime.handle()).unwrap();
        Self { runtime, clock, simulator, http: Client::builder().no_proxy().build().unwrap() }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.base_url())
    }

    pub(super) fn control(&self, path: &str) -> String {
        self.simulator.base_url().replace("/automation-api", "/_sheaf") + path
    }

    pub(super) fn get(&self, path: &str) -> (u16, Value) {
        let request = self.http.get(self.url(path)).header("x-api-key", "any");
        self.runtime.block_on(async { parse(request.send().await.unwrap()).await })
    }

    pub(super) fn post_form(&self, path: &str, part: &str, definition: &Value) -> (u16, Value) {
        let file = multipart::Part::text(definition.to_string()).file_name("temp_1214.json");
        let form = multipart::Form::new().part(part.to_owned(), file.mime_str("application/json").unwrap());
        let request = self.http.post(self.url(path)).header("x-api-key", "any").multipart(form);
        self.runtime.block_on(async { parse(request.send().await.unwrap()).await })
    }

    pub(super) fn login(&self, password: &str) -> (u16, Value) {
        let body = json!({ "username": "me", "password": password }).to_string();
        // A stale token is ignored.
        let request = self.http.post(self.url("/session/login")).header("Authorization", "Bearer old").body(body);
        self.runtime.block_on(async { parse(request.send().await.unwrap()).await })
    }

    pub(super) fn get_as(&self, token: &str) -> u16 {
        let request = self.http.get(self.url("/config/servers")).bearer_auth(token);
        self.runtime.block_on(request.send()).unwrap().status().as_u16()
    }

    pub(super) fn post_control(&self, path: &str, body: &str) -> u16 {
        let request = self.http.post(self.control(path)).body(body.to_owned());
        self.runtime.block_on(request.send()).unwrap().status().as_u16()
    }
}

pub(super) async fn parse(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub(super) fn definition(folder: &str, kind: &str, jobs: usize) -> Value {
    let jobs: Vec<Value> =
        (0..jobs).map(|number| json!({ "Name": format!("job-{number}"), "Type": "Job:Dummy" })).collect();
    json!({ folder: { "Type": kind, "ControlmServer": "smprod", "Jobs": jobs } })
}

#[test]
fn each_call_has_its_own_name_for_the_part() {
    let fixture = Fixture::new();
    let good = definition("f", "Folder", 1);
    assert_eq!(fixture.post_form("/run", "jobDefinitionsFile", &good).0, 200);
    assert_eq!(fixture.post_form("/run/ondemand", "definitionsFile", &good).0, 200);
    let (status, body) = fixture.post_form("/run/ondemand", "jobDefinitionsFile", &good);
    assert_eq!(
        (status, &body["errors"][0]["message"]),
        (400, &json!("Required part 'definitionsFile' is not present."))
    );
    assert_eq!(fixture.post_form("/run", "definitionsFile", &good).0, 400);
    assert_eq!(fixture.simulator.dump().folders["f"].submits, 2, "the same folder again is a second run");
}

#[test]
fn an_error_list_has_no_nulls() {
    let fixture = Fixture::new();
    let (status, body) = fixture.post_form("/run/ondemand", "definitionsFile", &json!({ "f": {}, "g": 7 }));
    assert_eq!(status, 400);
    assert!(!body.to_string().contains("null"), "{body}");
    assert!(body["errors"].as_array().unwrap().len() >= 3, "{body}");
}

#[test]
fn a_run_is_pending_until_the_lag_is_over() {
    let fixture = Fixture::new();
    let (_, run) = fixture.post_form("/run/ondemand", "definitionsFile", &definition("f", "Folder", 30));
    let path = format!("/run/status/{}", run["runId"].as_str().unwrap());
    assert_eq!(run["statusURI"], json!(fixture.url(&path)));
    let shown_at = fixture.simulator.dump().folders["f"].visible_at[0];
    let lag = shown_at.since(sheaf::model::Clock::now(&*fixture.clock));
    assert!(lag > Duration::ZERO && lag <= Duration::from_secs(30), "{lag:?}");
    let (_, hidden) = fixture.get(&path);
    assert_eq!((&hidden["completion"], &hidden["total"]), (&json!("Pending"), &json!(0)));
    fixture.clock.advance(lag);
    let (_, shown) = fixture.get(&path);
    assert_eq!((&shown["total"], shown["statuses"].as_array().unwrap().len()), (&json!(31), 25));
    let (_, rest) = fixture.get(&format!("{path}?startIndex=25"));
    assert_eq!(rest["statuses"].as_array().unwrap().len(), 6);
    fixture.clock.advance(Duration::from_secs(1));
    let (_, ended) = fixture.get(&path);
    assert_eq!((&ended["completion"], &ended["statuses"][0]["status"]), (&json!("Completed"), &json!("Ended OK")));
    assert_eq!(fixture.get("/run/status/no-such-run").0, 404);
}

#[test]
fn rows_are_filtered_and_cut_at_the_limit() {
    let fixture = Fixture::new();
    for (folder, kind) in [("folder-a", "Folder"), ("folder-b", "SimpleFolder")] {
        fixture.post_form("/run/ondemand", "definitionsFile", &definition(folder, kind, 2));
    }
    fixture.clock.advance(Duration::from_secs(30));
    let count = |query: &str| {
        let (status, body) = fixture.get(&format!("/run/jobs/status?{query}"));
        (status, body["returned"].as_u64().unwrap(), body["total"].as_u64().unwrap())
    };
    assert_eq!(count(""), (200, 5, 5), "a simple folder has no row of its own");
    assert_eq!(count("folder=folder-a&server=smprod"), (200, 3, 3));
    assert_eq!(count("folder=folder-*&ctm=smprod&jobname=job-0"), (200, 2, 2));
    assert_eq!(count("server=other"), (200, 0, 0));
    assert_eq!(count("orderFromDate=231114"), (200, 5, 5), "unknown parameters are ignored");
    assert_eq!(count("limit=2"), (206, 2, 5));
    assert_eq!(fixture.get("/run/jobs/status?limit=x").0, 400);
}

#[test]
fn a_session_opens_with_a_password_and_ends_by_the_clock() {
    let fixture = Fixture::new();
    assert_eq!(fixture.login("wrong").0, 401);
    let (status, body) = fixture.login("secret");
    let token = body["token"].as_str().unwrap();
    assert_eq!((status, fixture.get_as(token), fixture.get_as("other")), (200, 200, 401));
    fixture.clock.advance(Duration::from_mins(30));
    assert_eq!(fixture.get_as(token), 401);
}

#[test]
fn the_control_plane_dumps_injects_faults_and_resets() {
    let fixture = Fixture::new();
    fixture.post_form("/run/ondemand", "definitionsFile", &definition("f", "Folder", 1));
    let request = fixture.http.get(fixture.control("/dump"));
    let dump: Dump = fixture.runtime.block_on(async { request.send().await.unwrap().json().await.unwrap() });
    assert_eq!((dump.clone(), dump.folders["f"].submits, dump.jobs.len()), (fixture.simulator.dump(), 1, 2));

    let one = r#"{"path":"/run/*","times":1,"action":{"do":"respond","status":503,"headers":{"Retry-After":"9"}}}"#;
    assert_eq!(fixture.post_control("/faults", one), 204);
    assert_eq!(fixture.post_control("/faults", &format!("[{one}]")), 204);
    assert_eq!(fixture.post_control("/faults", "{}"), 400);
    let statuses: Vec<u16> = (0..3).map(|_| fixture.get("/run/jobs/status").0).collect();
    assert_eq!(statuses, [503, 503, 200]);

    assert_eq!(fixture.post_control("/reset", ""), 204);
    assert_eq!((fixture.simulator.dump().requests, fixture.simulator.dump().folders.len()), (0, 0));
}

#[test]
fn a_reset_is_a_reset_at_the_client_and_not_an_end_of_file() {
    let fixture = Fixture::new();
    for action in [Action::ResetBefore, Action::ResetAfter] {
        fixture.simulator.inject(Fault::once("GET", "/config/servers", action));
        let request = fixture.http.get(fixture.url("/config/servers")).header("x-api-key", "any");
        let error = fixture.runtime.block_on(request.send()).unwrap_err();
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        let mut kinds = Vec::new();
        while let Some(error) = cause {
            kinds.extend(error.downcast_ref::<std::io::Error>().map(std::io::Error::kind));
            cause = error.source();
        }
        assert_eq!(kinds, [std::io::ErrorKind::ConnectionReset], "{error:?}");
        assert!(!error.is_connect());
    }
}

#[test]
fn a_stopped_simulator_releases_its_port() {
    let fixture = Fixture::new();
    let (url, address) = (fixture.url("/config/servers"), fixture.simulator.base_url());
    // A kept-alive connection must not keep the port in use.
    assert_eq!(fixture.get("/config/servers").0, 200);
    fixture.runtime.block_on(fixture.simulator.stop());
    let error = fixture.runtime.block_on(fixture.http.get(url).send()).unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    let mut settings = SimulatorSettings::new(fixture.clock.clone(), 1);
    settings.bind = address.trim_start_matches("http://").trim_end_matches("/automation-api").parse().unwrap();
    assert!(Simulator::bind(settings, fixture.runtime.handle()).is_ok());
}
