//! Unreadable entries: their task is rebuilt once, and no input is lost.

use std::cell::Cell;
use std::sync::Arc;

use bytes::Bytes;
use sheaf::broker::memory::{self, Fault, FaultKind, Operation};
use sheaf::codec::{self, Versioned};
use sheaf::model::{Act, ActSlot, Key, Moment, OutRecord, Reject, Target, Topic, Verdict};
use sheaf::processor::{Effect, Input, Processor, Transition, erase};
use sheaf::sim::World;

use super::support::{ManualSink, NoSink, failure_of, produce, run_until_idle, send, values, world_of};

thread_local! {
    /// The number of decodings that will fail. Each test runs its world on a thread of its own.
    static FAILURES: Cell<u32> = const { Cell::new(0) };
}

#[derive(Clone)]
struct Fragile(u64);

impl Versioned for Fragile {
    const VERSION: u16 = 1;
    const NAME: &'static str = "fragile";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        codec::binary::encode(&self.0, out)
    }

    fn decode(_version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        let left = FAILURES.get();
        FAILURES.set(left.saturating_sub(1));
        if left > 0 { Err(codec::Error::Corrupt("broken".to_owned())) } else { Ok(Self(codec::binary::decode(bytes)?)) }
    }
}

/// Counts records; the value `act` decides an act, whose outcome it forwards.
struct Counting;

impl Processor for Counting {
    type State = Fragile;

    fn step(
        &self,
        _key: &Key,
        state: Option<Fragile>,
        input: Input,
        _at: Moment,
    ) -> Result<Transition<Fragile>, Reject> {
        let forward = |text: String| Effect::forward("counts", text);
        let count = state.map_or(0, |count| count.0);
        Ok(match input {
            Input::Record(event) if event.record.value.as_deref() == Some(b"act") => {
                let valid_for = std::time::Duration::from_hours(1);
                let act = Act { slot: ActSlot(0), attempt: 1, to: Target::new("t"), valid_for, request: String::new() };
                Transition::to(Fragile(count)).with(Effect::Act(act))
            }
            Input::Record(_) => Transition::to(Fragile(count + 1)).with(forward((count + 1).to_string())),
            Input::Outcome(outcome) => Transition::to(Fragile(count))
                .with(forward(format!("{:?}", outcome.verdict)))
                .with(Effect::Settle(outcome.slot)),
            Input::Timer(_) | Input::Command(_) => Transition::to(Fragile(count)),
        })
    }
}

/// A world whose instance has counted x once and was restarted, so that its cache is empty.
fn restarted() -> World {
    let mut world = world_of(erase(Counting), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("1"))]);
    run_until_idle(&mut world);
    world.stop("a").unwrap();
    world.start("a").unwrap();
    run_until_idle(&mut world);
    world
}

#[test]
fn a_record_whose_entry_was_unreadable_is_processed_after_the_rebuild() {
    let mut world = restarted();
    FAILURES.set(1);
    send(&world, &[("y", Some("1")), ("x", Some("2")), ("x", Some("3"))]);
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2", "x=3", "y=1"]);
}

#[test]
fn an_outcome_whose_entry_was_unreadable_is_processed_after_the_rebuild() {
    let manual = ManualSink::default();
    let sink = manual.clone();
    let mut world = world_of(erase(Counting), Box::new(move |_| Arc::new(sink.clone())), memory::Settings::default());
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("act"))]);
    run_until_idle(&mut world);
    // An abort empties the cache.
    let process = Some("a".to_owned());
    let kind = FaultKind::TimeoutBefore;
    world.broker().inject(Fault { operation: Operation::Produce, process, kind, times: 1 });
    send(&world, &[("y", Some("1"))]);
    run_until_idle(&mut world);
    FAILURES.set(1);
    assert_eq!(manual.answer(&Verdict::Answered("yes".to_owned())), 1);
    run_until_idle(&mut world);
    assert_eq!(FAILURES.get(), 0);
    assert_eq!(values(&world, "counts"), ["x=Answered(\"yes\")", "y=1"]);
}

#[test]
fn an_entry_that_is_unreadable_after_a_rebuild_stops_the_instance() {
    let mut world = restarted();
    FAILURES.set(u32::MAX);
    send(&world, &[("x", Some("2"))]);
    let error = failure_of(&mut world);
    assert!(error.contains("entry x cannot be decoded from changelog app-counter-changelog-"), "{error}");
}

#[test]
fn garbage_in_a_changelog_stops_the_instance_and_names_the_entry() {
    let mut world = restarted();
    world.crash("a");
    let changelog = Topic::new("app-counter-changelog");
    let of_x =
        world.broker().committed_records(&changelog).into_iter().find(|record| record.key.as_deref() == Some(b"x"));
    let partition = of_x.unwrap().source.partition;
    let garbage = OutRecord::keyed(&changelog, &Key::new("x"), Bytes::from_static(b"bad"));
    produce(&world, std::iter::once(OutRecord { partition: Some(partition), ..garbage }));
    world.start("a").unwrap();
    let error = failure_of(&mut world);
    assert!(error.contains("entry x cannot be decoded from changelog"), "{error}");
}
