//! Faults hit the given calls as often as requested, and are the same for the same seed.

use std::sync::Arc;
use std::time::Duration;

use super::{Bench, NO_TIME, join, open, producer, record, settle, write};
use crate::broker::memory::{Chance, Fault, FaultKind, Operation, Settings};
use crate::broker::{Broker, Consumer, Error, Waker};

#[test]
fn a_fault_strikes_one_process_and_as_often_as_it_says() {
    let bench = Bench::new(Settings::default());
    let (a, b) = (bench.broker.process("a"), bench.broker.process("b"));
    let process = Some("a".to_owned());
    bench.broker.inject(Fault { operation: Operation::Begin, process, kind: FaultKind::Transient, times: 2 });
    let (mut of_a, mut of_b) = (producer(&a, "a"), producer(&b, "b"));
    of_b.begin().unwrap();
    for _ in 0..2 {
        assert!(matches!(of_a.begin(), Err(Error::Transient { operation: "begin", .. })));
    }
    of_a.begin().unwrap();
}

#[test]
fn an_unreachable_cluster_answers_nobody_until_it_is_healed() {
    let bench = Bench::new(Settings::default());
    let mut consumer = join(&bench.broker, None, Waker::none());
    settle([consumer.as_mut()]);
    let mut producer = producer(&bench.broker, "w");
    open(producer.as_mut(), &bench.at(0), "a");
    bench.broker.set_reachable(false);
    assert!(matches!(consumer.poll(), Err(Error::Unreachable { .. })));
    assert!(matches!(consumer.fetch(&bench.at(0), 1, &mut Vec::new()), Err(Error::Unreachable { .. })));
    // librdkafka retries the end of a transaction until its time-out.
    assert!(matches!(producer.commit(NO_TIME), Err(Error::TimedOut { .. })));
    bench.broker.set_reachable(true);
    consumer.poll().unwrap();
    assert_eq!(bench.committed().len(), 0);
}

#[test]
fn an_event_whose_answer_was_lost_comes_with_the_next_poll() {
    let bench = Bench::new(Settings::default());
    let mut consumer = join(&bench.broker, None, Waker::none());
    let fault = Fault { operation: Operation::Poll, process: None, kind: FaultKind::TimeoutAfter, times: 1 };
    bench.broker.inject(fault);
    assert!(matches!(consumer.poll(), Err(Error::TimedOut { .. })));
    assert_eq!(settle([consumer.as_mut()])[0].len(), 1);
}

#[test]
fn a_fetch_whose_answer_was_lost_loses_no_record() {
    let bench = Bench::new(Settings::default());
    let mut consumer = join(&bench.broker, None, Waker::none());
    settle([consumer.as_mut()]);
    write(producer(&bench.broker, "w").as_mut(), &bench.at(0), "a");
    for kind in [FaultKind::TimeoutBefore, FaultKind::TimeoutAfter] {
        bench.broker.inject(Fault { operation: Operation::Fetch, process: None, kind, times: 1 });
        assert!(matches!(consumer.fetch(&bench.at(0), 1, &mut Vec::new()), Err(Error::TimedOut { .. })));
    }
    let mut out = Vec::new();
    consumer.fetch(&bench.at(0), 1, &mut out).unwrap();
    assert_eq!(out.len(), 1);
}

#[test]
fn a_hook_lets_a_process_vanish_at_an_exact_call() {
    for (kind, found) in [(FaultKind::CrashBefore, 0), (FaultKind::CrashAfter, 1)] {
        let bench = Bench::new(Settings::default());
        let doomed = bench.broker.process("doomed");
        bench.broker.set_hook(Some(Arc::new(move |call| {
            (call.process == "doomed" && call.operation == Operation::Commit).then_some(kind)
        })));
        let mut old = producer(&doomed, "w");
        open(old.as_mut(), &bench.at(0), "a");
        assert!(matches!(old.commit(NO_TIME), Err(Error::Fatal { .. })));
        assert!(doomed.is_crashed() && !bench.broker.is_crashed());
        drop(old);
        assert_eq!(bench.broker.open_transactions(), 1 - found);
        producer(&bench.broker, "w");
        assert_eq!((bench.committed().len(), bench.broker.open_transactions()), (found, 0));
    }
}

#[test]
fn the_same_seed_gives_the_same_faults() {
    let run = |seed| {
        let bench = Bench::new(Settings::default());
        let chance = Chance { operation: Operation::Begin, kind: FaultKind::Transient, per_mille: 300 };
        bench.broker.inject_by_chance(seed, vec![chance]);
        let mut producer = producer(&bench.broker, "w");
        let mut begin = || {
            let is_begun = producer.begin().is_ok();
            producer.abort(NO_TIME).unwrap();
            is_begun
        };
        (0..200).map(|_| begin()).collect::<Vec<_>>()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
    let failed = run(7).iter().filter(|is_begun| !**is_begun).count();
    assert!((30..90).contains(&failed), "{failed} of 200 at 30 %");
}

#[test]
fn a_delayed_record_is_fetched_when_its_time_has_come() {
    let bench = Bench::new(Settings::default());
    let mut consumer = join(&bench.broker, None, Waker::none());
    settle([consumer.as_mut()]);
    bench.broker.set_fetch_delay(Duration::from_secs(5));
    bench.pass(Duration::from_secs(10));
    write(producer(&bench.broker, "w").as_mut(), &bench.at(0), "a");
    let fetch = |consumer: &mut dyn Consumer| {
        let mut out = Vec::new();
        consumer.fetch(&bench.at(0), 10, &mut out).unwrap();
        (out.len(), consumer.position(&bench.at(0)))
    };
    bench.pass(Duration::from_secs(4));
    assert_eq!(fetch(consumer.as_mut()), (0, Some(0)));
    bench.pass(Duration::from_secs(1));
    assert_eq!(fetch(consumer.as_mut()), (1, Some(2)));
}

#[test]
fn records_without_a_key_are_spread_the_same_way_for_the_same_seed() {
    let run = |seed| {
        let bench = Bench::new(Settings { seed, ..Settings::default() });
        let mut producer = producer(&bench.broker, "w");
        producer.begin().unwrap();
        for _ in 0..32 {
            let record = crate::model::OutRecord { partition: None, key: None, ..record(&bench.at(0), "", "v") };
            producer.produce(&record).unwrap();
        }
        producer.commit(NO_TIME).unwrap();
        let found = bench.broker.committed_records(&bench.topic);
        found.iter().map(|record| (record.source.partition, record.offset)).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    assert!(run(1).iter().any(|(partition, _)| *partition == 0) && run(1).iter().any(|(partition, _)| *partition == 1));
}

#[test]
fn healing_takes_every_fault_back() {
    let bench = Bench::new(Settings::default());
    let fault = Fault { operation: Operation::Admin, process: None, kind: FaultKind::Transient, times: 9 };
    bench.broker.inject(fault);
    bench.broker.set_hook(Some(Arc::new(|_| Some(FaultKind::Transient))));
    bench.broker.set_reachable(false);
    bench.broker.heal();
    assert_eq!(bench.broker.admin().unwrap().describe(&[], NO_TIME), Ok(Vec::new()));
}
