//! The services around `examples/retail`: over the broker in memory, and the card service over HTTP.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sheaf::broker::memory::{self, MemoryBroker};
use sheaf::broker::{Broker, Isolation, ProducerSpec, Start};
use sheaf::mock::retail::{Card, Post, RetailSettings};
use sheaf::model::{Headers, Key, OutRecord, Topic, TopicPartition};
use sheaf::runtime::SystemClock;

/// The topic of commands and events.
const MESSAGES: &str = "flowing-retail";

fn settings() -> RetailSettings {
    RetailSettings { delay: Duration::from_secs(2), ..RetailSettings::new("r") }
}

fn broker() -> MemoryBroker {
    MemoryBroker::new(memory::Settings::default(), Arc::new(SystemClock))
}

/// All values of a topic.
fn read(broker: &MemoryBroker, topic: &str) -> Vec<Value> {
    let partitions = broker.admin().unwrap().partitions(&Topic::new(topic), Duration::from_secs(1)).unwrap();
    let mut reader = broker.reader(Isolation::ReadCommitted).unwrap();
    let starts: Vec<(TopicPartition, Start)> = partitions.into_iter().map(|it| (it, Start::Beginning)).collect();
    reader.assign(&starts).unwrap();
    let mut records = Vec::new();
    reader.poll(1_000, &mut records, Duration::ZERO).unwrap();
    records.iter().map(|record| serde_json::from_slice(record.value.as_deref().unwrap()).unwrap()).collect()
}

fn send(broker: &MemoryBroker, value: &Value) {
    let mut producer = broker.producer(&ProducerSpec::transactional("test")).unwrap();
    producer.init(Duration::from_secs(1)).unwrap();
    let record = OutRecord {
        headers: Headers::new().with("type", value["type"].as_str().unwrap().to_owned()),
        ..OutRecord::keyed(&Topic::new(MESSAGES), &Key::new("t"), value.to_string().into())
    };
    producer.transact(&[record], Duration::from_secs(1)).unwrap();
}

#[test]
fn a_message_is_answered_when_its_time_has_come_and_once_whoever_answers_it() {
    let broker = broker();
    let mut post = Post::open(&broker, settings()).unwrap();
    let at = Duration::from_secs;
    // The group's protocol takes some turns.
    (0..9).for_each(|_| drop(post.turn(at(0)).unwrap()));
    send(&broker, &json!({ "type": "FetchGoodsCommand", "traceid": "t-1", "correlationid": "c-1", "data": {} }));
    assert_eq!(post.turn(at(1)).unwrap(), []);
    send(&broker, &json!({ "type": "ShipGoodsCommand", "traceid": "t-2", "correlationid": "c-2", "data": {} }));
    assert_eq!(post.turn(at(2)).unwrap(), []);
    let kinds =
        |post: &mut Post, second| post.turn(at(second)).unwrap().iter().map(|done| done.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&mut post, 3), ["GoodsFetchedEvent"]);
    // It is gone before the second one is due.
    drop(post);
    let mut post = Post::open(&broker, settings()).unwrap();
    (0..9).for_each(|_| drop(post.turn(at(0)).unwrap()));
    assert_eq!(kinds(&mut post, 9), ["GoodsShippedEvent"]);
    assert_eq!(kinds(&mut post, 99), [""; 0]);
    let kinds: Vec<String> =
        read(&broker, MESSAGES).iter().map(|value| value["type"].as_str().unwrap().to_owned()).collect();
    let count = |kind: &str| kinds.iter().filter(|other| *other == kind).count();
    assert_eq!((count("GoodsFetchedEvent"), count("GoodsShippedEvent"), kinds.len()), (1, 1, 4), "{kinds:?}");
}

#[test]
fn the_shop_places_its_orders_one_after_another_and_sees_them_completed() {
    let broker = broker();
    let mut post = Post::open(&broker, RetailSettings { orders: 3, ..settings() }).unwrap();
    let mut placed = Vec::new();
    for second in 0..20 {
        let done = post.turn(Duration::from_secs(second)).unwrap();
        assert!(done.len() <= 1, "one a second: {done:?}");
        placed.extend(done.into_iter().map(|done| (done.kind, done.key)));
    }
    let expected = ["r-1", "r-2", "r-3"].map(|key| ("OrderPlacedEvent", key.to_owned()));
    assert_eq!(placed, expected);
    assert_eq!(post.completed(), 0);
    for trace in ["r-2", "of-another-shop"] {
        send(&broker, &json!({ "type": "OrderCompletedEvent", "traceid": trace, "correlationid": "c", "data": {} }));
    }
    post.turn(Duration::from_secs(30)).unwrap();
    assert_eq!(post.completed(), 1);
}

/// Sends a request to the card service.
async fn charge(address: SocketAddr, key: Option<&str>, body: Value) -> (u16, Value) {
    let request = reqwest::Client::builder().no_proxy().build().unwrap().post(format!("http://{address}/charge"));
    let request = key.map_or_else(
        || request.try_clone().unwrap(),
        |key| request.try_clone().unwrap().header("Idempotency-Key", key),
    );
    let answer = request.json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_card_is_charged_once_for_a_key_refused_as_often_as_said_and_fails_before_it_is_charged() {
    let settings = RetailSettings { delay: Duration::ZERO, refused: 30, failed: 40, ..settings() };
    let card = Card::bind("127.0.0.1:0".parse().unwrap(), settings).await.unwrap();
    let address = card.address();
    let served = tokio::spawn(card.serve());
    assert_eq!(charge(address, None, json!({ "amount": 1 })).await.0, 400);
    assert_eq!(charge(address, Some("k"), json!({ "amount": "much" })).await.0, 400);
    let mut answers: BTreeMap<String, Value> = BTreeMap::new();
    for number in 0..100 {
        let key = format!("k-{number}");
        for _ in 0..20 {
            let (status, answer) = charge(address, Some(&key), json!({ "amount": 1.5 })).await;
            if status == 503 {
                continue;
            }
            assert_eq!(status, 200);
            assert_eq!(answers.entry(key.clone()).or_insert_with(|| answer.clone()), &answer, "the former answer");
        }
    }
    let counts: Value = reqwest::get(format!("http://{address}/")).await.unwrap().json().await.unwrap();
    let count = |name: &str| counts[name].as_u64().unwrap();
    assert_eq!((count("charged") + count("refused"), answers.len()), (100, 100));
    assert_eq!(count("repeated") + count("failed"), 1_900);
    assert!((15..45).contains(&count("refused")) && count("failed") > 20, "{counts:?}");
    let refused = answers.values().filter(|answer| answer.get("errorCode").is_some()).count();
    assert_eq!(u64::try_from(refused).unwrap(), count("refused"));
    served.abort();
}
