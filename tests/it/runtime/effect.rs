//! Timers and acts that are cancelled in the transaction that set them.

use std::sync::Arc;
use std::time::Duration;

use sheaf::broker::memory;
use sheaf::codec::{self, Versioned};
use sheaf::model::{Act, ActSlot, Key, Moment, Reject, Target, Timer, TimerKind};
use sheaf::processor::{Effect, Input, Processor, Transition, erase};

use super::support::{Empty, ManualSink, NoSink, run_until_idle, send, values, world_of};

/// Sets two timers with one due time, of which the first unschedules the second.
struct TwoTimers;

impl Processor for TwoTimers {
    type State = Empty;

    fn step(&self, _key: &Key, _state: Option<Empty>, input: Input, at: Moment) -> Result<Transition<Empty>, Reject> {
        let next = Transition::to(Empty);
        Ok(match input {
            Input::Record(_) => {
                let due = at.wall.saturating_add(Duration::from_mins(1));
                let timer = |slot| Effect::Schedule(Timer { kind: TimerKind::Delay(slot), due });
                next.with(timer(0)).with(timer(1))
            }
            Input::Timer(Timer { kind, .. }) => {
                let fired = Effect::forward("counts", format!("{kind:?}"));
                next.with(fired).with(Effect::Unschedule(TimerKind::Delay(1)))
            }
            Input::Command(_) | Input::Outcome(_) => next,
        })
    }
}

#[test]
fn a_timer_that_was_unscheduled_in_the_same_transaction_does_not_fire() {
    let mut world = world_of(erase(TwoTimers), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("1"))]);
    run_until_idle(&mut world);
    for _ in 0..10 {
        world.clock().advance(Duration::from_secs(10));
        world.turn().unwrap();
    }
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=Delay(0)"]);
}

/// Each record decides an act that replaces the previous one.
struct Replacing;

#[derive(Clone)]
struct Attempt(u32);

impl Versioned for Attempt {
    const VERSION: u16 = 1;
    const NAME: &'static str = "attempt";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        codec::binary::encode(&self.0, out)
    }

    fn decode(_version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        Ok(Self(codec::binary::decode(bytes)?))
    }
}

impl Processor for Replacing {
    type State = Attempt;

    fn step(
        &self,
        key: &Key,
        state: Option<Attempt>,
        input: Input,
        _at: Moment,
    ) -> Result<Transition<Attempt>, Reject> {
        let attempt = state.map_or(1, |state| state.0 + 1);
        let next = Transition::to(Attempt(attempt));
        Ok(match input {
            Input::Record(_) => {
                let (valid_for, request) = (Duration::from_hours(1), format!("{key} {attempt}"));
                next.with(Effect::Act(Act { slot: ActSlot(0), attempt, to: Target::new("t"), valid_for, request }))
            }
            Input::Timer(_) | Input::Command(_) | Input::Outcome(_) => next,
        })
    }
}

#[test]
fn an_act_that_was_replaced_in_the_same_transaction_is_not_executed() {
    let manual = ManualSink::default();
    let sink = manual.clone();
    let mut world = world_of(erase(Replacing), Box::new(move |_| Arc::new(sink.clone())), memory::Settings::default());
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("1")), ("x", Some("2"))]);
    run_until_idle(&mut world);
    assert_eq!(manual.requests(), ["x 2"]);
}

#[test]
fn a_transaction_decides_at_most_as_many_acts_as_the_sink_has_capacity() {
    let manual = ManualSink::with_capacity(5);
    let sink = manual.clone();
    let mut world = world_of(erase(Replacing), Box::new(move |_| Arc::new(sink.clone())), memory::Settings::default());
    world.start("a").unwrap();
    run_until_idle(&mut world);
    let keys: Vec<String> = (0..60).map(|number| format!("key-{number}")).collect();
    let events: Vec<_> = keys.iter().map(|key| (key.as_str(), Some("1"))).collect();
    send(&world, &events);
    run_until_idle(&mut world);
    // The capacity is checked only for tasks that have decided an act before, so each of the four tasks may decide one.
    assert!((5..=8).contains(&manual.requests().len()), "{:?}", manual.requests());
}
