//! How an instance ends: by a signal, by a second one, by another process of the same name.

use rustix::process::Signal;
use sheaf::broker::{ConsumerSpec, Waker};

use super::super::cluster::{KafkaCluster, left_out};
use super::bundle::{bundles, shuffled};
use super::process::until;
use super::stage::Stage;

#[test]
fn with_one_instance_id_the_older_process_stops_and_names_the_newer() {
    let Some(stage) = Stage::open("e2e-same-id") else { return };
    let mut chance = fastrand::Rng::with_seed(7);
    let all = bundles(40, &mut chance);
    let (one, two) = all.split_at(20);
    let mut older = stage.run("a");
    stage.write_events(&shuffled(one, 0, &mut chance));
    stage.delivered(one);
    let mut newer = stage.start_in("a", "another-disk");
    assert_eq!(older.exit_code(), Some(1));
    let said = older.said();
    let named = format!("another process took over instance id a: process {}", newer.id());
    assert!(said.contains(&named), "{said}");
    assert!(said.contains("SHEAF_INSTANCE_ID"), "the remedy is named: {said}");
    newer.ready();
    stage.write_events(&shuffled(two, 0, &mut chance));
    stage.delivered(&all);
    stage.exactly(&all);
    assert_eq!(newer.terminate(), Some(0));
}

#[test]
fn a_member_that_no_newer_start_has_fenced_rejoins() {
    let Some(stage) = Stage::open("e2e-fenced") else { return };
    let mut chance = fastrand::Rng::with_seed(73);
    let all = bundles(40, &mut chance);
    let (one, two) = all.split_at(20);
    let mut instance = stage.run("a");
    stage.write_events(&shuffled(one, 0, &mut chance));
    stage.delivered(one);
    // The coordinator may take the member itself for a stranger after an outage; here it is one who announces nothing.
    let application = stage.application();
    let group_instance = Some(format!("{application}-000-a"));
    let spec = ConsumerSpec { group: application, group_instance, waker: Waker::none() };
    let mut stranger = stage.scene.broker.consumer(&spec).expect("a consumer");
    stranger.subscribe(&[stage.topic("parents")]).expect("subscribed");
    until("the instance joins anew", || {
        // It is fenced in its turn when that has happened.
        let (Ok(_) | Err(_)) = stranger.poll();
        instance.said().contains("rejoining the group")
    });
    drop(stranger);
    stage.write_events(&shuffled(two, 0, &mut chance));
    stage.delivered(&all);
    stage.exactly(&all);
    instance.ready();
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_restart_after_a_clean_stop_moves_nothing_and_restores_nothing() {
    let Some(stage) = Stage::open("e2e-restart") else { return };
    let mut chance = fastrand::Rng::with_seed(71);
    let all = bundles(100, &mut chance);
    let (one, two) = all.split_at(50);
    let mut first = stage.run("a");
    let mut second = stage.run("b");
    // Until the partitions are shared, each of them has a task of each processor, or two.
    until("the partitions are shared", || {
        [&first, &second].iter().all(|instance| instance.metric("sheaf_consumer_assigned_partitions", "") >= 4.0)
    });
    stage.write_events(&shuffled(one, 0, &mut chance));
    stage.delivered(one);
    let rebalances = first.metric("sheaf_consumer_rebalances_total", "");
    assert_eq!(second.terminate(), Some(0));
    let mut second = stage.run("b");
    stage.write_events(&shuffled(two, 0, &mut chance));
    stage.delivered(&all);
    stage.exactly(&all);
    let moved = first.metric("sheaf_consumer_rebalances_total", "") - rebalances;
    assert!(moved.abs() < 0.5, "the other instance saw {moved} changes of its assignment");
    let restored = second.metric("sheaf_store_restored_records_total", "");
    assert!(restored < 0.5, "{restored} records were restored");
    assert_eq!(first.terminate(), Some(0));
    assert_eq!(second.terminate(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    if left_out() {
        return;
    }
    let cluster = KafkaCluster::start(1);
    let stage = Stage::at("e2e-twice", cluster.bootstrap_servers());
    stage.create_sources();
    let mut chance = fastrand::Rng::with_seed(72);
    let mut instance = stage.run("a");
    stage.write_events(&shuffled(&bundles(2_000, &mut chance), 0, &mut chance));
    until("it is at work", || stage.folders() > 0);
    cluster.stop();
    instance.signal(Signal::TERM);
    instance.says("stopping: committing open transactions");
    // Without a broker the orderly stop takes its time.
    assert_eq!(instance.terminate(), Some(130));
    assert!(instance.said().contains("second signal"), "{}", instance.said());
}
