//! Logs: records with their keys, headers and timestamps, positions and seeks.

use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::{Error, Isolation, Start};
use sheaf::model::{Header, Headers, OutRecord, Timestamp, TopicPartition};

use super::driver::{
    TIMEOUT, committed, partition, poll_for_a_while, read_all, reader, record, take, topic, unique_producer, until,
    values, write,
};
use super::{Check, Cluster};

pub(super) const CHECKS: &[Check] = &[
    ("a_position_passes_the_marker_of_a_commit", a_position_passes_the_marker_of_a_commit),
    ("a_position_passes_an_aborted_tail", a_position_passes_an_aborted_tail),
    ("tombstones_and_null_keys_arrive", tombstones_and_null_keys_arrive),
    ("headers_keep_their_order_nulls_and_duplicates", headers_keep_their_order_nulls_and_duplicates),
    ("a_create_time_is_kept", a_create_time_is_kept),
    ("an_offset_is_found_by_the_time_of_its_record", an_offset_is_found_by_the_time_of_its_record),
    ("an_append_time_replaces_the_create_time", an_append_time_replaces_the_create_time),
    ("deleted_offsets_are_out_of_range", deleted_offsets_are_out_of_range),
    ("the_beginning_is_after_deleted_records", the_beginning_is_after_deleted_records),
    ("an_offset_beyond_the_end_is_out_of_range", an_offset_beyond_the_end_is_out_of_range),
    ("a_reader_from_the_end_sees_only_later_records", a_reader_from_the_end_sees_only_later_records),
    ("a_reader_begins_at_an_offset", a_reader_begins_at_an_offset),
    ("one_reader_reads_several_partitions", one_reader_reads_several_partitions),
    ("a_poll_returns_at_most_the_allowed_records", a_poll_returns_at_most_the_allowed_records),
];

fn a_position_passes_the_marker_of_a_commit(cluster: &dyn Cluster) {
    let to = partition(cluster);
    write(unique_producer(cluster).as_mut(), &to, &["a", "b"]);
    let mut reader = reader(cluster, Isolation::ReadCommitted, std::slice::from_ref(&to), Start::Beginning);
    take(cluster, reader.as_mut(), 2);
    until(cluster, "the position is after the marker", || {
        reader.poll(1, &mut Vec::new(), TIMEOUT / 100).unwrap();
        (reader.position(&to) == Some(3)).then_some(())
    });
    assert_eq!(cluster.broker().admin().unwrap().watermarks(&to, TIMEOUT), Ok((0, 3)));
}

fn a_position_passes_an_aborted_tail(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let mut producer = unique_producer(cluster);
    write(producer.as_mut(), &to, &["a"]);
    super::driver::open(producer.as_mut(), &to, &["x", "y"]);
    producer.abort(TIMEOUT).unwrap();
    // Reads until the position has reached the high watermark: a, marker, x, y, marker.
    assert_eq!(committed(cluster, &to), ["a"]);
    assert_eq!(cluster.broker().admin().unwrap().watermarks(&to, TIMEOUT), Ok((0, 5)));
}

fn tombstones_and_null_keys_arrive(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let mut producer = unique_producer(cluster);
    producer.begin().unwrap();
    producer.produce(&OutRecord { value: None, ..record(&to, "k", "") }).unwrap();
    producer.produce(&OutRecord { key: None, partition: None, ..record(&to, "", "v") }).unwrap();
    producer.produce(&record(&to, "", "")).unwrap();
    producer.commit(TIMEOUT).unwrap();
    let found: Vec<_> = read_all(cluster, Isolation::ReadCommitted, &to)
        .into_iter()
        .map(|record| (record.offset, record.key, record.value))
        .collect();
    let bytes = |text: &'static str| Some(Bytes::from_static(text.as_bytes()));
    assert_eq!(found, [(0, bytes("k"), None), (1, None, bytes("v")), (2, bytes(""), bytes(""))]);
}

