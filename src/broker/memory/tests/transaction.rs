//! Time-outs, lost responses and successors.

use std::time::Duration;

use super::{Bench, NO_TIME, join, open, producer, record, settle, write};
use crate::broker::memory::{Fault, FaultKind, Operation, Settings};
use crate::broker::{Error, FencedBy, Waker};

fn lost(operation: Operation, kind: FaultKind) -> Fault {
    Fault { operation, process: None, kind, times: 1 }
}

fn is_fenced(error: &Error) -> bool {
    matches!(error, Error::Fenced { by: FencedBy::Producer, .. })
}

#[test]
fn a_transaction_that_is_open_for_too_long_is_aborted_and_its_producer_fenced() {
    let bench = Bench::new(Settings::default());
    let mut slow = producer(&bench.broker, "slow");
    open(slow.as_mut(), &bench.at(0), "slow");
    write(producer(&bench.broker, "quick").as_mut(), &bench.at(0), "quick");
    bench.pass(Duration::from_millis(14_999));
    bench.broker.tick();
    assert_eq!((bench.committed().len(), bench.broker.open_transactions()), (0, 1));
    bench.pass(Duration::from_millis(1));
    bench.broker.tick();
    assert_eq!((bench.committed(), bench.broker.open_transactions()), (vec!["quick".to_owned()], 0));
    assert!(is_fenced(&slow.commit(NO_TIME).unwrap_err()));
    assert!(is_fenced(&slow.begin().unwrap_err()), "once fenced, always fenced");
}

#[test]
fn a_transaction_that_was_only_begun_does_not_time_out() {
    let bench = Bench::new(Settings::default());
    let mut producer = producer(&bench.broker, "w");
    producer.begin().unwrap();
    bench.pass(Settings::default().transaction_timeout * 2);
    producer.produce(&record(&bench.at(0), "k", "a")).unwrap();
    producer.commit(NO_TIME).unwrap();
    assert_eq!(bench.committed(), ["a"]);
}

#[test]
fn a_commit_whose_request_was_lost_did_not_happen() {
    let bench = Bench::new(Settings::default());
    let mut first = producer(&bench.broker, "w");
    open(first.as_mut(), &bench.at(0), "a");
    bench.broker.inject(lost(Operation::Commit, FaultKind::TimeoutBefore));
    assert!(matches!(first.commit(NO_TIME), Err(Error::TimedOut { operation: "commit", .. })));
    assert_eq!(bench.broker.open_transactions(), 1);
    producer(&bench.broker, "w");
    assert_eq!((bench.committed().len(), bench.broker.open_transactions()), (0, 0));
}

#[test]
fn a_commit_whose_answer_was_lost_did_happen() {
    let bench = Bench::new(Settings::default());
    let mut producer = producer(&bench.broker, "w");
    open(producer.as_mut(), &bench.at(0), "a");
    bench.broker.inject(lost(Operation::Commit, FaultKind::TimeoutAfter));
    assert!(matches!(producer.commit(NO_TIME), Err(Error::TimedOut { .. })));
    assert_eq!(bench.committed(), ["a"]);
}

#[test]
fn a_producer_whose_outcome_is_unknown_is_of_no_more_use() {
    let bench = Bench::new(Settings::default());
    let mut producer = producer(&bench.broker, "w");
    open(producer.as_mut(), &bench.at(0), "a");
    bench.broker.inject(lost(Operation::Commit, FaultKind::TimeoutBefore));
    assert!(matches!(producer.commit(NO_TIME), Err(Error::TimedOut { .. })));
    for answer in [producer.commit(NO_TIME), producer.abort(NO_TIME), producer.begin()] {
        assert!(matches!(answer, Err(Error::Fatal { .. })), "{answer:?}");
    }
}

#[test]
fn a_prepared_commit_hides_until_a_successor_completes_it() {
    let bench = Bench::new(Settings::default());
    let mut consumer = join(&bench.broker, None, Waker::none());
    settle([consumer.as_mut()]);
    let mut first = producer(&bench.broker, "w");
    open(first.as_mut(), &bench.at(0), "a");
    first.send_offsets(&[(bench.at(1), 5)], &consumer.group().unwrap(), NO_TIME).unwrap();
    bench.broker.inject(lost(Operation::Commit, FaultKind::TimeoutPrepared));
    assert!(matches!(first.commit(NO_TIME), Err(Error::TimedOut { .. })));
    assert_eq!(bench.committed().len(), 0);
    assert_eq!(consumer.committed(&[bench.at(1)], NO_TIME), Err(Error::Unstable));
    producer(&bench.broker, "w");
    assert_eq!(bench.committed(), ["a"]);
    assert_eq!(consumer.committed(&[bench.at(1)], NO_TIME), Ok(vec![Some(5)]));
}

