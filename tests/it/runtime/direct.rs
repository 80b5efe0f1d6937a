//! Direct handover: records that skip the inbox, and records that must not.

use std::sync::Arc;
use std::time::Duration;

use sheaf::broker::memory;
use sheaf::model::{Key, Moment, Reject, Topic};
use sheaf::processor::{Input, Processor, Transition, erase};
use sheaf::runtime::FaultPoint;
use sheaf::sim::{MakeSink, Setup, World};

use super::support::{Count, Counter, NoSink, metric, run_until_idle, send, send_to, setup, values, world};

const INBOX: &str = "app-counter-inbox";

/// Counts as [`Counter`] does; its results do not depend on the order of records.
struct OrderFree;

impl Processor for OrderFree {
    type State = Count;

    const ORDER_FREE: bool = true;

    fn step(&self, key: &Key, state: Option<Count>, input: Input, at: Moment) -> Result<Transition<Count>, Reject> {
        Counter.step(key, state, input, at)
    }
}

fn order_free(change: impl FnOnce(&mut Setup)) -> World {
    let sink: MakeSink = Box::new(|_| Arc::new(NoSink));
    let mut setup = setup(erase(OrderFree), sink, memory::Settings::default());
    change(&mut setup);
    World::new(setup)
}

/// Two instances, after a third one has crashed: `a` has the sources and some partitions of the inbox.
fn two_instances() -> World {
    let mut world = order_free(|_| {});
    for name in ["a", "b", "c"] {
        world.start(name).unwrap();
        run_until_idle(&mut world);
    }
    world.crash("c");
    for _ in 0..100 {
        world.clock().advance(Duration::from_secs(1));
        world.turn().unwrap();
    }
    let owned = world.status("a").unwrap().owned().len();
    assert!((1..4).contains(&owned), "a has {owned} tasks");
    world
}

/// The number of records in the inbox.
fn inbox_records(world: &World) -> usize {
    world.broker().all_records(&Topic::new(INBOX)).len()
}

/// The number of transactions of `a` for a hundred entries with this limit of bytes.
fn transactions(bytes_max: usize) -> u64 {
    let mut world = order_free(|setup| setup.settings.limits.bytes_max = bytes_max);
    let transactions = |world: &World| metric(world, "a", "sheaf_producer_transactions_total");
    world.start("a").unwrap();
    run_until_idle(&mut world);
    let before = transactions(&world);
    send_to(&world, 100);
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts").len(), 100);
    transactions(&world) - before
}

#[test]
fn a_transaction_ends_when_its_entries_are_large() {
    // A hundred events have 800 bytes, as have their outputs; their entries have more than twice as much.
    assert_eq!(transactions(1 << 20), 1);
    assert!((2..10).contains(&transactions(1_200)), "{}", transactions(1_200));
}

#[test]
fn records_of_an_order_free_processor_skip_the_inbox_of_an_owned_task() {
    let mut world = order_free(|_| {});
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("1")), ("y", Some("1")), ("x", Some("poison")), ("x", Some("2"))]);
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2", "y=1"]);
    assert_eq!(inbox_records(&world), 0);
    let letters = world.broker().committed_records(&Topic::new("app-dead-letters"));
    let origin: Vec<_> = letters.iter().filter_map(|it| it.headers.text("__sheaf.errors.topic")).collect();
    assert_eq!(origin, ["events"], "a dead letter names the source");
    let metrics = world.metrics("a").unwrap().encode().unwrap();
    assert!(
        metrics.contains("sheaf_processor_direct_records_total{application=\"app\",processor=\"counter\"} 4"),
        "{metrics}"
    );
}

#[test]
fn ordered_records_and_all_records_without_direct_handover_go_through_the_inbox() {
    for mut world in [world(), order_free(|setup| setup.settings.processing.direct_handover = false)] {
        world.start("a").unwrap();
        run_until_idle(&mut world);
        send(&world, &[("x", Some("1")), ("y", Some("1")), ("x", Some("2"))]);
        run_until_idle(&mut world);
        assert_eq!(values(&world, "counts"), ["x=1", "x=2", "y=1"]);
        assert_eq!(inbox_records(&world), 3);
    }
}

#[test]
fn records_of_another_instances_tasks_go_through_the_inbox() {
    let mut world = two_instances();
    send_to(&world, 100);
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts").len(), 100);
    assert!((1..100).contains(&inbox_records(&world)), "{} of 100 went through the inbox", inbox_records(&world));
}

#[test]
fn a_restoring_task_gets_its_events_through_the_inbox_afterwards() {
    let mut world = order_free(|_| {});
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send_to(&world, 20);
    run_until_idle(&mut world);
    world.crash("a");
    for partition in 0..4 {
        world.disk("a").wipe(&format!("counter-{partition}"));
    }
    world.start("a").unwrap();
    world.pause_restores("a", true);
    send_to(&world, 20);
    for _ in 0..50 {
        world.turn().unwrap();
        world.clock().advance(Duration::from_secs(1));
    }
    assert_eq!(inbox_records(&world), 20, "they wait in the inbox");
    world.pause_restores("a", false);
    run_until_idle(&mut world);
    let counts = values(&world, "counts");
    assert_eq!(counts.iter().filter(|count| count.ends_with("=2")).count(), 20, "{counts:?}");
    assert_eq!(counts.len(), 40);
}

#[test]
fn an_owner_that_is_paused_during_a_turn_processes_nothing_twice() {
    for point in [FaultPoint::Stepped, FaultPoint::Drained, FaultPoint::OffsetsSent, FaultPoint::Committed] {
        let mut world = two_instances();
        send_to(&world, 40);
        assert!((0..10).any(|_| world.turn_until("a", point).unwrap()), "a has work");
        // The others take over, after the session time-out and the transaction time-out.
        for _ in 0..300 {
            world.clock().advance(Duration::from_secs(1));
            world.turn().unwrap();
        }
        assert_eq!(values(&world, "counts").len(), 40, "{point}: the successor has processed all");
        drop(world.resume("a"));
        run_until_idle(&mut world);
        assert_eq!(values(&world, "counts").len(), 40, "{point}: the resumed instance has processed nothing more");
    }
}
