//! Changelogs with foreign transactions at their ends, truncated ones, and new ones.

use std::time::Duration;

use sheaf::broker::Producer;
use sheaf::model::{Headers, Key, OutRecord, Topic, TopicPartition};

use super::super::super::fixture::LIMIT;
use super::super::bundle::{Bundle, bundles, halves};
use super::super::deployment::{Deployment, PARTITIONS};
use super::super::java::java;
use super::super::process::until;

const RESTORED: &str = "sheaf_store_restored_records_total";

/// Deletes the entries of these bundles, in a transaction that the caller ends.
fn delete_entries(producer: &mut dyn Producer, changelog: &Topic, bundles: &[Bundle]) {
    producer.begin().expect("begun");
    for bundle in bundles {
        let key = Some(Key::new(&bundle.id));
        let record = OutRecord {
            topic: changelog.clone(),
            partition: None,
            key,
            value: None,
            headers: Headers::new(),
            timestamp: None,
        };
        producer.produce(&record).expect("produced");
    }
    producer.drain(LIMIT).expect("drained");
}

/// Sets `cleanup.policy` with Kafka's own tool.
fn policy(deployment: &Deployment, topic: &Topic, policy: &str) {
    let output = java(
        &[
            "kafka.admin.ConfigCommand",
            "--bootstrap-server",
            &deployment.fixture.settings.bootstrap_servers,
            "--alter",
            "--entity-type",
            "topics",
            "--entity-name",
            topic.as_str(),
            "--add-config",
            &format!("cleanup.policy={policy}"),
        ],
        "",
    );
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn delete(deployment: &Deployment, topic: &Topic) {
    let (mut admin, topic) = (deployment.fixture.admin(), std::slice::from_ref(topic));
    admin.delete(topic, LIMIT).expect("deleted");
    until("the topic is gone", || admin.describe(topic, LIMIT).expect("described") == [None]);
}

/// Runs an instance on the parents of these bundles, and stops it.
fn begun(deployment: &Deployment, bundles: &[Bundle]) {
    let mut instance = deployment.run("a");
    deployment.write_events(&halves(bundles).0);
    deployment.wait_for_entries(&deployment.own("bundle-changelog"), bundles);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn changelog_records_of_aborted_and_open_transactions_are_not_restored() {
    let Some(deployment) = Deployment::open("e2e-open-changelog") else { return };
    let all = bundles(40, &mut fastrand::Rng::with_seed(61));
    begun(&deployment, &all);
    let changelog = deployment.own("bundle-changelog");
    let mut other = deployment.fixture.producer("other", &[]);
    delete_entries(&mut *other, &changelog, &all);
    other.abort(LIMIT).expect("aborted");
    delete_entries(&mut *other, &changelog, &all);
    std::fs::remove_dir_all(deployment.state("a")).expect("deleted");

    // Committed records are restored; the end of the open transaction is waited for.
    let mut instance = deployment.start("a");
    until("the committed entries are restored", || {
        assert!(instance.ended().is_none(), "it ended: {}", instance.log_text());
        instance.try_metric(RESTORED, r#"store="bundle""#).is_some_and(|restored| restored >= 40.0)
    });
    std::thread::sleep(Duration::from_secs(2));
    assert!(!instance.is_ready(), "it must not be ready while a transaction is open in the changelog");
    other.abort(LIMIT).expect("aborted");
    instance.ready();
    deployment.write_events(&halves(&all).1);
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_truncated_changelog_is_refused_and_republished_from_the_store() {
    let Some(deployment) = Deployment::open("e2e-cut-off") else { return };
    let all = bundles(40, &mut fastrand::Rng::with_seed(62));
    begun(&deployment, &all);
    let changelog = deployment.own("bundle-changelog");
    let mut admin = deployment.fixture.admin();
    let cuts: Vec<_> = (0..PARTITIONS)
        .map(|number| TopicPartition::new(&changelog, number))
        .map(|partition| (partition.clone(), admin.watermarks(&partition, LIMIT).expect("watermarks").1 / 2))
        .filter(|(_, offset)| *offset > 0)
        .collect();
    // A compacted topic can be truncated only after its policy was changed.
    policy(&deployment, &changelog, "delete");
    admin.delete_records(&cuts, LIMIT).expect("truncated");
    policy(&deployment, &changelog, "compact");

    // With and without the store.
    for state in ["a", "nowhere"] {
        let mut instance = deployment.start_in("a", state);
        assert_eq!(instance.exit_code(), Some(1));
        let log_text = instance.log_text();
        assert!(log_text.contains(changelog.as_str()) && log_text.contains("lost its beginning"), "{log_text}");
        assert!(log_text.contains("delete the topic") && log_text.contains("sheaf state republish"), "{log_text}");
    }
    delete(&deployment, &changelog);
    let mut remedy = deployment.command(&["state", "republish", "--all"], "a", "a");
    assert_eq!(remedy.exit_code(), Some(0), "{}", remedy.log_text());
    let mut instance = deployment.run("a");
    deployment.write_events(&halves(&all).1);
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_new_changelog_and_an_empty_disk_are_not_taken_for_a_first_start() {
    let Some(deployment) = Deployment::open("e2e-nothing-left") else { return };
    let all = bundles(20, &mut fastrand::Rng::with_seed(63));
    begun(&deployment, &all);
    let changelog = deployment.own("bundle-changelog");
    delete(&deployment, &changelog);
    let mut instance = deployment.start_in("a", "elsewhere");
    assert_eq!(instance.exit_code(), Some(1));
    let log_text = instance.log_text();
    assert!(
        log_text.contains(changelog.as_str()) && log_text.contains("has committed an offset of its inbox"),
        "{log_text}"
    );

    // The instance that still has the stores republishes it.
    let mut remedy = deployment.command(&["state", "republish", "--all"], "a", "a");
    assert_eq!(remedy.exit_code(), Some(0), "{}", remedy.log_text());
    let mut instance = deployment.start_in("a", "elsewhere");
    instance.ready();
    deployment.write_events(&halves(&all).1);
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}
