//! Instances that are killed in turn; `scripts/soak kill` does the same a thousand times.

use std::time::Duration;

use super::super::verifier::now_ms;
use super::{Trial, cluster};

/// After so long the group goes on without a silent member.
const SESSION: Duration = Duration::from_secs(6);

#[test]
fn instances_killed_in_turn_on_three_brokers_lose_and_duplicate_nothing() {
    let Some(cluster) = cluster() else { return };
    let mut trial = Trial::open("faults-kill", &cluster);
    let names = ["a", "b", "c"];
    let mut instances = trial.run(&names);
    let load = trial.load();
    trial.goes_on();
    for round in 0..6 {
        let victim = round % names.len();
        let killed_at_ms = now_ms();
        instances[victim].kill();
        if round == 4 {
            std::thread::sleep(SESSION);
            println!("others took over in {:?}", trial.recovers(killed_at_ms));
        }
        instances[victim] = trial.stage.start(names[victim]);
        println!("{} killed, recovered in {:?}", names[victim], trial.recovers(killed_at_ms));
        instances[victim].ready();
    }
    trial.complete(load);
    for instance in &mut instances {
        assert!(instance.metric("sheaf_store_rebuilds_total", "") < 0.5, "{}", instance.said());
        assert_eq!(instance.terminate(), Some(0));
    }
}