fn headers_keep_their_order_nulls_and_duplicates(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let header = |name: &str, value: Option<&'static str>| Header {
        name: name.to_owned().into(),
        value: value.map(|text| Bytes::from_static(text.as_bytes())),
    };
    let headers: Headers = [header("b", Some("1")), header("a", None), header("b", Some("2")), header("c", Some(""))]
        .into_iter()
        .collect();
    let mut producer = unique_producer(cluster);
    producer.begin().unwrap();
    producer.produce(&record(&to, "k", "v").with_headers(headers.clone())).unwrap();
    producer.produce(&record(&to, "k", "v")).unwrap();
    producer.commit(TIMEOUT).unwrap();
    let found = read_all(cluster, Isolation::ReadCommitted, &to);
    assert_eq!((&found[0].headers, found[1].headers.is_empty()), (&headers, true));
}

fn a_create_time_is_kept(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let at = Timestamp::from_millis(1_234_567_890_123);
    let mut producer = unique_producer(cluster);
    producer.begin().unwrap();
    producer.produce(&OutRecord { timestamp: Some(at), ..record(&to, "k", "v") }).unwrap();
    producer.commit(TIMEOUT).unwrap();
    assert_eq!(read_all(cluster, Isolation::ReadCommitted, &to)[0].timestamp, at);
}

fn an_offset_is_found_by_the_time_of_its_record(cluster: &dyn Cluster) {
    const FIRST: i64 = 1_234_567_890_123;
    let topic = topic(cluster, 2, &[]);
    let (to, empty) = (TopicPartition::new(&topic, 0), TopicPartition::new(&topic, 1));
    let mut producer = unique_producer(cluster);
    for millis in [0, 1_000, 2_000] {
        producer.begin().unwrap();
        let timestamp = Some(Timestamp::from_millis(FIRST + millis));
        producer.produce(&OutRecord { timestamp, ..record(&to, "k", "v") }).unwrap();
        producer.commit(TIMEOUT).unwrap();
    }
    let mut admin = cluster.broker().admin().unwrap();
    assert_eq!(admin.partitions(&topic, TIMEOUT).unwrap(), [to.clone(), empty.clone()]);
    // The marker behind the first record has the time of its commit, which is later than that of all records.
    for (millis, offset) in [(-5_000, 0), (0, 0), (1, 1), (2_001, 1)] {
        let found = admin.offsets_at(&[to.clone(), empty.clone()], Timestamp::from_millis(FIRST + millis), TIMEOUT);
        assert_eq!(found, Ok(vec![Some(offset), None]), "{millis}");
    }
    let (_, end) = admin.watermarks(&to, TIMEOUT).unwrap();
    assert_eq!(admin.ends(&[to.clone(), empty.clone()], TIMEOUT), Ok(vec![end, 0]));
    assert_eq!(admin.ends(&[], TIMEOUT), Ok(Vec::new()));
    let year_2100 = Timestamp::from_millis(4_102_444_800_000);
    assert_eq!(admin.offsets_at(&[to], year_2100, TIMEOUT), Ok(vec![None]));
    assert_eq!(admin.offsets_at(&[empty], Timestamp::MIN, TIMEOUT), Ok(vec![None]));
}

fn an_append_time_replaces_the_create_time(cluster: &dyn Cluster) {
    let to = TopicPartition::new(&topic(cluster, 1, &[("message.timestamp.type", "LogAppendTime")]), 0);
    let long_ago = Timestamp::from_millis(1_000_000);
    let mut producer = unique_producer(cluster);
    producer.begin().unwrap();
    producer.produce(&OutRecord { timestamp: Some(long_ago), ..record(&to, "k", "v") }).unwrap();
    producer.commit(TIMEOUT).unwrap();
    let found = read_all(cluster, Isolation::ReadCommitted, &to)[0].timestamp;
    assert!(found.since(long_ago) > Duration::from_secs(1_000_000_000), "{found}");
}

fn deleted_offsets_are_out_of_range(cluster: &dyn Cluster) {
    let to = partition(cluster);
    write(unique_producer(cluster).as_mut(), &to, &["a", "b", "c"]);
    cluster.broker().admin().unwrap().delete_records(&[(to.clone(), 2)], TIMEOUT).unwrap();
    refuses_offset(cluster, &to, 1);
}

