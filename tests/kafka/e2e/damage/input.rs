//! Sources as transactional and generous producers write them.

use bytes::Bytes;
use serde_json::{Value, json};
use sheaf::broker::{ConsumerSpec, Producer, Waker};
use sheaf::model::{Topic, TopicPartition};

use super::super::super::scene::LIMIT;
use super::super::bundle::{Bundle, Event, bundles};
use super::super::process::until;
use super::super::stage::{PARTITIONS, Stage, unkeyed};
use super::halves;

/// Writes events in a transaction that the caller ends.
fn begin(stage: &Stage, producer: &mut dyn Producer, events: &[Event]) {
    producer.begin().expect("begun");
    for (is_parent, value) in events {
        let topic = stage.topic(if *is_parent { "parents" } else { "children" });
        producer.produce(&unkeyed(&topic, Some(Bytes::from(value.to_string())))).expect("produced");
    }
    producer.drain(LIMIT).expect("drained");
}

#[test]
fn aborted_events_are_skipped_and_open_ones_are_waited_for() {
    let Some(stage) = Stage::open("e2e-transactional") else { return };
    let all = bundles(12, &mut fastrand::Rng::with_seed(51));
    let (ghosts, all) = all.split_at(4);
    let (parents, children) = halves(all);
    let mut writer = stage.scene.producer("w", &[]);
    for part in parents.chunks(3) {
        begin(&stage, &mut *writer, part);
        writer.commit(LIMIT).expect("committed");
        // Whole bundles that nobody is to see, between those that count and behind them.
        begin(&stage, &mut *writer, &ghosts.iter().flat_map(Bundle::events).collect::<Vec<_>>());
        writer.abort(LIMIT).expect("aborted");
    }
    let (last, most) = children.split_last().expect("children");
    begin(&stage, &mut *writer, most);
    writer.commit(LIMIT).expect("committed");
    begin(&stage, &mut *writer, std::slice::from_ref(last));

    let mut instance = stage.run("a");
    stage.delivered(&all[..all.len() - 1]);
    assert_eq!(stage.folders(), all.len() - 1, "the last child is not committed");
    writer.commit(LIMIT).expect("committed");
    stage.delivered(all);
    stage.exactly(all);

    // The markers that end each partition are committed past: nothing looks as if it had to be read.
    let spec = ConsumerSpec { group: stage.application(), group_instance: None, waker: Waker::none() };
    let mut consumer = stage.scene.broker.consumer(&spec).expect("a consumer");
    for topic in [stage.topic("parents"), stage.topic("children")] {
        for partition in (0..PARTITIONS).map(|number| TopicPartition::new(&topic, number)) {
            let (_, end) = stage.scene.admin().watermarks(&partition, LIMIT).expect("watermarks");
            let committed = consumer.committed(std::slice::from_ref(&partition), LIMIT).expect("committed");
            assert!(end - committed[0].unwrap_or(0) <= 1, "{partition} ends at {end}, committed is {committed:?}");
        }
    }
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_thousand_children_and_the_largest_record_are_joined() {
    let Some(stage) = Stage::open("e2e-large") else { return };
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
    // 1 MiB is what a broker takes of a record if it is not told otherwise, with its overhead.
    let heavy = bundle(&mut chance, 2, Value::from("y".repeat((1 << 20) - 600)));
    let all = [many, heavy];
    let mut instance = stage.run("a");
    let mut events: Vec<Event> = all.iter().flat_map(Bundle::events).collect();
    chance.shuffle(&mut events);
    stage.write_events(&events);
    stage.delivered(&all);
    stage.exactly(&all);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_record_too_large_for_an_entry_is_a_dead_letter() {
    let Some(stage) = Stage::open("e2e-too-large") else { return };
    let wide = stage.topic("parents");
    widen(&stage, &wide);
    let good = bundles(3, &mut fastrand::Rng::with_seed(53));
    let (id, largest) = ("0b8cf0c6-7a5e-4d0f-9c53-6f3b5f0c0a11", (10 << 20) - 1_024);
    let value = json!({ "id": id, "children": 1, "data": "z".repeat(largest - 200) }).to_string();
    assert!(value.len() < largest, "what the topic takes");
    let size = value.len();
    let mut instance = stage.run("a");
    stage.write([(&wide, Bytes::from(value))]);
    stage.write_events(&good.iter().flat_map(Bundle::events).collect::<Vec<_>>());
    stage.delivered(&good);
    until("its fate is known", || {
        let kept =
            stage.read(&stage.own("bundle-changelog")).iter().any(|entry| entry.key.as_deref() == Some(id.as_bytes()));
        kept || stage.dead_letters().len() == 1
    });
    if let [letter] = stage.dead_letters().as_slice() {
        println!("{size} bytes: a dead letter, {:?}", letter.headers.text("__sheaf.errors.message"));
        assert_eq!(letter.headers.text("__sheaf.errors.topic"), Some(wide.as_str()));
    } else {
        println!("{size} bytes: kept as an entry");
    }
    stage.exactly_submitted(&good);
    assert_eq!(instance.terminate(), Some(0));
}

/// Lets a topic take records of 10 MiB.
fn widen(stage: &Stage, topic: &Topic) {
    let mut admin = stage.scene.admin();
    admin.delete(std::slice::from_ref(topic), LIMIT).expect("deleted");
    until("the topic is gone", || admin.describe(std::slice::from_ref(topic), LIMIT).expect("described") == [None]);
    stage.scene.topic_with("parents", PARTITIONS, &[("max.message.bytes", "10485760")]);
}
