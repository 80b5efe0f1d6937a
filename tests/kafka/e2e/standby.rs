//! An instance that dies, and one that has its state already.

use super::bundle::{Bundle, bundles};
use super::process::{Process, until};
use super::stage::{PARTITIONS, Stage};

const RESTORED: &str = "sheaf_store_restored_records_total";
const TASKS: &str = "sheaf_tasks";
/// How many processors the topology has.
const PROCESSORS: f64 = 2.0;

/// How many partitions of the bundles' inbox an instance has.
fn has(stage: &Stage, instance: &Process) -> f64 {
    instance.metric("sheaf_consumer_assigned_partitions", stage.own("bundle-inbox").as_str())
}

/// How many records the survivor of two restores after a kill; then all bundles are completed and judged.
fn restored_by_the_successor(test: &str, standbys: u32) -> Option<(f64, usize)> {
    let mut stage = Stage::open(test)?;
    stage.settings.push(format!("num_standby_replicas: {standbys}"));
    let all = bundles(200, &mut fastrand::Rng::with_seed(91));
    let (first, second) = (stage.run("a"), stage.run("b"));
    let tasks = f64::from(PARTITIONS) * PROCESSORS;
    let sum = |one: &Process, other: &Process, name: &str, labels: &str| {
        one.metric(name, labels) + other.metric(name, labels)
    };
    until("the partitions are shared", || {
        has(&stage, &first) + has(&stage, &second) >= f64::from(PARTITIONS)
            && sum(&first, &second, TASKS, r#"kind="active",state="running""#) >= tasks
    });
    if standbys > 0 {
        until("every task has its standby", || {
            sum(&first, &second, TASKS, r#"kind="standby",state="running""#) >= tasks
        });
    }
    let parents: Vec<_> = all.iter().map(|bundle| (true, bundle.parent.clone())).collect();
    stage.write_events(&parents);
    stage.kept(&stage.own("bundle-changelog"), &all);
    if standbys > 0 {
        until("the standbys have every bundle", || {
            sum(&first, &second, "sheaf_standby_applied_records_total", r#"store="bundle""#) >= 200.0
        });
    }
    // The one that owns more has more to leave behind.
    let (mut doomed, mut heir) =
        if has(&stage, &first) >= has(&stage, &second) { (first, second) } else { (second, first) };
    let before = heir.metric(RESTORED, r#"store="bundle""#);
    doomed.kill();
    until("the other has taken over", || {
        has(&stage, &heir) >= f64::from(PARTITIONS) && heir.metric(TASKS, r#"kind="active",state="running""#) >= tasks
    });
    let restored = heir.metric(RESTORED, r#"store="bundle""#) - before;
    let children: Vec<_> = all.iter().flat_map(Bundle::events).filter(|(is_parent, _)| !is_parent).collect();
    stage.write_events(&children);
    stage.delivered(&all);
    stage.exactly(&all);
    assert_eq!(heir.terminate(), Some(0));
    Some((restored, all.len()))
}

#[test]
fn a_successor_with_standbys_restores_only_the_rest_and_one_without_restores_all() {
    let Some((restored, _)) = restored_by_the_successor("e2e-standby", 1) else { return };
    assert!(restored < 0.5, "{restored} records were restored although they were there");
    let Some((restored, bundles)) = restored_by_the_successor("e2e-no-standby", 0) else { return };
    println!("{restored} records were restored without a standby, none with one");
    // What the heir owned before the kill it had before.
    assert!(restored >= 0.3 * f64::from(u32::try_from(bundles).expect("few")), "{restored} records were restored");
}
