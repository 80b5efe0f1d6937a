//! Orderly starts and stops of instances, and a rolling restart.

use super::super::e2e::process::{Process, until};
use super::{VerifiedDeployment, cluster};

/// The metric of assigned partitions.
const ASSIGNED: &str = "sheaf_consumer_assigned_partitions";

/// How many partitions of a topic an instance has.
fn assigned(instance: &Process, topic: &str) -> String {
    format!("{:.0}", instance.metric(ASSIGNED, topic))
}

#[test]
fn eight_starts_and_stops_of_instances_lose_and_duplicate_nothing() {
    let Some(cluster) = cluster() else { return };
    let mut verified = VerifiedDeployment::open("faults-scale", &cluster);
    // A stopped member keeps its partitions for a session time-out, so a short one.
    verified.deployment.properties.insert("session.timeout.ms", "3000");
    let mut permanent = verified.run(&["c"]).remove(0);
    let load = verified.load();
    verified.wait_for_output();
    for round in 0..8 {
        let mut third = verified.deployment.run(["a", "b"][round % 2]);
        until("the third instance has partitions", || third.metric(ASSIGNED, "") > 0.5);
        let joined = verified.wait_for_output();
        assert_eq!(third.terminate(), Some(0), "{}", third.log_text());
        println!(
            "round {round}: with a third instance after {joined:?}, without it after {:?}",
            verified.wait_for_output()
        );
    }
    verified.complete(load);
    assert_eq!(permanent.terminate(), Some(0));
}

#[test]
fn a_rolling_restart_of_static_members_moves_no_partition() {
    let Some(cluster) = cluster() else { return };
    let mut verified = VerifiedDeployment::open("faults-rolling", &cluster);
    let names = ["a", "b", "c"];
    let mut instances = verified.run(&names);
    let load = verified.load();
    verified.wait_for_output();
    // The rebalances of the starts are over once all partitions have stable owners.
    let mut owned = Vec::new();
    until("the partitions are shared", || {
        std::thread::sleep(std::time::Duration::from_secs(3));
        let now: Vec<_> = instances.iter().map(|instance| assigned(instance, "")).collect();
        let total: u32 = now.iter().filter_map(|count| count.parse::<u32>().ok()).sum();
        // Of five topics, of the dead letters, of those that are sent again, and of the inbox of dead letters.
        let is_settled = total == 5 * 4 + 4 + 4 + 1 && owned == now;
        owned = now;
        is_settled
    });
    let topics = ["bundle-inbox", "delivery-inbox", "parents", "children", "submissions"];
    for (at, name) in names.iter().enumerate() {
        let restarted = &instances[at];
        let before = topics.map(|topic| assigned(restarted, topic));
        assert_eq!(instances[at].terminate(), Some(0), "{}", instances[at].log_text());
        instances[at] = verified.deployment.run(name);
        verified.wait_for_output();
        until("it has its partitions again", || topics.map(|topic| assigned(&instances[at], topic)) == before);
        let restored = instances[at].metric("sheaf_store_restored_records_total", "");
        assert!(restored < 0.5, "{name} restored {restored} records");
    }
    for instance in &instances {
        for kind in ["revoke", "lost"] {
            let moved = instance.metric("sheaf_consumer_rebalances_total", kind);
            assert!(moved < 0.5, "{moved} changes of the kind {kind}: {}", instance.log_text());
        }
    }
    verified.complete(load);
    for instance in &mut instances {
        assert_eq!(instance.terminate(), Some(0));
    }
}
