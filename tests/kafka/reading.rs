//! Checks of positions and start offsets, for members and for readers.

use std::time::Duration;

use sheaf::broker::{Error, GroupEvent, Isolation, Start};
use sheaf::model::{Topic, TopicPartition};

use super::fixture::{Fixture, LIMIT, Member, begin_with, per_partition, until, values, write};

/// A topic whose only partition ends in an aborted record and its marker: offsets 0 a, 1 marker, 2 b, 3 marker.
fn with_aborted_tail(fixture: &Fixture) -> TopicPartition {
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut producer = fixture.producer("p", &[]);
    write(&mut *producer, &partition, &["a"]);
    begin_with(&mut *producer, &partition, &["b"]);
    producer.abort(LIMIT).expect("aborted");
    partition
}

/// A member whose partition of the topic is assigned from a start.
fn at(fixture: &Fixture, topic: &Topic, start: Start) -> Member {
    let mut member = fixture.member(&[topic]);
    until("the partition is offered", || {
        let Some(GroupEvent::Assigned(list)) = member.consumer.poll().expect("polled") else { return false };
        let starts: Vec<_> = list.iter().map(|partition| (partition.clone(), start)).collect();
        member.consumer.assign(&starts).expect("assigned");
        member.owned.extend(list);
        true
    });
    member
}

#[test]
fn a_members_position_passes_markers_and_aborted_records() {
    let Some(fixture) = Fixture::open("member-position") else { return };
    let partition = with_aborted_tail(&fixture);
    let mut member = fixture.member(&[&partition.topic]);
    member.until("the record is there", |member| !member.records.is_empty());
    until("the position is behind the aborted record's marker", || {
        member.turn().expect("a turn");
        member.consumer.position(&partition) == Some(4)
    });
    assert_eq!(values(&member.records), ["a"]);
}

#[test]
fn a_members_position_is_never_ahead_of_what_was_fetched() {
    let Some(fixture) = Fixture::open("not-ahead") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut producer = fixture.producer("p", &[]);
    write(&mut *producer, &partition, &["0", "1", "2", "3", "4"]);
    write(&mut *producer, &partition, &["6"]);
    let mut member = at(&fixture, &partition.topic, Start::Beginning);
    let mut records = Vec::new();
    until("everything is fetched one by one", || {
        member.consumer.poll().expect("polled");
        member.consumer.fetch(&partition, 1, &mut records).expect("fetched");
        if let (Some(last), Some(position)) = (records.last(), member.consumer.position(&partition)) {
            let next = last.offset + 1;
            assert!(position == next || (next >= 5 && position == next + 1), "{position} after {}", last.offset);
        }
        records.len() == 6
    });
}

#[test]
fn a_members_position_is_unknown_before_anything_has_arrived() {
    let Some(fixture) = Fixture::open("no-position") else { return };
    let topic = fixture.topic("t", 1);
    let mut member = fixture.member(&[&topic]);
    member.owns(1);
    assert_eq!(member.consumer.position(&TopicPartition::new(&topic, 0)), None);
}

#[test]
fn a_member_starts_at_the_given_offset() {
    let Some(fixture) = Fixture::open("start-at") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut producer = fixture.producer("p", &[]);
    write(&mut *producer, &partition, &["0", "1", "2"]);
    let mut member = at(&fixture, &partition.topic, Start::At(2));
    member.until("the rest is there", |member| !member.records.is_empty());
    assert_eq!(values(&member.records), ["2"]);
}

#[test]
fn a_member_gets_an_error_again_and_again_for_an_offset_beyond_the_log() {
    let Some(fixture) = Fixture::open("beyond") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut producer = fixture.producer("p", &[]);
    write(&mut *producer, &partition, &["0"]);
    let mut member = at(&fixture, &partition.topic, Start::At(100));
    let mut error = None;
    until("the error is returned", || {
        error = member.turn().err();
        error.is_some()
    });
    assert_eq!(error, Some(Error::OutOfRange { partition: partition.clone() }));
    assert_eq!(member.turn().err(), error);
    assert_eq!(member.consumer.position(&partition), None);
}

#[test]
fn a_member_gets_an_error_for_a_deleted_offset() {
    let Some(fixture) = Fixture::open("deleted") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    write(&mut *fixture.producer("p", &[]), &partition, &["0", "1", "2"]);
    fixture.admin().delete_records(&[(partition.clone(), 2)], LIMIT).expect("deleted");
    let mut member = at(&fixture, &partition.topic, Start::At(0));
    let mut error = None;
    until("the error is returned", || {
        error = member.turn().err();
        error.is_some()
    });
    assert_eq!(error, Some(Error::OutOfRange { partition }));
}

