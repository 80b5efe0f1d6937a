//! Sources with transactions, large bundles and large records.

use bytes::Bytes;
use serde_json::{Value, json};
use sheaf::broker::{ConsumerSpec, Producer, Waker};
use sheaf::model::{Topic, TopicPartition};

use super::super::super::fixture::LIMIT;
use super::super::bundle::{Bundle, Event, bundles, halves};
use super::super::deployment::{Deployment, PARTITIONS, unkeyed};
use super::super::process::until;

/// Writes events in a transaction that the caller ends.
fn begin(deployment: &Deployment, producer: &mut dyn Producer, events: &[Event]) {
    producer.begin().expect("begun");
    for (is_parent, value) in events {
        let topic = deployment.topic(if *is_parent { "parents" } else { "children" });
        producer.produce(&unkeyed(&topic, Some(Bytes::from(value.to_string())))).expect("produced");
    }
    producer.drain(LIMIT).expect("drained");
}

#[test]
fn aborted_events_are_skipped_and_open_ones_are_waited_for() {
    let Some(deployment) = Deployment::open("e2e-transactional") else { return };
    let all = bundles(12, &mut fastrand::Rng::with_seed(51));
    let (ghosts, all) = all.split_at(4);
    let (parents, children) = halves(all);
    let mut writer = deployment.fixture.producer("w", &[]);
    for part in parents.chunks(3) {
        begin(&deployment, &mut *writer, part);
        writer.commit(LIMIT).expect("committed");
        // Complete bundles in aborted transactions, between and after committed ones.
        begin(&deployment, &mut *writer, &ghosts.iter().flat_map(Bundle::events).collect::<Vec<_>>());
        writer.abort(LIMIT).expect("aborted");
    }
    let (last, most) = children.split_last().expect("children");
    begin(&deployment, &mut *writer, most);
    writer.commit(LIMIT).expect("committed");
    begin(&deployment, &mut *writer, std::slice::from_ref(last));

    let mut instance = deployment.run("a");
    deployment.wait_for_deliveries(&all[..all.len() - 1]);
    assert_eq!(deployment.folders(), all.len() - 1, "the last child is not committed");
    writer.commit(LIMIT).expect("committed");
    deployment.wait_for_deliveries(all);
    deployment.assert_exactly(all);

    // The committed offsets are past the markers at the ends, so there is no lag.
    let spec = ConsumerSpec { group: deployment.application(), group_instance: None, waker: Waker::none() };
    let mut consumer = deployment.fixture.broker.consumer(&spec).expect("a consumer");
    for topic in [deployment.topic("parents"), deployment.topic("children")] {
        for partition in (0..PARTITIONS).map(|number| TopicPartition::new(&topic, number)) {
            let (_, end) = deployment.fixture.admin().watermarks(&partition, LIMIT).expect("watermarks");
            let committed = consumer.committed(std::slice::from_ref(&partition), LIMIT).expect("committed");
            assert!(end - committed[0].unwrap_or(0) <= 1, "{partition} ends at {end}, committed is {committed:?}");
        }
    }
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_thousand_children_and_the_largest_record_are_joined() {
    let Some(deployment) = Deployment::open("e2e-large") else { return };
    let mut chance = fastrand::Rng::with_seed(52);
    let id = |chance: &mut fastrand::Rng| {
        uuid::Builder::from_random_bytes(chance.u128(..).to_be_bytes()).into_uuid().hyphenated().to_string()
    };
    let bundle = |chance: &mut fastrand::Rng, children: usize, data: Value| {
        let parent = id(chance);
        let children: Vec<Value> = (1..=children)
            .map(|position| json!({ "id": id(chance), "parent_id": parent, "position": position, "data": "x".repeat(200) }))
            .collect();
        Bundle { parent: json!({ "id": parent, "children": children.len(), "data": data }), id: parent, children }
    };
    let many = bundle(&mut chance, 1_000, Value::Null);
    // 1 MiB with its overhead is a broker's default limit of a record.
    let heavy = bundle(&mut chance, 2, Value::from("y".repeat((1 << 20) - 600)));
    let all = [many, heavy];
    let mut instance = deployment.run("a");
    let mut events: Vec<Event> = all.iter().flat_map(Bundle::events).collect();
    chance.shuffle(&mut events);
    deployment.write_events(&events);
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_record_too_large_for_an_entry_is_a_dead_letter() {
    let Some(deployment) = Deployment::open("e2e-too-large") else { return };
    let wide = deployment.topic("parents");
    widen(&deployment, &wide);
    let good = bundles(3, &mut fastrand::Rng::with_seed(53));
    let (id, largest) = ("0b8cf0c6-7a5e-4d0f-9c53-6f3b5f0c0a11", (10 << 20) - 1_024);
    let value = json!({ "id": id, "children": 1, "data": "z".repeat(largest - 200) }).to_string();
    assert!(value.len() < largest, "within the limit of the topic");
    let size = value.len();
    let mut instance = deployment.run("a");
    deployment.write([(&wide, Bytes::from(value))]);
    deployment.write_events(&good.iter().flat_map(Bundle::events).collect::<Vec<_>>());
    deployment.wait_for_deliveries(&good);
    until("its fate is known", || {
        let kept = deployment
            .read(&deployment.own("bundle-changelog"))
            .iter()
            .any(|entry| entry.key.as_deref() == Some(id.as_bytes()));
        kept || deployment.dead_letters().len() == 1
    });
    if let [letter] = deployment.dead_letters().as_slice() {
        println!("{size} bytes: a dead letter, {:?}", letter.headers.text("__sheaf.errors.message"));
        assert_eq!(letter.headers.text("__sheaf.errors.topic"), Some(wide.as_str()));
    } else {
        println!("{size} bytes: kept as an entry");
    }
    deployment.assert_submitted(&good);
    assert_eq!(instance.terminate(), Some(0));
}

/// Raises the record limit of a topic to 10 MiB.
fn widen(deployment: &Deployment, topic: &Topic) {
    let mut admin = deployment.fixture.admin();
    admin.delete(std::slice::from_ref(topic), LIMIT).expect("deleted");
    until("the topic is gone", || admin.describe(std::slice::from_ref(topic), LIMIT).expect("described") == [None]);
    deployment.fixture.topic_with("parents", PARTITIONS, &[("max.message.bytes", "10485760")]);
}
