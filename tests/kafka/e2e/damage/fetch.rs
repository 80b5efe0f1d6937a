//! One partition whose fetches fail, while the others continue.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sheaf::broker::{ConsumerSpec, Waker};
use sheaf::model::TopicPartition;

use super::super::super::fixture::LIMIT;
use super::super::bundle::{Bundle, bundles};
use super::super::deployment::{Deployment, PARTITIONS, unkeyed};
use super::super::process::until;
use super::proxy::Proxy;

/// Writes the events of bundles to one partition of each source.
fn write_to(deployment: &Deployment, partition: i32, bundles: &[Bundle]) {
    let mut producer = deployment.fixture.producer(&format!("w{partition}"), &[]);
    producer.begin().expect("begun");
    for (is_parent, value) in bundles.iter().flat_map(Bundle::events) {
        let topic = deployment.topic(if is_parent { "parents" } else { "children" });
        let mut record = unkeyed(&topic, Some(Bytes::from(value.to_string())));
        record.partition = Some(partition);
        producer.produce(&record).expect("produced");
    }
    producer.commit(LIMIT).expect("committed");
}

/// The group's committed offset.
fn committed(deployment: &Deployment, partition: &TopicPartition) -> Option<i64> {
    let spec = ConsumerSpec { group: deployment.application(), group_instance: None, waker: Waker::none() };
    let mut consumer = deployment.fixture.broker.consumer(&spec).expect("a consumer");
    consumer.committed(std::slice::from_ref(partition), LIMIT).expect("committed")[0]
}

#[test]
fn a_partition_whose_fetches_fail_delays_no_other_and_loses_no_record() {
    let Some(deployment) = Deployment::open("e2e-fetch") else { return };
    let proxy = Proxy::start(&deployment.fixture.settings.bootstrap_servers);
    let through_proxy = [("SHEAF_KAFKA__BOOTSTRAP_SERVERS", proxy.bootstrap_servers())];
    let through_proxy = through_proxy.each_ref().map(|(name, value)| (*name, value.as_str()));
    let all = bundles(30, &mut fastrand::Rng::with_seed(83));
    let [first, held, others] = [&all[..10], &all[10..11], &all[11..]];
    let failing = TopicPartition::new(&deployment.topic("parents"), 0);
    let mut instance = deployment.start_with("a", &through_proxy);
    instance.ready();
    write_to(&deployment, 0, first);
    deployment.wait_for_deliveries(first);

    proxy.fail_fetches(failing.topic.as_str(), failing.partition);
    let (_, end) = deployment.fixture.admin().watermarks(&failing, LIMIT).expect("watermarks");
    write_to(&deployment, 0, held);
    let (begun, failed) = (Instant::now(), proxy.failed());
    until("the fetches fail again and again", || proxy.failed() > failed + 20);
    // Ten times a second at most.
    assert!(begun.elapsed() > Duration::from_millis(1500), "20 fetches failed within {:?}", begun.elapsed());
    write_to(&deployment, PARTITIONS - 1, others);
    deployment.wait_for_deliveries(&[first, others].concat());
    let position = committed(&deployment, &failing);
    assert!(
        position.is_some_and(|position| position <= end),
        "{failing} has a record at {end}, committed is {position:?}"
    );
    until("the reason stands in /readyz", || {
        let (status, body) = instance.http_get("/readyz").expect("an answer");
        status == 503 && body.contains(&format!("fetch {failing}")) && body.contains("fails: ")
    });
    assert!(instance.metric("sheaf_consumer_fetch_errors_total", failing.topic.as_str()) > 3.0);
    let log_text = instance.log_text();
    let warnings = log_text.lines().filter(|line| line.contains("WARN") && line.contains(&failing.to_string())).count();
    assert!((1..=2).contains(&warnings), "one or two warnings expected: {warnings}\n{log_text}");

    instance.kill();
    proxy.heal();
    let mut instance = deployment.start_with("a", &through_proxy);
    instance.ready();
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}
