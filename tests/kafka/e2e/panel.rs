//! A real Prometheus that scrapes real instances: each panel of the dashboards has an answer, and each rule is evaluated.

use std::process::Command;

use bytes::Bytes;
use serde_json::Value;

use super::super::cluster::root;
use super::bundle::{bundles, shuffled};
use super::deployment::{Deployment, PARTITIONS};
use super::operator::prometheus::Prometheus;
use super::process::{Process, until};

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
        prometheus.series(query).is_empty()
    };
    queries.iter().filter(is_empty).map(|line| (*line).to_owned()).collect()
}

#[test]
fn no_panel_is_empty_and_no_rule_is_broken() {
    let Some(deployment) = Deployment::open("e2e-prometheus") else { return };
    let mut chance = fastrand::Rng::with_seed(47);
    let all = bundles(40, &mut chance);
    let (first, second, flows) = (deployment.run("a"), deployment.run("b"), flows(&deployment));
    deployment.write_events(&shuffled(&all, 0, &mut chance));
    deployment.wait_for_deliveries(&all);
    let prometheus = Prometheus::start(&deployment.directory, &[&first, &second, &flows].map(Process::address), 2);
    // The connections to the brokers are told each ten seconds.
    until("the connections are measured", || !prometheus.series("sheaf_kafka_broker_round_trip_seconds").is_empty());
    until("each panel has an answer", || empty(&prometheus).is_empty());
    let rules = prometheus.json("/api/v1/rules");
    let groups = rules["data"]["groups"].as_array().expect("groups");
    let broken: Vec<&Value> =
        groups.iter().flat_map(|it| it["rules"].as_array().expect("rules")).filter(|it| it["health"] != "ok").collect();
    assert_eq!(broken, Vec::<&Value>::new());
    assert_eq!(prometheus.wrong(), [], "nothing is wrong");
}
