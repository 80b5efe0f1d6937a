//! Compaction, and logs whose offsets have gaps.

use bytes::Bytes;

use super::{Bench, NO_TIME, open, producer, record};
use crate::broker::memory::{MemoryBroker, Settings};
use crate::broker::{Broker, Isolation, Producer, Start};
use crate::model::{OutRecord, TopicPartition};

/// Writes each pair of key and value (a tombstone without one) in a transaction of its own.
fn write_all(producer: &mut dyn Producer, to: &TopicPartition, pairs: &[(&str, Option<&'static str>)]) {
    for (key, value) in pairs {
        let value = value.map(|text| Bytes::from_static(text.as_bytes()));
        producer.begin().unwrap();
        producer.produce(&OutRecord { value, ..record(to, key, "") }).unwrap();
        producer.commit(NO_TIME).unwrap();
    }
}

/// The offsets that a reader of committed records is given, and where it stands afterwards.
fn offsets(broker: &MemoryBroker, of: &TopicPartition, start: Start) -> (Vec<i64>, Option<i64>) {
    let mut reader = broker.reader(Isolation::ReadCommitted).unwrap();
    reader.assign(&[(of.clone(), start)]).unwrap();
    let mut out = Vec::new();
    reader.poll(100, &mut out, NO_TIME).unwrap();
    (out.iter().map(|record| record.offset).collect(), reader.position(of))
}

#[test]
fn compaction_keeps_the_last_value_of_each_key_at_its_offset() {
    let bench = Bench::new(Settings::default());
    let to = bench.at(0);
    let mut producer = producer(&bench.broker, "w");
    write_all(producer.as_mut(), &to, &[("a", Some("1")), ("b", Some("1")), ("a", Some("2")), ("b", None)]);
    bench.broker.compact(&bench.topic, false);
    assert_eq!(offsets(&bench.broker, &to, Start::Beginning), (vec![4, 6], Some(8)));
    // A position in the gap goes on with the next record that is left.
    assert_eq!(offsets(&bench.broker, &to, Start::At(1)), (vec![4, 6], Some(8)));
    bench.broker.compact(&bench.topic, true);
    assert_eq!(offsets(&bench.broker, &to, Start::Beginning), (vec![4], Some(8)));
    assert_eq!(bench.broker.admin().unwrap().watermarks(&to, NO_TIME), Ok((0, 8)));
}

#[test]
fn compaction_counts_neither_aborted_nor_open_transactions() {
    let bench = Bench::new(Settings::default());
    let to = bench.at(0);
    let mut producer_of_aborts = producer(&bench.broker, "aborts");
    write_all(producer_of_aborts.as_mut(), &to, &[("k", Some("1"))]);
    open(producer_of_aborts.as_mut(), &to, "aborted");
    producer_of_aborts.abort(NO_TIME).unwrap();
    let mut slow = producer(&bench.broker, "slow");
    open(slow.as_mut(), &to, "open");
    bench.broker.compact(&bench.topic, true);
    assert_eq!(bench.committed(), ["1"]);
    slow.commit(NO_TIME).unwrap();
    assert_eq!(bench.committed(), ["1", "open"]);
    bench.broker.compact(&bench.topic, true);
    assert_eq!(bench.committed(), ["open"]);
}

#[test]
fn records_of_an_open_transaction_can_be_deleted() {
    let bench = Bench::new(Settings::default());
    let to = bench.at(0);
    let mut slow = producer(&bench.broker, "slow");
    open(slow.as_mut(), &to, "a");
    slow.produce(&record(&to, "k", "b")).unwrap();
    bench.broker.admin().unwrap().delete_records(&[(to.clone(), 1)], NO_TIME).unwrap();
    assert_eq!(offsets(&bench.broker, &to, Start::Beginning), (vec![], Some(1)));
    slow.abort(NO_TIME).unwrap();
    assert_eq!(offsets(&bench.broker, &to, Start::Beginning), (vec![], Some(3)));
}

#[test]
fn an_abort_marks_only_its_own_records() {
    let bench = Bench::new(Settings::default());
    let to = bench.at(0);
    let (mut one, mut other) = (producer(&bench.broker, "one"), producer(&bench.broker, "other"));
    open(one.as_mut(), &to, "one");
    open(other.as_mut(), &to, "other");
    one.abort(NO_TIME).unwrap();
    assert_eq!(bench.committed().len(), 0);
    other.commit(NO_TIME).unwrap();
    assert_eq!(bench.committed(), ["other"]);
    assert_eq!(bench.broker.all_records(&bench.topic).len(), 2);
}

#[test]
fn a_reader_that_may_wait_is_woken_by_a_commit() {
    let bench = Bench::new(Settings { blocking: true, ..Settings::default() });
    let to = bench.at(0);
    let mut reader = bench.broker.reader(Isolation::ReadCommitted).unwrap();
    reader.assign(&[(to.clone(), Start::Beginning)]).unwrap();
    let mut producer = producer(&bench.broker, "w");
    std::thread::scope(|scope| {
        scope.spawn(|| write_all(producer.as_mut(), &to, &[("k", Some("a"))]));
        let mut out = Vec::new();
        while out.is_empty() {
            // An hour: a wake-up that is lost would be noticed.
            reader.poll(1, &mut out, std::time::Duration::from_hours(1)).unwrap();
        }
    });
}
