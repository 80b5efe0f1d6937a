//! Checks of the transactional producer.

use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::{Error, FencedBy, Isolation, ProducerSpec, Start};
use sheaf::codec::partitioner;
use sheaf::model::{Headers, Key, OutRecord, Timestamp, Topic, TopicPartition};

use super::fixture::{Fixture, LIMIT, begin_with, keyed, placed, until, values, write};

#[test]
fn a_record_is_read_as_it_was_written() {
    let Some(fixture) = Fixture::open("as-written") else { return };
    let topic = fixture.topic("t", 1);
    let mut headers = Headers::new().with("a", "1").with("a", "2").with("empty", "");
    headers.push("null", None);
    let full = OutRecord {
        topic: topic.clone(),
        partition: Some(0),
        key: Some(Key::from_slice(b"key\0\xff")),
        value: Some(Bytes::from_static(b"value")),
        headers: headers.clone(),
        timestamp: Some(Timestamp::from_millis(1_600_000_000_123)),
    };
    let empty =
        OutRecord { key: Some(Key::new("")), value: Some(Bytes::new()), headers: Headers::new(), ..full.clone() };
    let null = OutRecord { key: None, value: None, ..empty.clone() };
    let mut producer = fixture.producer("p", &[]);
    producer.begin().expect("begun");
    for record in [&full, &empty, &null] {
        producer.produce(record).expect("produced");
    }
    producer.commit(LIMIT).expect("committed");
    let records = fixture.read(Isolation::ReadCommitted, &TopicPartition::new(&topic, 0));
    assert_eq!(records.len(), 3);
    for (offset, (read, written)) in records.iter().zip([full, empty, null]).enumerate() {
        assert_eq!(read.offset, i64::try_from(offset).expect("small"));
        assert_eq!((&read.value, &read.headers), (&written.value, &written.headers));
        assert_eq!(read.key.clone().map(Key::from_bytes), written.key);
        assert_eq!(Some(read.timestamp), written.timestamp);
    }
}

#[test]
fn an_aborted_record_is_not_seen() {
    let Some(fixture) = Fixture::open("aborted") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut producer = fixture.producer("p", &[]);
    write(&mut *producer, &partition, &["a"]);
    begin_with(&mut *producer, &partition, &["b"]);
    producer.abort(LIMIT).expect("aborted");
    write(&mut *producer, &partition, &["c"]);
    assert_eq!(values(&fixture.read(Isolation::ReadCommitted, &partition)), ["a", "c"]);
    assert_eq!(values(&fixture.read(Isolation::ReadUncommitted, &partition)), ["a", "b", "c"]);
}

#[test]
fn records_that_were_never_sent_can_be_aborted() {
    let Some(fixture) = Fixture::open("abort-unsent") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut producer = fixture.producer("p", &[]);
    producer.begin().expect("begun");
    for _ in 0..5000 {
        producer.produce(&placed(&partition, "lost")).expect("produced");
    }
    producer.abort(LIMIT).expect("aborted");
    write(&mut *producer, &partition, &["kept"]);
    assert_eq!(values(&fixture.read(Isolation::ReadCommitted, &partition)), ["kept"]);
}

#[test]
fn an_open_transaction_is_hidden_from_read_committed() {
    let Some(fixture) = Fixture::open("open") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut producer = fixture.producer("p", &[]);
    write(&mut *producer, &partition, &["a"]);
    begin_with(&mut *producer, &partition, &["b"]);
    let mut reader = fixture.reader(Isolation::ReadCommitted, std::slice::from_ref(&partition), Start::Beginning);
    let mut records = Vec::new();
    until("the reader stands at the last stable offset", || {
        reader.poll(10, &mut records, Duration::from_millis(100)).expect("polled");
        reader.position(&partition) == Some(2)
    });
    assert_eq!(values(&records), ["a"]);
    producer.commit(LIMIT).expect("committed");
    until("the committed record is there", || {
        reader.poll(10, &mut records, Duration::from_millis(100)).expect("polled");
        records.len() == 2
    });
    assert_eq!(values(&records), ["a", "b"]);
}

#[test]
fn abort_with_no_transaction_open_does_nothing() {
    let Some(fixture) = Fixture::open("abort-none") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut producer = fixture.producer("p", &[]);
    producer.abort(LIMIT).expect("nothing to abort");
    write(&mut *producer, &partition, &["a"]);
    producer.abort(LIMIT).expect("nothing to abort");
    assert_eq!(values(&fixture.read(Isolation::ReadCommitted, &partition)), ["a"]);
}

#[test]
fn an_empty_transaction_commits() {
    let Some(fixture) = Fixture::open("empty") else { return };
    let mut producer = fixture.producer("p", &[]);
    for _ in 0..3 {
        producer.begin().expect("begun");
        assert!(producer.drain(LIMIT).expect("drained").is_empty());
        producer.commit(LIMIT).expect("committed");
    }
}

