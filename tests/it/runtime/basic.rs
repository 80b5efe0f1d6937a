//! Transactions through crashes, hand-overs and lost answers.

use std::time::Duration;

use sheaf::broker::memory::{Fault, FaultKind, Operation};
use sheaf::model::Topic;

use super::support::{run_until_idle, send, values, world};

#[test]
fn records_are_keyed_counted_and_forwarded() {
    let mut world = world();
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("1")), ("y", Some("1")), ("x", Some("2"))]);
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2", "y=1"]);
}

#[test]
fn a_rejected_input_becomes_a_dead_letter_and_the_partition_continues() {
    let mut world = world();
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("1")), ("x", None), ("x", Some("poison")), ("x", Some("2"))]);
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2"]);
    assert_eq!(values(&world, "app-dead-letters"), ["x=null", "x=poison"]);
    let letters = world.broker().committed_records(&Topic::new("app-dead-letters"));
    let mut reasons: Vec<_> = letters.iter().filter_map(|it| it.headers.text("__sheaf.errors.reason")).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["no_value", "unparsable"]);
    assert!(letters.iter().all(|it| it.headers.text("__sheaf.errors.topic") == Some("events")));
}

#[test]
fn a_timer_fires_after_a_crash_and_a_lost_disk() {
    let mut world = world();
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("1")), ("x", Some("2"))]);
    run_until_idle(&mut world);
    world.crash("a");
    for partition in 0..4 {
        world.disk("a").wipe(&format!("counter-{partition}"));
    }
    world.start("a").unwrap();
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2"]);
    for _ in 0..400 {
        world.clock().advance(Duration::from_secs(10));
        world.turn().unwrap();
    }
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2", "x=done at 2"]);
}

#[test]
fn a_second_instance_takes_over_the_state_of_the_first() {
    let mut world = world();
    world.start("a").unwrap();
    run_until_idle(&mut world);
    let keys: Vec<String> = (0..40).map(|number| format!("key-{number:02}")).collect();
    let events: Vec<_> = keys.iter().map(|key| (key.as_str(), Some("1"))).collect();
    send(&world, &events);
    run_until_idle(&mut world);
    world.start("b").unwrap();
    run_until_idle(&mut world);
    send(&world, &events);
    run_until_idle(&mut world);
    world.crash("a");
    for _ in 0..20 {
        world.clock().advance(Duration::from_secs(5));
        world.turn().unwrap();
    }
    run_until_idle(&mut world);
    send(&world, &events);
    run_until_idle(&mut world);
    let mut expected: Vec<String> = keys.iter().flat_map(|key| (1..=3).map(move |n| format!("{key}={n}"))).collect();
    expected.sort();
    assert_eq!(values(&world, "counts"), expected);
}

/// Each transactional call fails in each way while events are processed.
#[test]
fn a_lost_answer_of_any_transactional_call_loses_and_duplicates_nothing() {
    let operations =
        [Operation::Begin, Operation::Produce, Operation::Drain, Operation::SendOffsets, Operation::Commit];
    let kinds = [
        FaultKind::TimeoutBefore,
        FaultKind::TimeoutAfter,
        FaultKind::TimeoutPrepared,
        FaultKind::Transient,
        FaultKind::Unreachable,
    ];
    for operation in operations {
        for kind in kinds {
            let mut world = world();
            world.start("a").unwrap();
            run_until_idle(&mut world);
            send(&world, &[("x", Some("1"))]);
            run_until_idle(&mut world);
            world.broker().inject(Fault { operation, process: Some("a".to_owned()), kind, times: 1 });
            send(&world, &[("x", Some("1")), ("x", Some("1"))]);
            run_until_idle(&mut world);
            send(&world, &[("x", Some("1"))]);
            run_until_idle(&mut world);
            assert_eq!(values(&world, "counts"), ["x=1", "x=2", "x=3", "x=4"], "{operation:?} {kind:?}");
        }
    }
}
