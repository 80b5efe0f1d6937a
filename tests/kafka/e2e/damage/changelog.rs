//! Changelogs that do not end, or do not begin, as sheaf left them.

use std::time::Duration;

use sheaf::broker::Producer;
use sheaf::model::{Headers, Key, OutRecord, Topic, TopicPartition};

use super::super::super::scene::LIMIT;
use super::super::bundle::{Bundle, bundles};
use super::super::java::java;
use super::super::process::until;
use super::super::stage::{PARTITIONS, Stage};
use super::halves;

const RESTORED: &str = "sheaf_store_restored_records_total";

/// Deletes every one of these bundles' entries, in a transaction that the caller ends.
fn forget(producer: &mut dyn Producer, changelog: &Topic, bundles: &[Bundle]) {
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
fn policy(stage: &Stage, topic: &Topic, policy: &str) {
    let output = java(
        &[
            "kafka.admin.ConfigCommand",
            "--bootstrap-server",
            &stage.scene.settings.bootstrap_servers,
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

fn delete(stage: &Stage, topic: &Topic) {
    let (mut admin, topic) = (stage.scene.admin(), std::slice::from_ref(topic));
    admin.delete(topic, LIMIT).expect("deleted");
    until("the topic is gone", || admin.describe(topic, LIMIT).expect("described") == [None]);
}

/// An instance that has taken in the parents of these bundles, and has been stopped.
fn begun(stage: &Stage, bundles: &[Bundle]) {
    let mut instance = stage.run("a");
    stage.write_events(&halves(bundles).0);
    stage.kept(&stage.own("bundle-changelog"), bundles);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn changelog_records_of_aborted_and_open_transactions_are_not_restored() {
    let Some(stage) = Stage::open("e2e-open-changelog") else { return };
    let all = bundles(40, &mut fastrand::Rng::with_seed(61));
    begun(&stage, &all);
    let changelog = stage.own("bundle-changelog");
    let mut stranger = stage.scene.producer("stranger", &[]);
    forget(&mut *stranger, &changelog, &all);
    stranger.abort(LIMIT).expect("aborted");
    forget(&mut *stranger, &changelog, &all);
    std::fs::remove_dir_all(stage.state("a")).expect("deleted");

    // What is there of committed records is restored; what comes behind them is waited for.
    let mut instance = stage.start("a");
    until("the committed entries are restored", || {
        assert!(instance.ended().is_none(), "it ended: {}", instance.said());
        instance.metric_if_there(RESTORED, r#"store="bundle""#).is_some_and(|restored| restored >= 40.0)
    });
    std::thread::sleep(Duration::from_secs(2));
    assert!(!instance.is_ready(), "a transaction is open in the changelog");
    stranger.abort(LIMIT).expect("aborted");
    instance.ready();
    stage.write_events(&halves(&all).1);
    stage.delivered(&all);
    stage.exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_truncated_changelog_is_refused_and_republished_from_the_store() {
    let Some(stage) = Stage::open("e2e-cut-off") else { return };
    let all = bundles(40, &mut fastrand::Rng::with_seed(62));
    begun(&stage, &all);
    let changelog = stage.own("bundle-changelog");
    let mut admin = stage.scene.admin();
    let cuts: Vec<_> = (0..PARTITIONS)
        .map(|number| TopicPartition::new(&changelog, number))
        .map(|partition| (partition.clone(), admin.watermarks(&partition, LIMIT).expect("watermarks").1 / 2))
        .filter(|(_, offset)| *offset > 0)
        .collect();
    // Nobody can cut off a compacted topic, but who sets its policy first.
    policy(&stage, &changelog, "delete");
    admin.delete_records(&cuts, LIMIT).expect("cut off");
    policy(&stage, &changelog, "compact");

    // With the store, and without any.
    for state in ["a", "nowhere"] {
        let mut instance = stage.start_in("a", state);
        assert_eq!(instance.exit_code(), Some(1));
        let said = instance.said();
        assert!(said.contains(changelog.as_str()) && said.contains("lost its beginning"), "{said}");
        assert!(said.contains("delete the topic") && said.contains("sheaf state republish"), "{said}");
    }
    delete(&stage, &changelog);
    let mut remedy = stage.command(&["state", "republish", "--all"], "a", "a");
    assert_eq!(remedy.exit_code(), Some(0), "{}", remedy.said());
    let mut instance = stage.run("a");
    stage.write_events(&halves(&all).1);
    stage.delivered(&all);
    stage.exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_new_changelog_and_an_empty_disk_are_not_taken_for_a_first_start() {
    let Some(stage) = Stage::open("e2e-nothing-left") else { return };
    let all = bundles(20, &mut fastrand::Rng::with_seed(63));
    begun(&stage, &all);
    let changelog = stage.own("bundle-changelog");
    delete(&stage, &changelog);
    let mut instance = stage.start_in("a", "elsewhere");
    assert_eq!(instance.exit_code(), Some(1));
    let said = instance.said();
    assert!(said.contains(changelog.as_str()) && said.contains("has committed an offset of its inbox"), "{said}");

    // Who still has the stores writes it anew.
    let mut remedy = stage.command(&["state", "republish", "--all"], "a", "a");
    assert_eq!(remedy.exit_code(), Some(0), "{}", remedy.said());
    let mut instance = stage.start_in("a", "elsewhere");
    instance.ready();
    stage.write_events(&halves(&all).1);
    stage.delivered(&all);
    stage.exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}
