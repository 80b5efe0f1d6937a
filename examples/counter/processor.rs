//! Counts events per key; after some time of silence it emits the count and forgets the key.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sheaf::codec::{self, Versioned, binary};
use sheaf::model::{Key, Moment, Reject, Timer, TimerKind};
use sheaf::processor::{Count, Effect, Family, Input, Processor, Transition, by_key};
use sheaf::topology::{BuildError, Topology};

/// What is remembered of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) count: u64,
}

impl Versioned for Tally {
    const VERSION: u16 = 1;
    const NAME: &'static str = "tally";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        binary::encode(self, out)
    }

    fn decode(_version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        binary::decode(bytes)
    }
}

const SILENCE: TimerKind = TimerKind::Delay(0);
const COUNTED: &str = "counter_keys_total";

/// The processor, with how long a key must be silent.
pub(crate) struct Counter(pub(crate) Duration);

impl Processor for Counter {
    type State = Tally;

    fn step(&self, _: &Key, state: Option<Tally>, input: Input, at: Moment) -> Result<Transition<Tally>, Reject> {
        Ok(match (state, input) {
            (state, Input::Record(_)) => {
                let count = state.map_or(0, |tally| tally.count) + 1;
                let due = at.wall.saturating_add(self.0);
                Transition::to(Tally { count }).with(Effect::Schedule(Timer { kind: SILENCE, due }))
            }
            (Some(tally), Input::Timer(_)) => {
                let counted = Effect::forward("counts", tally.count.to_string());
                Transition::forget().with(counted).with(Effect::Count(Count::of(COUNTED)))
            }
            // No acts are decided and no commands are known: nothing changes.
            (state, Input::Timer(_) | Input::Command(_) | Input::Outcome(_)) => {
                Transition { state, effects: Vec::new() }
            }
        })
    }

    fn metrics(&self) -> Vec<Family> {
        vec![Family::plain(COUNTED, "Keys whose count was emitted.")]
    }
}

/// The processor between its topics.
pub(crate) fn topology(silence: Duration) -> Result<Topology, BuildError> {
    Topology::builder("clicking")
        .processor("counter", Counter(silence))
        .reads("clicks", by_key)
        .writes("counts", "click-counts")
        .build()
}