#[test]
fn drain_returns_the_ends_of_tracked_topics_only() {
    let Some(fixture) = Fixture::open("drain") else { return };
    let (tracked, other) = (fixture.topic("tracked", 2), fixture.topic("other", 1));
    let mut producer = fixture.producer("p", &[&tracked]);
    producer.begin().expect("begun");
    for number in 0..5 {
        producer.produce(&placed(&TopicPartition::new(&tracked, 1), &number.to_string())).expect("produced");
        producer.produce(&placed(&TopicPartition::new(&other, 0), "x")).expect("produced");
    }
    let ends = producer.drain(LIMIT).expect("drained");
    assert_eq!(ends.into_iter().collect::<Vec<_>>(), [(TopicPartition::new(&tracked, 1), 5)]);
    producer.commit(LIMIT).expect("committed");
    producer.begin().expect("begun");
    assert!(producer.drain(LIMIT).expect("drained").is_empty(), "a new transaction has written nothing yet");
    producer.produce(&placed(&TopicPartition::new(&tracked, 1), "next")).expect("produced");
    let ends = producer.drain(LIMIT).expect("drained");
    assert_eq!(ends.values().copied().collect::<Vec<_>>(), [7], "5 records, 1 marker, 1 record");
    producer.commit(LIMIT).expect("committed");
}

