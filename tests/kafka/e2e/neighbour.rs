//! Beside other applications: a cluster with an authorizer and the list of rights in docs/operations.md; smaller records;
//! brokers without coordinators;
//! sources that are created anew.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use sheaf::broker::NewTopic;
use sheaf::model::Topic;

use super::super::cluster::{KafkaCluster, is_skipped, shared};
use super::bundle::{bundles, shuffled};
use super::deployment::{Deployment, PARTITIONS};
use super::java::java;
use super::process::{LIMIT, Process, until};

/// The listener with a login; the other one is the superuser's.
struct Secured {
    deployment: Deployment,
    address: String,
    /// Dropped last.
    _cluster: KafkaCluster,
}

impl Secured {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        let listeners = format!("PLAINTEXT://127.0.0.1:{{port}},SASL://127.0.0.1:{port}");
        let login = "org.apache.kafka.common.security.plain.PlainLoginModule required user_sheaf=\"secret\";";
        let cluster = KafkaCluster::start_with(&[
            &format!("listeners={listeners},CONTROLLER://127.0.0.1:{{controller}}"),
            &format!("advertised.listeners={listeners}"),
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT",
            "sasl.enabled.mechanisms=PLAIN",
            &format!("listener.name.sasl.plain.sasl.jaas.config={login}"),
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users=User:ANONYMOUS",
        ]);
        let mut deployment = Deployment::at("e2e-rights", cluster.bootstrap_servers());
        deployment.submissions = None;
        deployment.create_sources();
        Self { deployment, address: format!("127.0.0.1:{port}"), _cluster: cluster }
    }

    fn start_as(&self, password: &str) -> Process {
        self.deployment.start_with(
            "a",
            &[
                ("SHEAF_KAFKA__BOOTSTRAP_SERVERS", &self.address),
                ("SHEAF_KAFKA__PROPERTIES__SECURITY_PROTOCOL", "SASL_PLAINTEXT"),
                ("SHEAF_KAFKA__PROPERTIES__SASL_MECHANISM", "PLAIN"),
                ("SHEAF_KAFKA__PROPERTIES__SASL_USERNAME", "sheaf"),
                ("SHEAF_KAFKA__PROPERTIES__SASL_PASSWORD", password),
            ],
        )
    }

    /// Starts an instance that stops with exit code 1, and returns its log.
    fn refused(&self, password: &str) -> String {
        let mut process = self.start_as(password);
        assert_eq!(process.exit_code(), Some(1), "{}", process.log_text());
        process.log_text()
    }

    /// Runs a command of docs/operations.md for this deployment's names.
    fn allow(&self, command: &str) {
        let command = command
            .replace("HOST:9092", &self.deployment.fixture.settings.bootstrap_servers)
            .replace("ctm-parent-events", self.deployment.topic("parents").as_str())
            .replace("ctm-children-events", self.deployment.topic("children").as_str())
            .replace("ctm", &self.deployment.application());
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let output = java(&[&["org.apache.kafka.tools.AclCommand"], &words[..]].concat(), "");
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_documented_rights_are_enough_and_a_missing_one_is_named() {
    if is_skipped() {
        return;
    }
    let secured = Secured::start();
    let page = include_str!("../../../docs/operations.md");
    let commands: Vec<&str> = page.lines().filter(|line| line.starts_with("kafka-acls ")).collect();
    let [sources, topics, transactions, group] = commands[..] else { panic!("{commands:?}") };
    let application = secured.deployment.application();

    let login = secured.refused("wrong");
    assert!(login.contains("failed permanently") && login.contains("Authentication failed"), "{login}");
    let none = secured.refused("secret");
    let lacks = |right: &str| format!("the principal of this client (User:sheaf) lacks the right {right}");
    assert!(none.contains(&lacks(&format!("DESCRIBE on topic {application}-"))), "{none}");
    secured.allow(sources);
    secured.allow(topics);
    let none = secured.refused("secret");
    assert!(none.contains(&lacks(&format!("WRITE on transactional id {application}-0/a"))), "{none}");
    secured.allow(transactions);
    let none = secured.refused("secret");
    assert!(none.contains(&lacks(&format!("READ on group {application}"))), "{none}");
    secured.allow(group);

    let mut instance = secured.start_as("secret");
    instance.ready();
    let mut chance = fastrand::Rng::with_seed(16);
    let all = bundles(20, &mut chance);
    secured.deployment.write_events(&shuffled(&all, 0, &mut chance));
    secured.deployment.wait_for_deliveries(&all);
    assert!(instance.log_text().contains("without the right DESCRIBE_CONFIGS"), "{}", instance.log_text());
    assert_eq!(instance.terminate(), Some(0));
}

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
