//! Kafka is not there yet, or not for a while.

use std::time::Duration;

use super::super::cluster::{KafkaCluster, left_out};
use super::bundle::{bundles, shuffled};
use super::process::until;
use super::stage::Stage;

/// How long Kafka is away.
const OUTAGE: Duration = Duration::from_secs(30);

#[test]
fn an_instance_says_where_it_looks_for_kafka_and_starts_when_it_comes() {
    if left_out() {
        return;
    }
    let cluster = KafkaCluster::start(1);
    cluster.stop();
    let stage = Stage::at("e2e-late", cluster.bootstrap_servers());
    let mut instance = stage.start("a");
    instance.says(&format!("no broker at {} answers", cluster.bootstrap_servers()));
    instance.says(r#""retry_in":"1s""#);
    instance.says(r#""retry_in":"2s""#);
    cluster.start_again();
    instance.ready();
    let mut chance = fastrand::Rng::with_seed(6);
    let all = bundles(20, &mut chance);
    // The sources were missing too, and were created.
    stage.write_events(&shuffled(&all, 0, &mut chance));
    stage.delivered(&all);
    stage.exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn an_outage_in_the_middle_loses_nothing_and_doubles_nothing() {
    if left_out() {
        return;
    }
    let cluster = KafkaCluster::start(1);
    let stage = Stage::at("e2e-outage", cluster.bootstrap_servers());
    stage.create_sources();
    let mut chance = fastrand::Rng::with_seed(61);
    let all = bundles(300, &mut chance);
    let events = shuffled(&all, 5, &mut chance);
    let (before, after) = events.split_at(events.len() / 2);
    let mut first = stage.run("a");
    let mut second = stage.run("b");
    stage.write_events(before);
    until("it is in the middle", || stage.folders() > 0);
    cluster.stop();
    let at_the_outage = stage.folders();
    std::thread::sleep(OUTAGE);
    for instance in [&mut first, &mut second] {
        assert_eq!(instance.ended(), None, "an outage ends nobody: {}", instance.said());
    }
    cluster.start_again();
    stage.write_events(after);
    stage.delivered(&all);
    stage.exactly(&all);
    println!("{at_the_outage} folders at the outage, {} in the end", stage.folders());
    assert_eq!(first.terminate(), Some(0));
    assert_eq!(second.terminate(), Some(0));
}
