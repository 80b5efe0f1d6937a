//! Pending acts of an instance that was killed: their outcomes come in transactions of limited size, before any timer.

use std::sync::Arc;
use std::time::Duration;

use sheaf::broker::memory;
use sheaf::model::{Act, ActSlot, Key, Moment, Outcome, Reject, Target, Timer, TimerKind, Topic, Verdict};
use sheaf::processor::{Effect, Input, Processor, Transition, erase};
use sheaf::sim::World;

use super::support::{Empty, ManualSink, metric, run_until_idle, send, setup};

const SLOT: ActSlot = ActSlot(0);
/// The most inputs of a transaction.
const INPUTS_MAX: usize = 5;
const ENTRIES: usize = 200;

/// Decides an act and schedules a timer for each record; forwards what comes of them.
struct Deciding;

impl Processor for Deciding {
    type State = Empty;

    fn step(&self, _key: &Key, _state: Option<Empty>, input: Input, at: Moment) -> Result<Transition<Empty>, Reject> {
        let next = Transition::to(Empty);
        Ok(match input {
            Input::Record(_) => {
                let due = at.wall.saturating_add(Duration::from_mins(1));
                let (valid_for, request) = (Duration::from_hours(1), String::new());
                next.with(Effect::Schedule(Timer { kind: TimerKind::Delay(0), due })).with(Effect::Act(Act {
                    slot: SLOT,
                    attempt: 1,
                    to: Target::new("t"),
                    valid_for,
                    request,
                }))
            }
            Input::Outcome(Outcome { verdict: Verdict::Inherited, .. }) => {
                next.with(Effect::forward("counts", "inherited")).with(Effect::Settle(SLOT))
            }
            Input::Timer(_) => next.with(Effect::forward("counts", "fired")),
            Input::Command(_) | Input::Outcome(_) => next,
        })
    }
}

#[test]
fn inherited_acts_come_in_transactions_of_limited_size_and_before_timers() {
    let sink = ManualSink::default();
    let broker = memory::Settings::default();
    let mut setup = setup(erase(Deciding), Box::new(move |_| Arc::new(sink.clone())), broker);
    setup.settings.commit.records_max = INPUTS_MAX;
    let mut world = World::new(setup);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    for number in 0..ENTRIES {
        send(&world, &[(&format!("k{number}"), Some("1"))]);
    }
    run_until_idle(&mut world);
    world.crash("a");
    world.clock().advance(Duration::from_mins(2));
    world.start("a").unwrap();
    run_until_idle(&mut world);

    let records = world.broker().committed_records(&Topic::new("counts"));
    for number in 0..ENTRIES {
        let key = format!("k{number}");
        let of_key = records.iter().filter(|record| record.key.as_deref() == Some(key.as_bytes()));
        let forwarded: Vec<&[u8]> = of_key.filter_map(|record| record.value.as_deref()).collect();
        assert_eq!(forwarded, [&b"inherited"[..], b"fired"], "{key}");
    }
    let transactions = metric(&world, "a", "sheaf_producer_transactions_total");
    assert!(transactions >= u64::try_from(ENTRIES / INPUTS_MAX).unwrap(), "{transactions}");
}
