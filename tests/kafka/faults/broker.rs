//! Restarted and killed brokers, leader elections, killed coordinators, under load.

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use std::time::Duration;

use super::super::e2e::java::java;
use super::super::fixture::{LIMIT, until};
use super::super::verifier::now_ms;
use super::{VerifiedDeployment, cluster};

/// The partitions of both coordinators' topics, as `scripts/kafka` sets them.
const COORDINATORS: i32 = 8;

#[test]
fn broker_restarts_and_leader_elections_lose_and_duplicate_nothing() {
    let Some(cluster) = cluster() else { return };
    let mut verified = VerifiedDeployment::open("faults-restart", &cluster);
    let mut instances = verified.run(&["a", "b"]);
    let load = verified.load();
    verified.wait_for_output();
    for node in 1..=3 {
        let stopped_at_ms = now_ms();
        cluster.stop_node(node);
        println!("broker {node} stopped, recovered in {:?}", verified.wait_for_recovery(stopped_at_ms));
        cluster.start_node(node);
        verified.wait_for_output();
    }
    // After the restarts few brokers have the leaders; now they move without a stop.
    let servers = verified.deployment.fixture.settings.bootstrap_servers.clone();
    let elect = ["--bootstrap-server", &servers, "--election-type", "preferred", "--all-topic-partitions"];
    until("the leaders have moved", || {
        let output = java(&[&["org.apache.kafka.tools.LeaderElectionCommand"], elect.as_slice()].concat(), "");
        let log_text = String::from_utf8_lossy(&output.stdout).into_owned();
        log_text.contains("Successfully completed leader election")
    });
    println!("leaders moved, recovered in {:?}", verified.wait_for_output());
    verified.complete(load);
    for instance in &mut instances {
        assert_eq!(instance.terminate(), Some(0), "{}", instance.log_text());
    }
}

#[test]
fn killed_coordinators_lose_and_duplicate_nothing() {
    let Some(cluster) = cluster() else { return };
    let mut verified = VerifiedDeployment::open("faults-coordinator", &cluster);
    let mut instances = verified.run(&["a", "b"]);
    let load = verified.load();
    verified.wait_for_output();
    let group = verified.deployment.application();
    let transactional_id = format!("{group}-0/a");
    for (topic, name) in [("__consumer_offsets", &group), ("__transaction_state", &transactional_id)] {
        let node = coordinator(&verified.deployment.fixture.settings.bootstrap_servers, topic, name);
        let killed_at_ms = now_ms();
        cluster.kill_node(node);
        println!(
            "broker {node}, {topic} of {name}, killed: recovered in {:?}",
            verified.wait_for_recovery(killed_at_ms)
        );
        cluster.start_node(node);
        verified.wait_for_output();
    }
    verified.complete(load);
    for instance in &mut instances {
        assert_eq!(instance.terminate(), Some(0), "{}", instance.log_text());
    }
}

#[test]
fn a_topic_that_not_every_broker_knows_yet_is_described_as_requested() {
    let Some(cluster) = cluster() else { return };
    let verified = VerifiedDeployment::open("faults-describe", &cluster);
    // Each client sends its requests to another broker.
    let mut admins: Vec<_> = (0..3).map(|_| verified.deployment.fixture.admin()).collect();
    for round in 0..20 {
        let topic = verified.deployment.topic(&format!("t{round}"));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                verified.deployment.fixture.topic_with(&format!("t{round}"), 1, &[("cleanup.policy", "compact")])
            });
            for admin in &mut admins {
                until("it is there", || {
                    let found = admin.describe(std::slice::from_ref(&topic), LIMIT).expect("described").remove(0);
                    let policy = found.as_ref().map(|found| found.config.get("cleanup.policy").map(String::as_str));
                    assert!(matches!(policy, None | Some(Some("compact"))), "round {round}: {found:?}");
                    found.is_some()
                });
            }
        });
    }
}

/// The broker that is the coordinator of a name: the leader of its partition.
fn coordinator(bootstrap_servers: &str, topic: &str, name: &str) -> u32 {
    let partition = (java_hash(name) & i32::MAX) % COORDINATORS;
    let client: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", bootstrap_servers).create().expect("a client");
    let metadata = client.fetch_metadata(Some(topic), Duration::from_secs(30)).expect("metadata");
    let topic = metadata.topics().first().expect("the topic");
    assert_eq!(i32::try_from(topic.partitions().len()), Ok(COORDINATORS), "what scripts/kafka sets");
    let found = topic.partitions().iter().find(|found| found.id() == partition).expect("the partition");
    u32::try_from(found.leader()).expect("it has a leader")
}

/// `String.hashCode`.
fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

#[test]
fn the_hash_is_javas() {
    assert_eq!(java_hash("sheaf"), 109_403_349);
}
