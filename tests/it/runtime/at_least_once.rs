//! Without transactions: what was written before a batch failed.

use std::sync::Arc;
use std::time::Duration;

use sheaf::broker::memory::{self, Fault, FaultKind, Operation};
use sheaf::config::ProcessingGuarantee;
use sheaf::model::{Key, Moment, Reject, Timer, TimerKind, Topic};
use sheaf::processor::{Effect, Input, Processor, Transition, erase};
use sheaf::sim::World;

use super::support::{Count, NoSink, run_until_idle, send, setup};

/// A record creates an entry, which is deleted a second after the record's time.
struct Presence;

impl Processor for Presence {
    type State = Count;

    // So that its records are handed over without the inbox.
    const ORDER_FREE: bool = true;

    fn step(&self, _: &Key, state: Option<Count>, input: Input, _: Moment) -> Result<Transition<Count>, Reject> {
        Ok(match input {
            Input::Record(event) => {
                let due = event.at.saturating_add(Duration::from_secs(1));
                Transition::to(Count(1)).with(Effect::Schedule(Timer { kind: TimerKind::Delay(0), due }))
            }
            Input::Timer(_) => Transition::forget(),
            Input::Command(_) | Input::Outcome(_) => Transition { state, effects: Vec::new() },
        })
    }
}

/// The last value of a key in the changelog; `None` for a tombstone.
fn last_in_changelog(world: &World, key: &str) -> Option<bytes::Bytes> {
    let records = world.broker().committed_records(&Topic::new("app-counter-changelog"));
    let of_key = records.into_iter().filter(|record| record.key.as_deref() == Some(key.as_bytes()));
    of_key.last().expect("the key was written").value
}

#[test]
fn an_entry_of_a_failed_batch_that_is_deleted_in_the_next_one_gets_a_tombstone() {
    let mut setup = setup(erase(Presence), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setup.settings.processing.guarantee = ProcessingGuarantee::AtLeastOnce;
    let mut world = World::new(setup);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    // The genesis of the changelog is written before.
    send(&world, &[("x", Some("1"))]);
    run_until_idle(&mut world);
    world.clock().advance(Duration::from_secs(2));
    run_until_idle(&mut world);
    assert_eq!(last_in_changelog(&world, "x"), None);
    // The next record of the changelog is written, and its acknowledgement is lost.
    let (operation, kind) = (Operation::Produce, FaultKind::TimeoutAfter);
    world.broker().inject(Fault { operation, process: Some("a".to_owned()), kind, times: 1 });
    send(&world, &[("x", Some("1"))]);
    for _ in 0..100 {
        if last_in_changelog(&world, "x").is_none() {
            world.turn().unwrap();
        }
    }
    assert!(last_in_changelog(&world, "x").is_some(), "the batch has failed after its record was written");
    world.clock().advance(Duration::from_secs(2));
    run_until_idle(&mut world);
    assert_eq!(last_in_changelog(&world, "x"), None, "the entry would come back with the next restore");
}
