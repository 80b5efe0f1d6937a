//! Instances that are killed in turn; `scripts/soak kill` does the same a thousand times.

use std::time::Duration;

use super::super::verifier::now_ms;
use super::{VerifiedDeployment, cluster};

/// The session time-out.
const SESSION: Duration = Duration::from_secs(6);

#[test]
fn instances_killed_in_turn_on_three_brokers_lose_and_duplicate_nothing() {
    let Some(cluster) = cluster() else { return };
    let mut verified = VerifiedDeployment::open("faults-kill", &cluster);
    let names = ["a", "b", "c"];
    let mut instances = verified.run(&names);
    let load = verified.load();
    verified.wait_for_output();
    for round in 0..6 {
        let victim = round % names.len();
        let killed_at_ms = now_ms();
        instances[victim].kill();
        if round == 4 {
            std::thread::sleep(SESSION);
            println!("others took over in {:?}", verified.wait_for_recovery(killed_at_ms));
        }
        instances[victim] = verified.deployment.start(names[victim]);
        println!("{} killed, recovered in {:?}", names[victim], verified.wait_for_recovery(killed_at_ms));
        instances[victim].ready();
    }
    verified.complete(load);
    for instance in &mut instances {
        assert!(instance.metric("sheaf_store_rebuilds_total", "") < 0.5, "{}", instance.log_text());
        assert_eq!(instance.terminate(), Some(0));
    }
}
