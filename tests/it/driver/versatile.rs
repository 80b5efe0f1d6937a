//! A processor that uses every kind of effect; the text of its input selects them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sheaf::codec::{self, Versioned, binary};
use sheaf::model::{
    Act, ActSlot, Alert, Key, Moment, OutRecord, Outcome, Reject, RejectReason, Severity, Target, Timer, TimerKind,
    Timestamp, Topic,
};
use sheaf::processor::{Effect, Event, Input, Processor, Transition, by_key};
use sheaf::topology::{Topology, Wiring};

/// The inputs so far, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen(pub(super) Vec<String>);

impl Versioned for Seen {
    const VERSION: u16 = 1;
    const NAME: &'static str = "seen";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        binary::encode(self, out)
    }

    fn decode(_version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        binary::decode(bytes)
    }
}

pub(super) struct Versatile;

impl Processor for Versatile {
    type State = Seen;

    fn step(&self, _: &Key, state: Option<Seen>, input: Input, at: Moment) -> Result<Transition<Seen>, Reject> {
        let now = at.wall;
        let Seen(mut seen) = state.unwrap_or_default();
        let timer = |slot, minutes| {
            let due = now.saturating_add(Duration::from_mins(minutes));
            Effect::Schedule(Timer { kind: TimerKind::Delay(slot), due })
        };
        let (word, effects) = match input {
            Input::Record(Event { record, at, .. }) => {
                let text = String::from_utf8_lossy(&record.value.unwrap_or_default()).into_owned();
                let effects = match text.as_str() {
                    "reject" => return Err(Reject::new(RejectReason::Unparsable, "as requested")),
                    "act" => vec![act(u32::try_from(seen.len()).unwrap())],
                    "timers" => vec![timer(2, 3), timer(1, 1), timer(3, 60)],
                    "alert" => vec![alert(now)],
                    "when" => vec![Effect::forward("out", at.to_string())],
                    "header" => vec![Effect::forward("out", record.headers.text("h").unwrap().to_owned())],
                    _ => Vec::new(),
                };
                (text, effects)
            }
            Input::Timer(Timer { kind, .. }) => {
                let text = format!("{kind:?}");
                (text.clone(), vec![Effect::forward("out", format!("{text} at {now}"))])
            }
            Input::Outcome(Outcome { slot, verdict, .. }) => {
                let text = format!("{verdict:?}");
                (text.clone(), vec![Effect::Settle(slot), Effect::forward("out", text)])
            }
            Input::Command(_) => ("command".to_owned(), Vec::new()),
        };
        seen.push(word);
        Ok(Transition { state: Some(Seen(seen)), effects })
    }
}

fn act(attempt: u32) -> Effect {
    let (slot, valid_for, request) = (ActSlot(0), Duration::from_mins(1), "please".to_owned());
    Effect::Act(Act { slot, attempt, to: Target::new("t"), valid_for, request })
}

fn alert(at: Timestamp) -> Effect {
    let (kind, message) = ("odd".to_owned(), "something is odd".to_owned());
    Effect::Alert(Alert { kind, severity: Severity::Info, at, message, details: BTreeMap::new() })
}

pub(super) fn wiring() -> Wiring {
    Topology::builder("versatile").processor("all", Versatile).reads("in", by_key).writes("out", "out")
}

/// A record of its source.
pub(super) fn record(key: &str, value: &str) -> OutRecord {
    OutRecord::keyed(&Topic::new("in"), &Key::new(key), value.to_owned().into())
}
