//! A restore that takes long, and what goes on meanwhile.

use sheaf::codec::partitioner;

use super::bundle::{Bundle, Event, bundles};
use super::process::{Process, until};
use super::stage::{PARTITIONS, Stage};

/// `max.poll.interval.ms`, of which the restore takes more than twice as much.
const POLL_INTERVAL_MS: &str = "10000";
/// How many records a second are restored.
const RATE: u32 = 60;
/// How long the restore takes at that rate, about.
const SECONDS: u32 = 26;

fn remaining(instance: &Process) -> f64 {
    instance.metric("sheaf_store_restore_remaining_records", r#"store="bundle""#)
}

fn parents(bundles: &[Bundle]) -> Vec<Event> {
    bundles.iter().map(|bundle| (true, bundle.parent.clone())).collect()
}

fn children(bundles: &[Bundle]) -> Vec<Event> {
    bundles.iter().flat_map(Bundle::events).filter(|(is_parent, _)| !is_parent).collect()
}

#[test]
fn a_long_restore_causes_no_rebalance_and_other_tasks_continue() {
    let Some(mut stage) = Stage::open("e2e-restore") else { return };
    stage.properties.insert("max.poll.interval.ms", POLL_INTERVAL_MS);
    let is_lost = |bundle: &Bundle| partitioner(bundle.id.as_bytes(), PARTITIONS) < 2;
    let mut chance = fastrand::Rng::with_seed(92);
    // Twice as many as are restored, because half of them lie in the partitions whose stores stay.
    let open = bundles((2 * RATE * SECONDS).try_into().expect("few"), &mut chance);
    let (there, others): (Vec<_>, Vec<_>) = bundles(240, &mut chance).into_iter().partition(is_lost);
    let mut instance = stage.run("a");
    stage.write_events(&parents(&open));
    stage.kept(&stage.own("bundle-changelog"), &open);
    assert_eq!(instance.terminate(), Some(0));
    for task in ["bundle-0", "bundle-1"] {
        std::fs::remove_dir_all(stage.state("a").join(task)).expect("deleted");
    }

    stage.settings.push(format!("restore: {{ records_per_second_max: {RATE} }}"));
    let mut instance = stage.start("a");
    until("the restore has begun", || {
        instance.said().contains(r#""address":""#) && remaining(&instance) > f64::from(RATE * (SECONDS - 10))
    });
    let (lost, rebalances) = (r#"kind="lost""#, "sheaf_consumer_rebalances_total");
    // The other tasks do all that comes for them while those two are away, part by part until the restore is over.
    let mut rounds = 0;
    let mut done = 0;
    for part in others.chunks(others.len() / 6 + 1) {
        stage.write_events(&parents(part));
        stage.write_events(&children(part));
        done += part.len();
        until("the other tasks deliver", || stage.folders() >= done);
        rounds += usize::from(remaining(&instance) > 0.0);
    }
    println!("{rounds} of 6 parts were delivered, {} records remained to be restored", remaining(&instance));
    assert_eq!(rounds, 6, "all parts were delivered during the restore");
    instance.ready();
    assert!(remaining(&instance) < 0.5);
    assert!(instance.metric(rebalances, lost) < 0.5, "a partition was lost: {}", instance.said());
    assert!(instance.metric(rebalances, r#"kind="revoke""#) < 0.5, "a partition was revoked: {}", instance.said());
    let restored = instance.metric("sheaf_store_restored_records_total", r#"store="bundle""#);
    assert!(restored >= f64::from(RATE * SECONDS) * 0.8, "{restored} records were restored");

    // And what was restored is what it was.
    stage.write_events(&parents(&there));
    stage.write_events(&children(&there));
    let some: Vec<Bundle> = open.into_iter().filter(is_lost).take(100).collect();
    stage.write_events(&children(&some));
    let all: Vec<Bundle> = others.into_iter().chain(there).chain(some).collect();
    stage.delivered(&all);
    stage.exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}
