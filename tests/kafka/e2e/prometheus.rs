//! A real Prometheus that scrapes real instances: each panel of the dashboards has an answer, and the right alert fires and clears.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use serde_json::Value;
use sheaf::mock::control_m::{Action, Fault};

use super::super::cluster::root;
use super::super::fixture::LIMIT;
use super::bundle::{bundles, shuffled};
use super::deployment::{Deployment, PARTITIONS};
use super::process::{Process, until};

/// A Prometheus; it is killed with the test.
struct Prometheus {
    child: Child,
    address: String,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended.
        let (Ok(()) | Err(_)) = self.child.kill();
        let (Ok(_) | Err(_)) = self.child.wait();
    }
}

impl Prometheus {
    /// Scrapes these instances each second. The rules are those of `ops/prometheus`, whose alerts wait for nothing (`for`).
    fn start(directory: &Path, instances: &[&Process]) -> Self {
        let targets: Vec<String> = instances.iter().map(|instance| format!("\"{}\"", instance.address())).collect();
        let rules = std::fs::read_to_string(root().join("ops/prometheus/rules/sheaf.yaml")).expect("the rules");
        let at_once = |line: &str| !line.trim_start().starts_with("for: ");
        let rules: Vec<&str> = rules.lines().filter(|line| at_once(line)).collect();
        std::fs::write(directory.join("rules.yaml"), rules.join("\n") + "\n").expect("written");
        let content = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [rules.yaml]\nscrape_configs:\n  - job_name: sheaf\n    \
             static_configs: [{{ targets: [{}] }}]\n",
            targets.join(", ")
        );
        std::fs::write(directory.join("prometheus.yml"), content).expect("written");
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();
        let address = format!("127.0.0.1:{port}");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", directory.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", directory.join("tsdb").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Debian's package prometheus: scripts/setup --with-prometheus installs it");
        let started = Self { child, address };
        until("Prometheus answers", || started.get("/-/ready").is_some());
        started
    }

    /// The body of an answer; `None` without one.
    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(LIMIT)).expect("a time-out");
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        head.contains(" 200 ").then(|| body.to_owned())
    }

    fn json(&self, path: &str) -> Value {
        let body = self.get(path).unwrap_or_else(|| panic!("no answer to {path}"));
        serde_json::from_str(&body).expect("JSON")
    }

    /// The number of series in the answer to a query.
    fn series(&self, query: &str) -> usize {
        let encoded = query.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
        let answer = self.json(&format!("/api/v1/query?query={encoded}"));
        assert_eq!(answer["status"], "success", "{query}");
        answer["data"]["result"].as_array().expect("a vector").len()
    }

    /// The names of the alerts that fire.
    fn firing(&self) -> BTreeSet<String> {
        let answer = self.json("/api/v1/alerts");
        let alerts = answer["data"]["alerts"].as_array().expect("alerts").iter();
        alerts
            .filter(|it| it["state"] == "firing")
            .map(|it| it["labels"]["alertname"].as_str().expect("a name").to_owned())
            .collect()
    }

    fn fires(&self, alert: &str) {
        until(&format!("{alert} fires"), || self.firing().contains(alert));
    }

    fn clears(&self, alert: &str) {
        until(&format!("{alert} clears"), || !self.firing().contains(alert));
    }
}

/// An application with flows, of the example `examples/food`.
fn flows(deployment: &Deployment) -> Process {
    for topic in ["events", "accept-order"] {
        deployment.fixture.topic(topic, PARTITIONS);
    }
    let template = std::fs::read_to_string(root().join("examples/food/noodles.json")).expect("the example");
    std::fs::write(deployment.directory.join("noodles.json"), template).expect("written");
    let events = deployment.topic("events");
    let content =
        format!("name: food\nflow:\n  templates: [noodles.json]\n  reads: [{{ topic: {events}, start: earliest }}]\n");
    let path = deployment.directory.join("food.yaml");
    std::fs::write(
        &path,
        content.replace("noodles.json", &deployment.directory.join("noodles.json").display().to_string()),
    )
    .expect("written");
    let (topologies, application) =
        (format!("topologies={}", path.display()), format!("application_id={}-food", deployment.application()));
    let mut instance = deployment.command(&["run", "--set", &topologies, "--set", &application], "f", "f");
    instance.ready();
    let start = r#"{"event_name":"StartWorkflow","business_ref_no":"o-1","component_name":"NOODLES"}"#;
    deployment.write([(&events, Bytes::from(start))]);
    instance
}

/// The panels without an answer.
fn empty(prometheus: &Prometheus) -> Vec<String> {
    let output = Command::new(root().join("scripts/dashboards")).arg("--queries").output().expect("the expressions");
    let text = String::from_utf8(output.stdout).expect("text");
    let queries: Vec<&str> = text.lines().collect();
    assert!(queries.len() > 100, "{}", queries.len());
    let is_empty = |line: &&&str| {
        let query = line.splitn(3, '\t').nth(2).expect("an expression");
        prometheus.series(query) == 0
    };
    queries.iter().filter(is_empty).map(|line| (*line).to_owned()).collect()
}

#[test]
fn no_panel_is_empty_and_the_right_alert_fires_and_clears() {
    let Some(deployment) = Deployment::open("e2e-prometheus") else { return };
    let mut chance = fastrand::Rng::with_seed(47);
    let all = bundles(40, &mut chance);
    let (first, second, flows) = (deployment.run("a"), deployment.run("b"), flows(&deployment));
    deployment.write_events(&shuffled(&all, 0, &mut chance));
    deployment.wait_for_deliveries(&all);
    let prometheus = Prometheus::start(&deployment.directory, &[&first, &second, &flows]);
    // The connections to the brokers are told each ten seconds.
    until("the connections are measured", || prometheus.series("sheaf_kafka_broker_round_trip_seconds") > 0);
    until("each panel has an answer", || empty(&prometheus).is_empty());
    let rules = prometheus.json("/api/v1/rules");
    let groups = rules["data"]["groups"].as_array().expect("groups");
    let broken: Vec<&Value> =
        groups.iter().flat_map(|it| it["rules"].as_array().expect("rules")).filter(|it| it["health"] != "ok").collect();
    assert_eq!(broken, Vec::<&Value>::new());
    let quiet = prometheus.firing();
    assert!(quiet.is_subset(&["SheafInstanceFlapping".to_owned()].into()), "nothing is wrong: {quiet:?}");

    // Control-M refuses everybody.
    deployment.simulator.inject(Fault::always("POST", "/run/ondemand", Action::respond(401, "{}")));
    let more = bundles(5, &mut chance);
    deployment.write_events(&shuffled(&more, 0, &mut chance));
    prometheus.fires("SheafSinkSuspended");
    deployment.simulator.heal();
    deployment.wait_for_deliveries(&[all, more].concat());
    prometheus.clears("SheafSinkSuspended");

    // A poison record.
    deployment.write([(&deployment.topic("parents"), Bytes::from("poison"))]);
    prometheus.fires("SheafDeadLetters");

    // An instance is killed, and starts again.
    let mut second = second;
    second.kill();
    prometheus.fires("SheafInstanceDown");
    prometheus.fires("SheafTasksWithoutOwner");
    drop(second);
    prometheus.clears("SheafTasksWithoutOwner");
}
