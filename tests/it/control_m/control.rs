//! The simulator's control plane: clock, faults, requests; and its sessions, keys, events and pools.

#![expect(clippy::unwrap_used, reason = "test support fails by panicking")]

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use sheaf::mock::control_m::RequestRow;
use sheaf::secret::Secret;

use super::simulator::{Fixture, definition, parse};

impl Fixture {
    fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.call_with(method, path, body, "any")
    }

    fn call_with(&self, method: &str, path: &str, body: &Value, key: &str) -> (u16, Value) {
        let request = self.http.request(method.parse().unwrap(), self.url(path));
        let request = request.header("x-api-key", key).body(body.to_string());
        self.runtime.block_on(async { parse(request.send().await.unwrap()).await })
    }

    fn get_control(&self, path: &str) -> Value {
        let request = self.http.get(self.control(path));
        self.runtime.block_on(async { parse(request.send().await.unwrap()).await.1 })
    }

    /// Submits a folder, and gives the status of the answer, or 0 if there is none.
    fn submit(&self, folder: &str) -> u16 {
        let file = reqwest::multipart::Part::text(definition(folder, "Folder", 1).to_string());
        let form = reqwest::multipart::Form::new().part("definitionsFile", file);
        let request = self.http.post(self.url("/run/ondemand")).header("x-api-key", "any").multipart(form);
        self.runtime.block_on(request.send()).map_or(0, |answer| answer.status().as_u16())
    }
}

fn without_lag() -> Fixture {
    Fixture::with(|settings| sheaf::mock::control_m::SimulatorSettings {
        visibility_lag: Duration::ZERO..=Duration::ZERO,
        read_only_keys: vec![Secret::new("reader".to_owned())],
        ..settings
    })
}

