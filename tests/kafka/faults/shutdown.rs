//! An instance that is to end while no broker is there.

use std::time::Instant;

use super::super::cluster::{KafkaCluster, left_out};
use super::super::e2e::stage::Stage;
use super::super::load::Load;
use super::super::scene::until;

#[test]
fn an_instance_ends_within_its_limit_while_all_brokers_are_down() {
    if left_out() {
        return;
    }
    let cluster = KafkaCluster::start(1);
    let stage = Stage::at("faults-shutdown", cluster.bootstrap_servers());
    stage.create_sources();
    let mut instance = stage.run("a");
    let load = Load::start(&stage, 100, 3);
    until("it is at work", || stage.folders() > 0);
    cluster.stop();
    drop(load);
    let start = Instant::now();
    let code = instance.terminate();
    let said = instance.said();
    println!("ended with {code:?} {:?} after TERM, no broker being there", start.elapsed());
    let too_long = said.contains("took longer than shutdown_timeout");
    assert_eq!(code, Some(i32::from(too_long)), "{said}");
}
