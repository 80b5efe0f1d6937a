//! A killed instance, and a successor with or without standbys of its tasks.

use super::bundle::{bundles, halves};
use super::deployment::{Deployment, PARTITIONS};
use super::process::{Process, until};

const RESTORED: &str = "sheaf_store_restored_records_total";
const TASKS: &str = "sheaf_tasks";
/// The number of processors of the topology.
const PROCESSORS: f64 = 2.0;

/// The number of partitions of the bundles' inbox that an instance has.
fn has(deployment: &Deployment, instance: &Process) -> f64 {
    instance.metric("sheaf_consumer_assigned_partitions", deployment.own("bundle-inbox").as_str())
}

/// The number of records that the successor restores after a kill, and the number of open bundles; then all are completed and checked.
fn restored_by_the_successor(test: &str, standbys: u32) -> Option<(f64, usize)> {
    let mut deployment = Deployment::open(test)?;
    deployment.settings.push(format!("num_standby_replicas: {standbys}"));
    let all = bundles(200, &mut fastrand::Rng::with_seed(91));
    let (first, second) = (deployment.run("a"), deployment.run("b"));
    let tasks = f64::from(PARTITIONS) * PROCESSORS;
    let sum = |one: &Process, other: &Process, name: &str, labels: &str| {
        one.metric(name, labels) + other.metric(name, labels)
    };
    until("the partitions are shared", || {
        has(&deployment, &first) + has(&deployment, &second) >= f64::from(PARTITIONS)
            && sum(&first, &second, TASKS, r#"kind="active",state="running""#) >= tasks
    });
    if standbys > 0 {
        until("every task has its standby", || {
            sum(&first, &second, TASKS, r#"kind="standby",state="running""#) >= tasks
        });
    }
    let parents: Vec<_> = all.iter().map(|bundle| (true, bundle.parent.clone())).collect();
    deployment.write_events(&parents);
    deployment.wait_for_entries(&deployment.own("bundle-changelog"), &all);
    if standbys > 0 {
        until("the standbys have every bundle", || {
            sum(&first, &second, "sheaf_standby_applied_records_total", r#"store="bundle""#) >= 200.0
        });
    }
    // The instance with more tasks is killed.
    let (mut crashing, mut successor) =
        if has(&deployment, &first) >= has(&deployment, &second) { (first, second) } else { (second, first) };
    let before = successor.metric(RESTORED, r#"store="bundle""#);
    crashing.kill();
    until("the other has taken over", || {
        has(&deployment, &successor) >= f64::from(PARTITIONS)
            && successor.metric(TASKS, r#"kind="active",state="running""#) >= tasks
    });
    let restored = successor.metric(RESTORED, r#"store="bundle""#) - before;
    let (_, children) = halves(&all);
    deployment.write_events(&children);
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(successor.terminate(), Some(0));
    Some((restored, all.len()))
}

#[test]
fn a_successor_with_standbys_restores_only_the_rest_and_one_without_restores_all() {
    let Some((restored, _)) = restored_by_the_successor("e2e-standby", 1) else { return };
    assert!(restored < 0.5, "{restored} records were restored in spite of standbys");
    let Some((restored, bundles)) = restored_by_the_successor("e2e-no-standby", 0) else { return };
    println!("{restored} records were restored without a standby, none with one");
    // The successor's own tasks are not restored.
    assert!(restored >= 0.3 * f64::from(u32::try_from(bundles).expect("few")), "{restored} records were restored");
}
