//! Control-M slows down, refuses everybody, or stands on premises: bundles wait, and each is submitted once.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use sheaf::mock::control_m::{Action, Fault};
use sheaf::secret::Secret;

use super::super::e2e::bundle::{Bundle, bundles, shuffled};
use super::super::e2e::deployment::Deployment;
use super::super::e2e::process::{Process, until};
use crate::control_m::premises::{SELF_SIGNED, tls_server_with, tunnel_to};

const ON_DEMAND: &str = "/run/ondemand";
/// What stands in the log when everybody is refused.
const SUSPENDED: &str = "a target refuses everybody: the sink is suspended";

fn times(times: u64, action: Action) -> Fault {
    Fault { times: Some(times), ..Fault::always("POST", ON_DEMAND, action) }
}

/// An answer that says when to come back.
fn come_back(status: u16, seconds: &str) -> Action {
    let headers = BTreeMap::from([("Retry-After".to_owned(), seconds.to_owned())]);
    Action::Respond { status, headers, body: r#"{"errors":[{"message":"busy"}]}"#.to_owned() }
}

/// Writes this number of bundles.
fn write(deployment: &Deployment, count: usize) -> Vec<Bundle> {
    let mut chance = fastrand::Rng::with_seed(81);
    let all = bundles(count, &mut chance);
    deployment.write_events(&shuffled(&all, 0, &mut chance));
    all
}

/// The number of lines of the log with this text.
fn lines(instance: &Process, words: &str) -> usize {
    instance.log_text().lines().filter(|line| line.contains(words)).count()
}

/// Waits until the sink is suspended for this reason, as metric, log and `/readyz` tell; nothing has failed then.
fn wait_until_suspended(deployment: &Deployment, instance: &mut Process, reason: &str, remedy: &str) {
    instance.wait_for_log(remedy);
    let labels = format!("reason=\"{reason}\"");
    until("the metric tells it", || instance.try_metric("sheaf_sink_suspended", &labels).is_some_and(|is| is > 0.5));
    until("/readyz tells it", || instance.http_get("/readyz").is_some_and(|(_, body)| body.contains("sink control_m")));
    assert_eq!(deployment.read(&deployment.own("outcomes")), [], "nothing has failed");
}

/// Waits until each bundle is submitted once, without an alert.
fn assert_submitted(deployment: &Deployment, all: &[Bundle], instance: &mut Process) {
    deployment.wait_for_deliveries(all);
    deployment.assert_exactly(all);
    assert_eq!(deployment.alerts(), []);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn p01_come_back_at_once_is_answered_after_a_second() {
    let Some(deployment) = Deployment::open("case-p01") else { return };
    let mut instance = deployment.run("a");
    deployment.simulator.inject(times(6, come_back(429, "0")));
    deployment.simulator.inject(times(6, come_back(503, "0")));
    let started = Instant::now();
    let all = write(&deployment, 3);
    assert_submitted(&deployment, &all, &mut instance);
    // One of the three bundles was refused four times or more.
    assert!(started.elapsed() > Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!(deployment.simulator.dump().calls("POST /run/ondemand"), 15 + 1, "and the check of the start");
}

#[test]
#[ignore = "four minutes: a limit that lasts longer than 150 attempts"]
fn p01_a_limit_of_minutes_costs_no_bundle() {
    let Some(deployment) = Deployment::open("case-p01-long") else { return };
    let mut instance = deployment.run("a");
    // First a proxy, whose 503 does not tell whether the request was passed on.
    let headers = BTreeMap::from([("Retry-After".to_owned(), "0".to_owned())]);
    deployment.simulator.inject(times(6, Action::Respond { status: 503, headers, body: String::new() }));
    deployment.simulator.inject(Fault::always("POST", ON_DEMAND, come_back(429, "1")));
    let all = write(&deployment, 3);
    std::thread::sleep(Duration::from_mins(4));
    assert_eq!(deployment.read(&deployment.own("outcomes")), [], "nothing has failed");
    assert!(lines(&instance, "a call to Control-M failed") > 0, "{}", instance.log_text());
    deployment.simulator.reset();
    assert_submitted(&deployment, &all, &mut instance);
}

#[test]
fn p02_a_gateway_that_refuses_is_an_outage_and_no_refusal() {
    let Some(deployment) = Deployment::open("case-p02") else { return };
    let mut instance = deployment.run("a");
    for (status, body) in [(403, r#"{"message":"Forbidden"}"#), (404, "no healthy upstream")] {
        let everything = Fault { path: "/*".to_owned(), method: None, ..times(6, Action::respond(status, body)) };
        deployment.simulator.inject(everything);
    }
    let all = write(&deployment, 4);
    wait_until_suspended(&deployment, &mut instance, "not_found", "no healthy upstream");
    deployment.wait_for_deliveries(&all);
    assert_eq!(lines(&instance, SUSPENDED), 2, "one line for each reason: {}", instance.log_text());
    assert_eq!(lines(&instance, "a target takes calls again"), 1, "{}", instance.log_text());
    assert_submitted(&deployment, &all, &mut instance);
}

#[test]
fn p02_a_renewed_key_in_a_file_is_read_without_a_restart() {
    let new = || Secret::new("new".to_owned());
    let Some(deployment) = Deployment::open("case-p02-key") else { return };
    let mut deployment = deployment
        .with_simulator(|settings| sheaf::mock::control_m::SimulatorSettings { api_keys: vec![new()], ..settings });
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("key");
    std::fs::write(&file, "expired").expect("written");
    deployment.control_m = vec![format!("api_key: \"${{file:{}}}\"", file.display())];
    let mut instance = deployment.run("a");
    let all = write(&deployment, 4);
    wait_until_suspended(&deployment, &mut instance, "unauthorized", "has expired or is wrong");
    std::fs::write(&file, "new").expect("written");
    deployment.wait_for_deliveries(&all);
    assert_eq!(lines(&instance, SUSPENDED), 1, "{}", instance.log_text());
    assert_submitted(&deployment, &all, &mut instance);
}

#[test]
fn p02_an_address_with_another_path_fails_no_bundle_and_is_named() {
    let Some(deployment) = Deployment::open("case-p02-path") else { return };
    let base = deployment.simulator.base_url().replace("/automation-api", "/api");
    let mut instance = deployment.start_with("a", &[("SHEAF_CONTROL_M__BASE_URL", &base)]);
    instance.ready();
    let all = write(&deployment, 2);
    wait_until_suspended(&deployment, &mut instance, "not_found", "is `/automation-api` missing");
    assert_eq!(instance.terminate(), Some(0));
    let mut instance = deployment.run("a");
    assert_submitted(&deployment, &all, &mut instance);
}

#[test]
fn p02_what_names_the_definition_fails_one_bundle_which_can_be_sent_again() {
    let Some(deployment) = Deployment::open("case-p02-one") else { return };
    let mut instance = deployment.run("a");
    let body = r#"{"errors":[{"message":"the application does not exist","item":"appl-1"}]}"#;
    deployment.simulator.inject(times(1, Action::respond(403, body)));
    let all = write(&deployment, 3);
    until("three outcomes", || deployment.read(&deployment.own("outcomes")).len() == 3);
    let outcomes = deployment.values(&deployment.own("outcomes"));
    let failed: Vec<_> = outcomes.iter().filter(|outcome| outcome["outcome"] == "failed").collect();
    let [failed] = failed.as_slice() else { panic!("{outcomes:#?}") };
    assert_eq!(lines(&instance, SUSPENDED), 0, "{}", instance.log_text());
    let alerts = deployment.alerts();
    assert!(alerts.len() == 1 && alerts[0].0 == "delivery_failed", "{alerts:#?}");
    let bundle = failed["bundle_id"].as_str().expect("an id");
    let mut command =
        deployment.command(&["deliveries", "retry", bundle, "--by", "ann", "--why", "it exists"], "a", "a");
    assert_eq!(command.exit_code(), Some(0), "{}", command.log_text());
    until("all have a folder", || deployment.folders() == all.len());
    assert!(deployment.simulator.dump().folders.values().all(|folder| folder.submits == 1));
    assert_eq!(instance.terminate(), Some(0));
}

/// Hands a request to the simulator, and returns its answer.
fn hand_on(request: &str, address: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("the simulator");
    let request = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    stream.write_all(request.as_bytes()).expect("written");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("read");
    answer
}

#[test]
fn p23_a_certificate_of_its_own_a_proxy_and_a_password_can_be_set() {
    let Some(deployment) = Deployment::open("case-p23") else { return };
    let users = || [("ann".to_owned(), Secret::new("hunter2".to_owned()))].into();
    let mut deployment =
        deployment.with_simulator(|settings| sheaf::mock::control_m::SimulatorSettings { users: users(), ..settings });
    let base = deployment.simulator.base_url();
    let address = base.trim_start_matches("http://").trim_end_matches("/automation-api").to_owned();
    let port = tls_server_with(SELF_SIGNED, move |request| hand_on(request, &address));
    let base = format!("https://localhost:{port}/automation-api");
    let address = [("SHEAF_CONTROL_M__BASE_URL", base.as_str())];
    deployment.control_m = vec!["username: ann".to_owned(), "password: hunter2".to_owned()];

    let mut instance = deployment.start_with("a", &address);
    instance.ready();
    let all = write(&deployment, 3);
    wait_until_suspended(&deployment, &mut instance, "tls", "control_m.ca_bundle");
    assert_eq!(lines(&instance, SUSPENDED), 1, "told once: {}", instance.log_text());
    assert_eq!(instance.terminate(), Some(0));

    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls/self-signed.pem");
    let (proxy, tunnels) = tunnel_to(port);
    deployment.control_m.push(format!("ca_bundle: {}", bundle.display()));
    deployment.control_m.push(format!("proxy: http://127.0.0.1:{proxy}"));
    let mut instance = deployment.start_with("a", &address);
    instance.ready();
    assert_submitted(&deployment, &all, &mut instance);
    let tunnel = tunnels.try_recv().expect("the proxy is used");
    assert!(tunnel.starts_with("CONNECT localhost:"), "{tunnel}");
    assert!(deployment.simulator.dump().calls("POST /session/login") > 0);
}

#[test]
fn p23_a_control_m_that_cannot_run_on_demand_is_told_at_the_start() {
    let Some(deployment) = Deployment::open("case-p23-old") else { return };
    deployment.simulator.inject(Fault::always("POST", ON_DEMAND, Action::respond(404, "")));
    let mut instance = deployment.run("a");
    write(&deployment, 2);
    wait_until_suspended(
        &deployment,
        &mut instance,
        "not_found",
        "cannot run on demand, which takes version 9.0.21.200",
    );
    assert_eq!(lines(&instance, SUSPENDED), 1, "told once: {}", instance.log_text());
    assert_eq!(deployment.alerts(), []);
    assert_eq!(instance.terminate(), Some(0));
}