#[test]
fn a_newer_producer_fences_the_older() {
    let Some(fixture) = Fixture::open("fence") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut old = fixture.producer("p", &[]);
    begin_with(&mut *old, &partition, &["old"]);
    let mut new = fixture.producer("p", &[]);
    let error = old.commit(LIMIT).expect_err("fenced");
    assert!(matches!(error, Error::Fenced { by: FencedBy::Producer, .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("(transactional id {})", fixture.name("p"))), "{error}");
    write(&mut *new, &partition, &["new"]);
    assert_eq!(values(&fixture.read(Isolation::ReadCommitted, &partition)), ["new"]);
}

#[test]
fn a_fenced_producer_cannot_produce_either() {
    let Some(fixture) = Fixture::open("fence-produce") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut old = fixture.producer("p", &[]);
    write(&mut *old, &partition, &["before"]);
    let _new = fixture.producer("p", &[]);
    old.begin().expect("begun, without a request");
    let error = old.produce(&placed(&partition, "zombie")).and_then(|()| old.drain(LIMIT)).expect_err("fenced");
    assert!(matches!(error, Error::Fenced { by: FencedBy::Producer, .. }), "{error:?}");
    assert_eq!(values(&fixture.read(Isolation::ReadCommitted, &partition)), ["before"]);
}

#[test]
fn a_dropped_producers_transaction_is_ended_by_the_next_init() {
    let Some(fixture) = Fixture::open("drop-open") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut producer = fixture.producer("p", &[]);
    begin_with(&mut *producer, &partition, &["lost"]);
    producer.produce(&placed(&partition, "not even sent")).expect("produced");
    drop(producer);
    let mut producer = fixture.producer("p", &[]);
    write(&mut *producer, &partition, &["kept"]);
    assert_eq!(values(&fixture.read(Isolation::ReadCommitted, &partition)), ["kept"]);
}

#[test]
fn a_record_that_is_too_large_leaves_the_transaction_usable() {
    let Some(fixture) = Fixture::open("large") else { return };
    let fixture = fixture.with(|settings| settings.message_max_bytes = 100_000);
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut producer = fixture.producer("p", &[]);
    producer.begin().expect("begun");
    producer.produce(&placed(&partition, "before")).expect("produced");
    let error = producer.produce(&placed(&partition, &"x".repeat(200_000))).expect_err("too large");
    assert!(matches!(error, Error::TooLarge { size: 200_001, .. }), "{error:?}");
    producer.produce(&placed(&partition, "after")).expect("produced");
    producer.commit(LIMIT).expect("committed");
    assert_eq!(values(&fixture.read(Isolation::ReadCommitted, &partition)), ["before", "after"]);
}

#[test]
fn a_record_that_the_topic_refuses_fails_the_drain() {
    let Some(fixture) = Fixture::open("refused") else { return };
    let topic = fixture.topic_with("t", 1, &[("max.message.bytes", "1000")]);
    let partition = TopicPartition::new(&topic, 0);
    let mut producer = fixture.producer("p", &[]);
    producer.begin().expect("begun");
    // Random bytes do not compress.
    let mut chance = fastrand::Rng::with_seed(1);
    let noise: String = (0..20_000).map(|_| chance.alphanumeric()).collect();
    producer.produce(&placed(&partition, &noise)).expect("the client accepts it");
    let error = producer.drain(LIMIT).expect_err("the broker does not");
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    producer.abort(LIMIT).expect("aborted");
    write(&mut *producer, &partition, &["small"]);
}

#[test]
fn records_are_not_batched_beyond_what_their_topic_accepts() {
    let Some(fixture) = Fixture::open("small-batches") else { return };
    let topic = fixture.topic_with("t", 1, &[("max.message.bytes", "20000")]);
    let partition = TopicPartition::new(&topic, 0);
    let spec = ProducerSpec { batch_bytes_max: Some(19_500), ..ProducerSpec::transactional(&fixture.name("p")) };
    let mut producer = fixture.broker.producer(&spec).expect("a producer");
    producer.init(LIMIT).expect("initialised");
    // Random bytes do not compress.
    let mut chance = fastrand::Rng::with_seed(2);
    let noise: Vec<String> = (0..300).map(|_| (0..2_000).map(|_| chance.alphanumeric()).collect()).collect();
    write(&mut *producer, &partition, &noise.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(fixture.read(Isolation::ReadCommitted, &partition).len(), 300);
}

#[test]
fn ten_megabytes_are_a_record() {
    let Some(fixture) = Fixture::open("ten-megabytes") else { return };
    let topic = fixture.topic_with("t", 1, &[("max.message.bytes", "11000000")]);
    let partition = TopicPartition::new(&topic, 0);
    let mut producer = fixture.producer("p", &[]);
    let value = "x".repeat(10_000_000);
    write(&mut *producer, &partition, &[&value]);
    let records = fixture.read(Isolation::ReadCommitted, &partition);
    assert_eq!(records.first().and_then(|record| record.value.as_ref()).map(Bytes::len), Some(10_000_000));
}

#[test]
fn a_topic_that_does_not_exist_is_named() {
    let Some(fixture) = Fixture::open("no-topic") else { return };
    let fixture = fixture.with(|settings| {
        settings.properties.insert("topic.metadata.propagation.max.ms".to_owned(), "500".to_owned());
    });
    let topic = Topic::new(&fixture.name("nowhere"));
    let mut producer = fixture.producer("p", &[]);
    producer.begin().expect("begun");
    let error = producer.produce(&keyed(&topic, "k", "v")).and_then(|()| producer.drain(LIMIT)).expect_err("nowhere");
    assert!(matches!(&error, Error::Fatal { detail, .. } if detail.contains(topic.as_str())), "{error:?}");
    producer.abort(LIMIT).expect("aborted");
}

#[test]
fn a_keys_partition_is_kafkas_murmur2() {
    let Some(fixture) = Fixture::open("murmur2") else { return };
    let topic = fixture.topic("t", 7);
    let mut producer = fixture.producer("p", &[]);
    producer.begin().expect("begun");
    for number in 0..200 {
        producer.produce(&keyed(&topic, &format!("key-{number}"), "v")).expect("produced");
    }
    producer.commit(LIMIT).expect("committed");
    let mut count = 0;
    for partition in 0..7 {
        for record in fixture.read(Isolation::ReadCommitted, &TopicPartition::new(&topic, partition)) {
            assert_eq!(partitioner(record.key.as_deref().expect("a key"), 7), partition, "{record:?}");
            count += 1;
        }
    }
    assert_eq!(count, 200);
}

#[test]
fn more_records_than_the_queue_holds_go_through() {
    let Some(fixture) = Fixture::open("full-queue") else { return };
    let fixture = fixture.with(|settings| {
        settings.properties.insert("queue.buffering.max.messages".to_owned(), "100".to_owned());
    });
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut producer = fixture.producer("p", &[&partition.topic]);
    producer.begin().expect("begun");
    for _ in 0..5000 {
        producer.produce(&placed(&partition, "v")).expect("produced");
    }
    assert_eq!(producer.drain(LIMIT).expect("drained").get(&partition), Some(&5000));
    producer.commit(LIMIT).expect("committed");
}

#[test]
fn a_transaction_that_outlives_its_time_out_is_aborted_by_the_broker() {
    let Some(fixture) = Fixture::open("txn-time-out") else { return };
    let fixture = fixture.with(|settings| settings.transaction_timeout = Duration::from_secs(2));
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut producer = fixture.producer("p", &[]);
    begin_with(&mut *producer, &partition, &["late"]);
    let mut reader = fixture.reader(Isolation::ReadCommitted, std::slice::from_ref(&partition), Start::Beginning);
    let mut records = Vec::new();
    until("the abort's marker has been passed", || {
        reader.poll(10, &mut records, Duration::from_millis(100)).expect("polled");
        reader.position(&partition) == Some(2)
    });
    let error = producer.commit(LIMIT).expect_err("aborted");
    println!("the commit of a timed-out transaction says: {error:?}");
    assert!(!matches!(error, Error::TooLarge { .. } | Error::OutOfRange { .. }), "{error:?}");
    assert!(records.is_empty());
    drop(producer);
    let mut next = fixture.producer("p", &[]);
    write(&mut *next, &partition, &["next"]);
}
