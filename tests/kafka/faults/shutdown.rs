//! A stop while all brokers are down.

use std::time::Instant;

use super::super::cluster::{KafkaCluster, is_skipped};
use super::super::e2e::deployment::Deployment;
use super::super::fixture::until;
use super::super::load::Load;

#[test]
fn an_instance_ends_within_its_limit_while_all_brokers_are_down() {
    if is_skipped() {
        return;
    }
    let cluster = KafkaCluster::start(1);
    let deployment = Deployment::at("faults-shutdown", cluster.bootstrap_servers());
    deployment.create_sources();
    let mut instance = deployment.run("a");
    let load = Load::start(&deployment, 100, 3);
    until("it is at work", || deployment.folders() > 0);
    cluster.stop();
    drop(load);
    let start = Instant::now();
    let code = instance.terminate();
    let log_text = instance.log_text();
    println!("ended with {code:?} {:?} after TERM, no broker being there", start.elapsed());
    let too_long = log_text.contains("took longer than shutdown_timeout");
    assert_eq!(code, Some(i32::from(too_long)), "{log_text}");
}