fn an_offset_beyond_the_end_is_out_of_range(cluster: &dyn Cluster) {
    let to = partition(cluster);
    write(unique_producer(cluster).as_mut(), &to, &["a"]);
    refuses_offset(cluster, &to, 100);
}

fn refuses_offset(cluster: &dyn Cluster, partition: &TopicPartition, offset: i64) {
    let from = std::slice::from_ref(partition);
    let mut reader = reader(cluster, Isolation::ReadCommitted, from, Start::At(offset));
    let mut out = Vec::new();
    let error = until(cluster, "the offset is refused", || reader.poll(10, &mut out, TIMEOUT / 100).err());
    assert_eq!(error, Error::OutOfRange { partition: partition.clone() });
    assert!(out.is_empty(), "{:?}", values(&out));
}

fn the_beginning_is_after_deleted_records(cluster: &dyn Cluster) {
    let to = partition(cluster);
    write(unique_producer(cluster).as_mut(), &to, &["a", "b", "c"]);
    let mut admin = cluster.broker().admin().unwrap();
    admin.delete_records(&[(to.clone(), 2)], TIMEOUT).unwrap();
    assert_eq!(admin.watermarks(&to, TIMEOUT), Ok((2, 4)));
    // Deleting fewer records than are deleted already changes nothing.
    admin.delete_records(&[(to.clone(), 1)], TIMEOUT).unwrap();
    assert_eq!(committed(cluster, &to), ["c"]);
}

fn a_reader_from_the_end_sees_only_later_records(cluster: &dyn Cluster) {
    let to = partition(cluster);
    let mut producer = unique_producer(cluster);
    write(producer.as_mut(), &to, &["before"]);
    let mut reader = reader(cluster, Isolation::ReadCommitted, std::slice::from_ref(&to), Start::End);
    assert_eq!(poll_for_a_while(cluster, reader.as_mut()).len(), 0);
    write(producer.as_mut(), &to, &["after"]);
    assert_eq!(values(&take(cluster, reader.as_mut(), 1)), ["after"]);
}

fn a_reader_begins_at_an_offset(cluster: &dyn Cluster) {
    let to = partition(cluster);
    write(unique_producer(cluster).as_mut(), &to, &["a", "b", "c"]);
    let mut reader = reader(cluster, Isolation::ReadCommitted, std::slice::from_ref(&to), Start::At(1));
    let found = take(cluster, reader.as_mut(), 2);
    assert_eq!((values(&found), found[0].offset), (vec!["b".to_owned(), "c".to_owned()], 1));
}

fn one_reader_reads_several_partitions(cluster: &dyn Cluster) {
    let topic = topic(cluster, 2, &[]);
    let (zero, one) = (TopicPartition::new(&topic, 0), TopicPartition::new(&topic, 1));
    let mut producer = unique_producer(cluster);
    write(producer.as_mut(), &zero, &["a", "b"]);
    write(producer.as_mut(), &one, &["c"]);
    let mut reader = reader(cluster, Isolation::ReadCommitted, &[zero.clone(), one.clone()], Start::Beginning);
    let found = take(cluster, reader.as_mut(), 3);
    let of = |wanted: &TopicPartition| {
        let own: Vec<_> = found.iter().filter(|record| record.source == *wanted).cloned().collect();
        values(&own)
    };
    assert_eq!((of(&zero), of(&one)), (vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]));
}

fn a_poll_returns_at_most_the_allowed_records(cluster: &dyn Cluster) {
    let to = partition(cluster);
    write(unique_producer(cluster).as_mut(), &to, &["a", "b", "c"]);
    let mut reader = reader(cluster, Isolation::ReadCommitted, std::slice::from_ref(&to), Start::Beginning);
    let mut found = Vec::new();
    until(cluster, "all records have come", || {
        let mut out = Vec::new();
        reader.poll(2, &mut out, TIMEOUT / 100).unwrap();
        assert!(out.len() <= 2, "{:?}", values(&out));
        found.append(&mut out);
        (found.len() == 3).then_some(())
    });
    assert_eq!(values(&found), ["a", "b", "c"]);
}