#[test]
fn a_partition_may_end_later_than_the_offsets_of_its_transaction() {
    let bench = Bench::new(Settings::default());
    let mut consumer = join(&bench.broker, None, Waker::none());
    settle([consumer.as_mut()]);
    let mut producer = producer(&bench.broker, "w");
    open(producer.as_mut(), &bench.at(0), "a");
    producer.send_offsets(&[(bench.at(1), 5)], &consumer.group().unwrap(), NO_TIME).unwrap();
    bench.broker.inject(lost(Operation::Commit, FaultKind::ScatteredMarkers));
    producer.commit(NO_TIME).unwrap();
    assert_eq!(consumer.committed(&[bench.at(1)], NO_TIME), Ok(vec![Some(5)]));
    assert_eq!(bench.committed().len(), 0);
    bench.pass(Settings::default().marker_delay);
    bench.broker.tick();
    assert_eq!(bench.committed(), ["a"]);
}

#[test]
fn markers_that_are_late_come_before_the_next_transaction() {
    let bench = Bench::new(Settings::default());
    let mut producer = producer(&bench.broker, "w");
    open(producer.as_mut(), &bench.at(0), "a");
    bench.broker.inject(lost(Operation::Commit, FaultKind::LateMarkers));
    producer.commit(NO_TIME).unwrap();
    assert_eq!(bench.committed().len(), 0);
    open(producer.as_mut(), &bench.at(0), "b");
    assert_eq!(bench.committed(), ["a"]);
}

#[test]
fn a_prepared_commit_completes_by_itself_after_a_while() {
    let bench = Bench::new(Settings::default());
    let mut producer = producer(&bench.broker, "w");
    open(producer.as_mut(), &bench.at(0), "a");
    bench.broker.inject(lost(Operation::Commit, FaultKind::TimeoutPrepared));
    assert!(matches!(producer.commit(NO_TIME), Err(Error::TimedOut { .. })));
    bench.pass(Settings::default().marker_delay);
    bench.broker.tick();
    assert_eq!(bench.committed(), ["a"]);
}

#[test]
fn an_init_whose_answer_was_lost_has_fenced() {
    let bench = Bench::new(Settings::default());
    let mut old = producer(&bench.broker, "w");
    open(old.as_mut(), &bench.at(0), "a");
    let spec = crate::broker::ProducerSpec::transactional("w");
    let mut new = crate::broker::Broker::producer(&bench.broker, &spec).unwrap();
    bench.broker.inject(lost(Operation::Init, FaultKind::TimeoutAfter));
    assert!(matches!(new.init(NO_TIME), Err(Error::TimedOut { .. })));
    assert!(is_fenced(&old.commit(NO_TIME).unwrap_err()));
}

#[test]
fn a_record_that_was_lost_fails_its_transaction() {
    let bench = Bench::new(Settings::default());
    for kind in [FaultKind::TimeoutBefore, FaultKind::TimeoutAfter] {
        let mut producer = producer(&bench.broker, "w");
        producer.begin().unwrap();
        bench.broker.inject(lost(Operation::Produce, kind));
        producer.produce(&record(&bench.at(0), "k", "a")).unwrap();
        assert!(matches!(producer.drain(NO_TIME), Err(Error::Abortable { .. })));
        assert!(matches!(producer.commit(NO_TIME), Err(Error::Abortable { .. })));
        producer.abort(NO_TIME).unwrap();
    }
    assert_eq!((bench.committed().len(), bench.broker.open_transactions()), (0, 0));
}

#[test]
fn the_later_request_of_an_offset_wins_whoever_commits_last() {
    let bench = Bench::new(Settings::default());
    let mut consumer = join(&bench.broker, None, Waker::none());
    settle([consumer.as_mut()]);
    let (mut k, mut next) = (producer(&bench.broker, "k"), producer(&bench.broker, "k+1"));
    for (producer, offset) in [(&mut next, 20), (&mut k, 10)] {
        producer.begin().unwrap();
        producer.send_offsets(&[(bench.at(0), offset)], &consumer.group().unwrap(), NO_TIME).unwrap();
    }
    k.commit(NO_TIME).unwrap();
    next.commit(NO_TIME).unwrap();
    assert_eq!(bench.broker.committed_offset("g", &bench.at(0)), Some(10));
}
