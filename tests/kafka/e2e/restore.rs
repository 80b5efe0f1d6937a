//! A long restore, and processing meanwhile.

use sheaf::codec::partitioner;

use super::bundle::{Bundle, bundles, halves};
use super::deployment::{Deployment, PARTITIONS};
use super::process::{Process, until};

/// `max.poll.interval.ms`; the restore takes more than twice as long.
const POLL_INTERVAL_MS: &str = "10000";
/// The limit of restored records per second.
const RATE: u32 = 60;
/// The approximate time of the restore at that rate.
const SECONDS: u32 = 26;

fn remaining(instance: &Process) -> f64 {
    instance.metric("sheaf_store_restore_remaining_records", r#"store="bundle""#)
}

#[test]
fn a_long_restore_causes_no_rebalance_and_other_tasks_continue() {
    let Some(mut deployment) = Deployment::open("e2e-restore") else { return };
    deployment.properties.insert("max.poll.interval.ms", POLL_INTERVAL_MS);
    let is_lost = |bundle: &Bundle| partitioner(bundle.id.as_bytes(), PARTITIONS) < 2;
    let mut chance = fastrand::Rng::with_seed(92);
    // Twice as many as are restored, because half of them are in partitions whose stores stay.
    let open = bundles((2 * RATE * SECONDS).try_into().expect("few"), &mut chance);
    let (there, others): (Vec<_>, Vec<_>) = bundles(240, &mut chance).into_iter().partition(is_lost);
    let mut instance = deployment.run("a");
    deployment.write_events(&halves(&open).0);
    deployment.wait_for_entries(&deployment.own("bundle-changelog"), &open);
    assert_eq!(instance.terminate(), Some(0));
    for task in ["bundle-0", "bundle-1"] {
        std::fs::remove_dir_all(deployment.state("a").join(task)).expect("deleted");
    }

    deployment.settings.push(format!("restore: {{ records_per_second_max: {RATE} }}"));
    let mut instance = deployment.start("a");
    until("the restore has begun", || {
        instance.log_text().contains(r#""address":""#) && remaining(&instance) > f64::from(RATE * (SECONDS - 10))
    });
    let (lost, rebalances) = (r#"kind="lost""#, "sheaf_consumer_rebalances_total");
    // The other tasks process their events during the restore, part by part.
    let mut rounds = 0;
    let mut done = 0;
    for part in others.chunks(others.len() / 6 + 1) {
        deployment.write_events(&halves(part).0);
        deployment.write_events(&halves(part).1);
        done += part.len();
        until("the other tasks deliver", || deployment.folders() >= done);
        rounds += usize::from(remaining(&instance) > 0.0);
    }
    println!("{rounds} of 6 parts were delivered, {} records remained to be restored", remaining(&instance));
    assert_eq!(rounds, 6, "all parts were delivered during the restore");
    instance.ready();
    assert!(remaining(&instance) < 0.5);
    assert!(instance.metric(rebalances, lost) < 0.5, "a partition was lost: {}", instance.log_text());
    assert!(instance.metric(rebalances, r#"kind="revoke""#) < 0.5, "a partition was revoked: {}", instance.log_text());
    let restored = instance.metric("sheaf_store_restored_records_total", r#"store="bundle""#);
    assert!(restored >= f64::from(RATE * SECONDS) * 0.8, "{restored} records were restored");

    // The restored state is complete.
    deployment.write_events(&halves(&there).0);
    deployment.write_events(&halves(&there).1);
    let some: Vec<Bundle> = open.into_iter().filter(is_lost).take(100).collect();
    deployment.write_events(&halves(&some).1);
    let all: Vec<Bundle> = others.into_iter().chain(there).chain(some).collect();
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}
