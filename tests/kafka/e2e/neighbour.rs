//! Beside other applications: smaller records; brokers without coordinators; sources that are created anew.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use sheaf::broker::NewTopic;
use sheaf::model::Topic;

use super::super::cluster::{KafkaCluster, is_skipped, shared};
use super::bundle::{bundles, shuffled};
use super::deployment::{Deployment, PARTITIONS};
use super::process::{LIMIT, until};

#[test]
fn topics_of_a_cluster_that_allows_records_of_8_mib_are_used_as_they_are() {
    let Some(deployment) = Deployment::open("e2e-8-mib") else { return };
    let create = |what: &str, partitions, policy| {
        let config = [("max.message.bytes", "8388608"), ("cleanup.policy", policy)];
        deployment.fixture.topic_with(&format!("app-{what}"), partitions, &config);
    };
    for what in ["alerts", "dead-letters", "outcomes", "bundle-inbox", "delivery-inbox"] {
        create(what, PARTITIONS, "delete");
    }
    for what in ["bundle-changelog", "delivery-changelog"] {
        create(what, PARTITIONS, "compact");
    }
    create("instances", 1, "compact");
    let mut instance = deployment.run("a");
    let mut chance = fastrand::Rng::with_seed(7);
    let all = bundles(20, &mut chance);
    deployment.write_events(&shuffled(&all, 0, &mut chance));
    deployment.wait_for_deliveries(&all);
    let log = instance.log_text();
    let warnings: Vec<&str> =
        log.lines().filter(|line| line.contains("allow smaller records than max_record_bytes")).collect();
    let application = deployment.application();
    assert!(
        warnings.len() == 1 && warnings.concat().contains(&format!("{application}-alerts 8388608, ")),
        "{warnings:?}"
    );
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_broker_whose_advertised_name_does_not_resolve_is_named() {
    if is_skipped() {
        return;
    }
    let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
    let listeners = format!("PLAINTEXT://127.0.0.1:{{port}},OTHER://127.0.0.1:{port}");
    let cluster = KafkaCluster::start_with(&[
        &format!("listeners={listeners},CONTROLLER://127.0.0.1:{{controller}}"),
        &format!("advertised.listeners=PLAINTEXT://127.0.0.1:{{port}},OTHER://broker.invalid:{port}"),
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,OTHER:PLAINTEXT",
    ]);
    let deployment = Deployment::at("e2e-name", cluster.bootstrap_servers());
    let mut instance = deployment.start_with("a", &[("SHEAF_KAFKA__BOOTSTRAP_SERVERS", &format!("127.0.0.1:{port}"))]);
    let started = Instant::now();
    instance.wait_for_log("Failed to resolve 'broker.invalid");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert!(!instance.is_ready());
}

/// Starts an instance on a single broker with this setting and waits until it names it.
fn assert_named(setting: &str, problem: &str) {
    if is_skipped() {
        return;
    }
    let cluster = KafkaCluster::start_with(&[&format!("{setting}=3")]);
    let deployment = Deployment::at("e2e-coordinator", cluster.bootstrap_servers());
    let mut instance = deployment.start("a");
    let started = Instant::now();
    instance.wait_for_log(problem);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    until("/readyz has the reason", || {
        instance.http_get("/readyz").is_some_and(|(status, body)| status == 503 && body.contains(setting))
    });
}

#[test]
fn a_single_broker_with_three_replicas_for_transactions_is_named() {
    assert_named("transaction.state.log.replication.factor", "transactions do not work");
}

#[test]
fn a_single_broker_with_three_replicas_for_groups_is_named() {
    assert_named("offsets.topic.replication.factor", "consumer groups do not work");
}

impl Deployment {
    /// Deletes a topic and creates it anew, with one partition.
    pub(crate) fn recreate(&self, topic: &Topic) {
        self.fixture.admin().delete(std::slice::from_ref(topic), LIMIT).expect("deleted");
        until("the topic is created anew", || {
            let new = NewTopic { topic: topic.clone(), partitions: 1, replication: None, config: [].into() };
            self.fixture.admin().create(&[new], LIMIT).is_ok()
        });
    }
}

/// Deletes a source that is read, creates it anew, and writes this number of bundles for each ten of the former topic.
fn assert_recreated(test: &str, tenths: usize) {
    let Some(shared) = shared() else { return };
    let deployment = Deployment::at(test, shared);
    deployment.fixture.topic("parents", 1);
    deployment.fixture.topic("children", 1);
    let mut chance = fastrand::Rng::with_seed(27);
    let all = bundles(20 + 2 * tenths, &mut chance);
    let (one, two) = all.split_at(20);
    let mut instance = deployment.run("a");
    deployment.write_events(&shuffled(one, 0, &mut chance));
    deployment.wait_for_deliveries(one);
    // The positions are stored with a heartbeat.
    std::thread::sleep(Duration::from_secs(12));
    let source = deployment.topic("parents");
    deployment.recreate(&source);
    deployment.write_events(&shuffled(two, 0, &mut chance));
    assert_eq!(instance.exit_code(), Some(1), "{}", instance.log_text());
    let log = instance.log_text();
    assert!(log.contains(&format!("topic {source} was deleted and created anew while")), "{log}");
    assert!(log.contains("--reset-offsets --to-earliest --execute"), "{log}");
}

#[test]
fn a_source_that_is_created_anew_with_fewer_records_is_named() {
    assert_recreated("e2e-anew-fewer", 5);
}

#[test]
fn a_source_that_is_created_anew_with_more_records_is_named() {
    assert_recreated("e2e-anew-more", 20);
}
