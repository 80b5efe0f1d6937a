//! Entries that cannot be read: rebuilt once, never guessed, and no input is lost over it.

use std::cell::Cell;
use std::sync::Arc;

use bytes::Bytes;
use sheaf::broker::memory::{self, Fault, FaultKind, Operation};
use sheaf::codec::{self, Versioned};
use sheaf::model::{Act, ActSlot, Key, Moment, OutRecord, Reject, Target, Topic, Verdict};
use sheaf::processor::{Effect, Input, Processor, Transition, erase};
use sheaf::sim::World;

use super::support::{Held, NoSink, produce, send, settle, stops, values, world_of};

thread_local! {
    /// How many more times a state cannot be read. Each test has its own thread, and its world turns on it.
    static BREAKS: Cell<u32> = const { Cell::new(0) };
}

#[derive(Clone)]
struct Frail(u64);

impl Versioned for Frail {
    const VERSION: u16 = 1;
    const NAME: &'static str = "frail";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        codec::binary::encode(&self.0, out)
    }

    fn decode(_version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        let left = BREAKS.get();
        BREAKS.set(left.saturating_sub(1));
        if left > 0 { Err(codec::Error::Corrupt("broken".to_owned())) } else { Ok(Self(codec::binary::decode(bytes)?)) }
    }
}

/// Counts records; the value `act` asks for an act, whose outcome it forwards.
struct Counting;

impl Processor for Counting {
    type State = Frail;

    fn step(&self, _key: &Key, state: Option<Frail>, input: Input, _at: Moment) -> Result<Transition<Frail>, Reject> {
        let forward = |text: String| Effect::forward("counts", text);
        let count = state.map_or(0, |count| count.0);
        Ok(match input {
            Input::Record(event) if event.record.value.as_deref() == Some(b"act") => {
                let valid_for = std::time::Duration::from_hours(1);
                let act = Act { slot: ActSlot(0), attempt: 1, to: Target::new("t"), valid_for, request: String::new() };
                Transition::to(Frail(count)).with(Effect::Act(act))
            }
            Input::Record(_) => Transition::to(Frail(count + 1)).with(forward((count + 1).to_string())),
            Input::Outcome(outcome) => Transition::to(Frail(count))
                .with(forward(format!("{:?}", outcome.verdict)))
                .with(Effect::Settle(outcome.slot)),
            Input::Timer(_) | Input::Command(_) => Transition::to(Frail(count)),
        })
    }
}

/// An instance that has counted x once, started anew, so that no entry is in its cache.
fn restarted() -> World {
    let mut world = world_of(erase(Counting), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    world.start("a").unwrap();
    settle(&mut world);
    send(&world, &[("x", Some("1"))]);
    settle(&mut world);
    world.stop("a").unwrap();
    world.start("a").unwrap();
    settle(&mut world);
    world
}

#[test]
fn a_record_whose_entry_was_unreadable_is_processed_after_the_rebuild() {
    let mut world = restarted();
    BREAKS.set(1);
    send(&world, &[("y", Some("1")), ("x", Some("2")), ("x", Some("3"))]);
    settle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=2", "x=3", "y=1"]);
}

#[test]
fn an_outcome_whose_entry_was_unreadable_is_processed_after_the_rebuild() {
    let held = Held::default();
    let sink = held.clone();
    let mut world = world_of(erase(Counting), Box::new(move |_| Arc::new(sink.clone())), memory::Settings::default());
    world.start("a").unwrap();
    settle(&mut world);
    send(&world, &[("x", Some("act"))]);
    settle(&mut world);
    // An abort empties the cache.
    let process = Some("a".to_owned());
    let kind = FaultKind::TimeoutBefore;
    world.broker().inject(Fault { operation: Operation::Produce, process, kind, times: 1 });
    send(&world, &[("y", Some("1"))]);
    settle(&mut world);
    BREAKS.set(1);
    assert_eq!(held.answer(&Verdict::Answered("yes".to_owned())), 1);
    settle(&mut world);
    assert_eq!(BREAKS.get(), 0);
    assert_eq!(values(&world, "counts"), ["x=Answered(\"yes\")", "y=1"]);
}

#[test]
fn an_entry_that_is_unreadable_after_a_rebuild_stops_the_instance() {
    let mut world = restarted();
    BREAKS.set(u32::MAX);
    send(&world, &[("x", Some("2"))]);
    let error = stops(&mut world);
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
    let error = stops(&mut world);
    assert!(error.contains("entry x cannot be decoded from changelog"), "{error}");
}
