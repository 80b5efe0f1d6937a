//! The eager protocol: every rebalance revokes all partitions, and most are assigned to the same instances again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use sheaf::broker::memory::{self, Protocol};
use sheaf::codec::{self, Versioned, binary};
use sheaf::model::{Act, ActSlot, Key, Moment, Outcome, Reject, Target, Topic, TopicPartition, Verdict};
use sheaf::processor::{Effect, Input, Processor, Transition, erase};
use sheaf::sim::World;

use super::support::{ManualSink, run_until_idle, send, values, world_of};

/// Each record decides an act, and its outcome is forwarded.
struct OutcomeForwarder;

#[derive(Clone)]
struct Attempt(u32);

impl Versioned for Attempt {
    const VERSION: u16 = 1;
    const NAME: &'static str = "attempt";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        binary::encode(&self.0, out)
    }

    fn decode(_version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        Ok(Self(binary::decode(bytes)?))
    }
}

impl Processor for OutcomeForwarder {
    type State = Attempt;

    fn step(&self, _: &Key, state: Option<Attempt>, input: Input, _: Moment) -> Result<Transition<Attempt>, Reject> {
        let Attempt(attempt) = state.unwrap_or(Attempt(0));
        Ok(match input {
            Input::Record(_) => {
                let (attempt, valid_for, request) = (attempt + 1, Duration::from_hours(1), String::new());
                let act = Act { slot: ActSlot(0), attempt, to: Target::new("t"), valid_for, request };
                Transition::to(Attempt(attempt)).with(Effect::Act(act))
            }
            Input::Outcome(Outcome { slot, verdict, .. }) => {
                let text = if let Verdict::Answered(text) = verdict { text } else { format!("{verdict:?}") };
                Transition::to(Attempt(attempt)).with(Effect::Settle(slot)).with(Effect::forward("counts", text))
            }
            Input::Timer(_) | Input::Command(_) => Transition::to(Attempt(attempt)),
        })
    }
}

/// The keys of each inbox partition.
fn keys_by_partition(world: &World) -> BTreeMap<TopicPartition, BTreeSet<String>> {
    let mut keys_of: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for record in world.broker().committed_records(&Topic::new("app-counter-inbox")) {
        let key = String::from_utf8(record.key.unwrap().to_vec()).unwrap();
        keys_of.entry(record.source).or_default().insert(key);
    }
    keys_of
}

#[test]
fn acts_in_flight_survive_a_rebalance_that_reassigns_their_task() {
    let manual = ManualSink::default();
    let sink = manual.clone();
    let broker = memory::Settings { protocol: Protocol::Eager, ..memory::Settings::default() };
    let mut world = world_of(erase(OutcomeForwarder), Box::new(move |_| Arc::new(sink.clone())), broker);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    let keys: Vec<String> = (0..40).map(|number| format!("key-{number:02}")).collect();
    let events: Vec<_> = keys.iter().map(|key| (key.as_str(), Some("1"))).collect();
    send(&world, &events);
    run_until_idle(&mut world);
    let before = world.broker().owners("app");
    for other in ["b", "c"] {
        world.start(other).unwrap();
    }
    run_until_idle(&mut world);
    let after = world.broker().owners("app");
    assert_eq!(manual.answer(&Verdict::Answered("answered".to_owned())), 40);
    run_until_idle(&mut world);

    let mut expected = Vec::new();
    let mut stayed = 0;
    for (partition, keys) in keys_by_partition(&world) {
        let is_same = before.get(&partition) == after.get(&partition);
        stayed += usize::from(is_same);
        let verdict = if is_same { "answered" } else { "Inherited" };
        expected.extend(keys.iter().map(|key| format!("{key}={verdict}")));
    }
    expected.sort();
    assert!((1..4).contains(&stayed), "some tasks stay and some move: {stayed} of 4");
    assert_eq!(values(&world, "counts"), expected);
}