#[test]
fn a_readers_position_comes_to_the_high_watermark_of_an_aborted_tail() {
    let Some(fixture) = Fixture::open("reader-position") else { return };
    let partition = with_aborted_tail(&fixture);
    until("the marker is written", || fixture.admin().watermarks(&partition, LIMIT).expect("watermarks") == (0, 4));
    // `read` returns when the position has reached the high watermark.
    assert_eq!(values(&fixture.read(Isolation::ReadCommitted, &partition)), ["a"]);
}

#[test]
fn a_reader_of_an_empty_partition_learns_its_position() {
    let Some(fixture) = Fixture::open("reader-empty") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    assert!(fixture.read(Isolation::ReadCommitted, &partition).is_empty());
}

#[test]
fn a_reader_reads_several_partitions_each_in_order() {
    let Some(fixture) = Fixture::open("reader-several") else { return };
    let topic = fixture.topic("t", 3);
    let partitions: Vec<_> = (0..3).map(|number| TopicPartition::new(&topic, number)).collect();
    let mut producer = fixture.producer("p", &[]);
    let texts: Vec<String> = (0..1500).map(|number| number.to_string()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for partition in &partitions {
        write(&mut *producer, partition, &texts);
    }
    let mut reader = fixture.reader(Isolation::ReadCommitted, &partitions, Start::Beginning);
    let mut records = Vec::new();
    until("everything is read", || {
        let before = records.len();
        reader.poll(700, &mut records, Duration::from_millis(200)).expect("polled");
        assert!(records.len() - before <= 700);
        records.len() == 4500
    });
    assert!(per_partition(&records).values().all(|count| *count == 1500));
    for partition in &partitions {
        let offsets: Vec<i64> =
            records.iter().filter(|record| record.source == *partition).map(|record| record.offset).collect();
        assert!(offsets.is_sorted());
        until("the marker is passed", || {
            reader.poll(1, &mut records, Duration::from_millis(50)).expect("polled");
            reader.position(partition) == Some(1501)
        });
    }
}

#[test]
fn a_reader_can_seek() {
    let Some(fixture) = Fixture::open("reader-again") else { return };
    let topic = fixture.topic("t", 2);
    let (first, second) = (TopicPartition::new(&topic, 0), TopicPartition::new(&topic, 1));
    let mut producer = fixture.producer("p", &[]);
    write(&mut *producer, &first, &["0", "1", "2"]);
    write(&mut *producer, &second, &["x"]);
    let mut reader = fixture.reader(Isolation::ReadCommitted, std::slice::from_ref(&first), Start::Beginning);
    let mut records = Vec::new();
    until("the first partition is read", || {
        reader.poll(10, &mut records, Duration::from_millis(100)).expect("polled");
        records.len() == 3
    });
    records.clear();
    reader.assign(&[(first, Start::At(2)), (second, Start::At(0))]).expect("assigned anew");
    until("both are read from their new places", || {
        reader.poll(10, &mut records, Duration::from_millis(100)).expect("polled");
        records.len() >= 2
    });
    let mut read = values(&records);
    read.sort();
    assert_eq!(read, ["2", "x"]);
}

#[test]
fn a_reader_at_the_end_sees_only_later_records() {
    let Some(fixture) = Fixture::open("reader-end") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut producer = fixture.producer("p", &[]);
    write(&mut *producer, &partition, &["old"]);
    until("the marker is written", || fixture.admin().watermarks(&partition, LIMIT).expect("watermarks") == (0, 2));
    let mut reader = fixture.reader(Isolation::ReadCommitted, std::slice::from_ref(&partition), Start::End);
    let mut records = Vec::new();
    until("it knows where the end is", || {
        reader.poll(10, &mut records, Duration::from_millis(100)).expect("polled");
        reader.position(&partition) == Some(2)
    });
    write(&mut *producer, &partition, &["new"]);
    until("the new record is there", || {
        reader.poll(10, &mut records, Duration::from_millis(100)).expect("polled");
        !records.is_empty()
    });
    assert_eq!(values(&records), ["new"]);
}

#[test]
fn a_reader_gets_an_error_for_an_offset_outside_the_log() {
    let Some(fixture) = Fixture::open("reader-range") else { return };
    let partition = TopicPartition::new(&fixture.topic("t", 1), 0);
    let mut reader = fixture.reader(Isolation::ReadCommitted, std::slice::from_ref(&partition), Start::At(5));
    let mut error = None;
    until("the error is returned", || {
        error = reader.poll(10, &mut Vec::new(), Duration::from_millis(100)).err();
        error.is_some()
    });
    assert_eq!(error, Some(Error::OutOfRange { partition }));
}
