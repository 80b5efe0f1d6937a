//! Instances that come and go in order, and a rolling restart.

use super::super::e2e::process::{Process, until};
use super::{Trial, cluster};

/// How many partitions an instance has.
const ASSIGNED: &str = "sheaf_consumer_assigned_partitions";

/// How many partitions of a topic an instance has.
fn assigned(instance: &Process, topic: &str) -> String {
    format!("{:.0}", instance.metric(ASSIGNED, topic))
}

#[test]
fn eight_starts_and_stops_of_instances_lose_and_duplicate_nothing() {
    let Some(cluster) = cluster() else { return };
    let mut trial = Trial::open("faults-scale", &cluster);
    // Who has gone keeps its place for a session, so a short one.
    trial.stage.properties.insert("session.timeout.ms", "3000");
    let mut keeper = trial.run(&["keeper"]).remove(0);
    let load = trial.load();
    trial.goes_on();
    for round in 0..8 {
        let mut guest = trial.stage.run(["a", "b"][round % 2]);
        until("the guest has work", || guest.metric(ASSIGNED, "") > 0.5);
        let went_on = trial.goes_on();
        assert_eq!(guest.terminate(), Some(0), "{}", guest.said());
        println!("round {round}: with the guest after {went_on:?}, without it after {:?}", trial.goes_on());
    }
    trial.complete(load);
    assert_eq!(keeper.terminate(), Some(0));
}

#[test]
fn a_rolling_restart_of_static_members_moves_no_partition() {
    let Some(cluster) = cluster() else { return };
    let mut trial = Trial::open("faults-rolling", &cluster);
    let names = ["a", "b", "c"];
    let mut instances = trial.run(&names);
    let load = trial.load();
    trial.goes_on();
    // The starts' own rebalances have ended once everything has an owner and it stays so.
    let mut owned = Vec::new();
    until("the partitions are shared", || {
        std::thread::sleep(std::time::Duration::from_secs(3));
        let now: Vec<_> = instances.iter().map(|instance| assigned(instance, "")).collect();
        let total: u32 = now.iter().filter_map(|count| count.parse::<u32>().ok()).sum();
        let is_settled = total == 20 && owned == now;
        owned = now;
        is_settled
    });
    let topics = ["bundle-inbox", "delivery-inbox", "parents", "children", "submissions"];
    for (at, name) in names.iter().enumerate() {
        let restarted = &instances[at];
        let before = topics.map(|topic| assigned(restarted, topic));
        assert_eq!(instances[at].terminate(), Some(0), "{}", instances[at].said());
        instances[at] = trial.stage.run(name);
        trial.goes_on();
        until("it has what it had", || topics.map(|topic| assigned(&instances[at], topic)) == before);
        let restored = instances[at].metric("sheaf_store_restored_records_total", "");
        assert!(restored < 0.5, "{name} restored {restored} records");
    }
    for instance in &instances {
        for kind in ["revoke", "lost"] {
            let moved = instance.metric("sheaf_consumer_rebalances_total", kind);
            assert!(moved < 0.5, "{moved} changes of the kind {kind}: {}", instance.said());
        }
    }
    trial.complete(load);
    for instance in &mut instances {
        assert_eq!(instance.terminate(), Some(0));
    }
}