#[test]
fn the_clock_is_set_forward_to_new_day_and_stopped() {
    let fixture = without_lag();
    let before = fixture.get_control("/clock");
    assert_eq!((&before["order_date"], &before["speed"]), (&json!("231114"), &json!(1.0)));
    assert_eq!(fixture.submit("f"), 200);
    assert_eq!(fixture.post_control("/clock", r#"{"advance":"1500ms"}"#), 200);
    assert_eq!(fixture.simulator.dump().jobs[0].status, "Ended OK");
    assert_eq!(fixture.post_control("/clock", r#"{"advance":"new-day"}"#), 200);
    let dump = fixture.simulator.dump();
    assert_eq!((dump.order_date.as_str(), dump.jobs.len(), dump.folders["f"].submits), ("231115", 0, 1));
    let next = fixture.get_control("/clock")["next_new_day"].clone();
    assert_eq!(next.as_i64().unwrap() - before["next_new_day"].as_i64().unwrap(), 86_400_000);
    assert_eq!(fixture.post_control("/clock", r#"{"speed":0}"#), 200);
    for wrong in ["{}", r#"{"advance":"soon"}"#, r#"{"advance":"-1h"}"#, r#"{"speed":-1}"#, r#"{"to":"x"}"#] {
        assert_eq!(fixture.post_control("/clock", wrong), 400, "{wrong}");
    }
}

#[test]
fn faults_are_lines_of_words_and_each_request_says_what_struck_it() {
    let fixture = without_lag();
    let lines = "executed-503 x1\nexecuted-reset x1\n429 7s POST x1\nlag 1h x1";
    assert_eq!(fixture.post_control("/faults", lines), 204);
    let statuses: Vec<u16> = ["a", "b", "c", "d", "e"].into_iter().map(|folder| fixture.submit(folder)).collect();
    assert_eq!(statuses, [503, 0, 429, 200, 200]);
    let rows: Vec<RequestRow> = serde_json::from_value(fixture.get_control("/requests")).unwrap();
    let told: Vec<(&str, u16, &str)> = rows
        .iter()
        .map(|row| {
            let folder = row.folders.first().map_or("", String::as_str);
            (folder, row.status, row.fault.as_deref().unwrap_or_default())
        })
        .collect();
    let expected =
        [("a", 503, "executed-503"), ("b", 0, "executed-reset"), ("", 429, "429"), ("d", 200, "lag"), ("e", 200, "")];
    assert_eq!(told, expected);
    let (_, found) = fixture.get("/run/jobs/status?jobname=job-0");
    let folders: Vec<&str> =
        found["statuses"].as_array().unwrap().iter().map(|row| row["folder"].as_str().unwrap()).collect();
    assert_eq!(folders, ["a", "b", "e"], "c was not executed, and d is not visible for an hour");
    assert_eq!(fixture.get_control("/faults")[0]["struck"], 1);
    let request = fixture.http.delete(fixture.control("/faults"));
    assert_eq!(fixture.runtime.block_on(request.send()).unwrap().status(), 204);
    assert_eq!(fixture.get_control("/faults"), json!([]));
    assert_eq!(fixture.post_control("/faults", "explode"), 400);
}

#[test]
fn a_session_ends_by_logout_and_by_a_fault() {
    let fixture = Fixture::new();
    let open = || fixture.login("secret").1["token"].as_str().unwrap().to_owned();
    let (first, second) = (open(), open());
    let logout = || {
        let request = fixture.http.post(fixture.url("/session/logout")).bearer_auth(&first);
        fixture.runtime.block_on(async { parse(request.send().await.unwrap()).await })
    };
    let (status, body) = logout();
    assert_eq!((status, body["message"].as_str().unwrap().starts_with("Successfully logged out")), (200, true));
    assert_eq!((logout().0, fixture.get_as(&first), fixture.get_as(&second)), (401, 401, 200));
    assert_eq!(fixture.post_control("/faults", "expired-token x1"), 204);
    assert_eq!([fixture.get_as(&second), fixture.get_as(&second), fixture.get_as(&open())], [401, 401, 200]);
}

#[test]
fn a_key_that_may_only_read_changes_nothing() {
    let fixture = without_lag();
    let event = json!({ "name": "e" });
    assert_eq!(fixture.call_with("GET", "/run/events", &Value::Null, "reader").0, 200);
    assert_eq!(fixture.call_with("POST", "/run/event/s", &event, "reader").0, 403);
    assert_eq!(fixture.call("GET", "/run/events", &Value::Null).1, json!([]));
}

#[test]
fn events_are_added_once_and_their_names_and_dates_are_checked() {
    let fixture = without_lag();
    let add = |name: &str, date: &str| fixture.call("POST", "/run/event/s", &json!({ "name": name, "date": date }));
    assert_eq!([add("e", "").0, add("e", "STAT").0, add("e", "0229").0], [200; 3]);
    let (status, body) = add("e", "ODAT");
    assert_eq!((status, &body["errors"][0]["message"]), (500, &json!("Failed to add event 'e': it already exists")));
    assert_eq!([add("e", "0230").0, add("e (1)", "").0, add("", "").0], [400; 3]);
    let (_, events) = fixture.call("GET", "/run/events?name=e*&server=s&date=*14", &Value::Null);
    assert_eq!(events, json!([{ "name": "e", "ctm": "s", "date": "1114" }]));
    assert_eq!(fixture.call("DELETE", "/run/event/s/e/STAT", &json!({})).0, 200);
    assert_eq!(fixture.call("DELETE", "/run/event/s/e/STAT", &json!({})).0, 500);
    let tolerant =
        Fixture::with(|settings| sheaf::mock::control_m::SimulatorSettings { strict_events: false, ..settings });
    for _ in 0..2 {
        assert_eq!(tolerant.call("POST", "/run/event/s", &json!({ "name": "e" })).0, 200);
    }
    assert_eq!(tolerant.call("DELETE", "/run/event/s/other/STAT", &json!({})).0, 200);
}

#[test]
fn pools_are_set_and_shown_with_their_free_units() {
    let fixture = without_lag();
    assert_eq!(fixture.call("POST", "/run/resource/s", &json!({ "name": "p", "max": "9" })).0, 200);
    let row = json!([{ "name": "p", "ctm": "s", "available": "9", "max": 9 }]);
    assert_eq!(fixture.call("GET", "/run/resources", &Value::Null), (200, row));
    assert_eq!(fixture.call("POST", "/run/resource/s/p", &json!({ "max": 2 })).0, 200);
    assert_eq!(fixture.call("POST", "/run/resource/s/q", &json!({ "max": 2 })).0, 404);
    assert_eq!(fixture.call("POST", "/run/resource/s", &json!({ "name": "p" })).0, 400);
    assert_eq!([(); 2].map(|()| fixture.call("DELETE", "/run/resource/s/p", &json!({})).0), [200, 404]);
}

#[test]
fn a_folder_is_ordered_only_when_it_is_deployed() {
    let fixture = without_lag();
    let order = |body: Value| fixture.call("POST", "/run/order", &body);
    let body =
        json!({ "ctm": "smprod", "folder": "f", "jobs": "job-1", "orderDate": "20300101", "ignoreCriteria": "true" });
    assert_eq!(order(body.clone()).0, 404);
    assert_eq!(fixture.post_form("/deploy", "definitionsFile", &definition("f", "Folder", 2)).0, 200);
    let (status, run) = order(body);
    assert_eq!(status, 200);
    let rows = fixture.get(&format!("/run/status/{}", run["runId"].as_str().unwrap())).1["statuses"].clone();
    let shown: Vec<_> =
        rows.as_array().unwrap().iter().map(|row| (&row["name"], &row["status"], &row["orderDate"])).collect();
    assert_eq!(shown.len(), 2, "the folder, and one of its jobs: {shown:?}");
    assert_eq!(shown[1], (&json!("job-1"), &json!("Wait Condition"), &json!("300101")), "it waits for its order date");
    assert_eq!(order(json!({ "ctm": "smprod", "folder": "f", "orderDate": "soon" })).0, 400);
    assert_eq!(order(json!({ "ctm": "smprod", "folder": "f", "jobs": "none" })).0, 404);
}

#[test]
fn a_wrong_fault_is_told_on_the_command_line() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    let output = command.args(["mock", "control-m", "--fault", "503 sometimes"]).output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && printed.contains("'sometimes' is neither a METHOD"), "{printed}");
}
