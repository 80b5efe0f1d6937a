//! The trace processor, a monitor: each record of the topics that it reads is kept by its trace id, so that what has happened to one
//! order or payment can be seen as a time line, whichever services have written it.
//!
//! The key of an entry is the trace id. Where it stands in a record, and where the name of the message, say the [`Reads`] of its topic.
//!
//! | file | content |
//! |---|---|
//! | `settings` | the topics, and for how long a trace is kept |
//! | `keying` | the keying step of these topics |
//! | `state`, `stored` | the state and its encoding |
//! | `show` | a trace as JSON, and the values of its records |
//! | `count` | metrics |
//!
//! # The table
//!
//! | state | record | read again | timer |
//! |---|---|---|---|
//! | none | a trace of it, deleted in `keep` | | nothing |
//! | kept | kept, beyond [`RECORDS_MAX`] counted; deleted in `keep` from now on | nothing | deleted |
//!
//! It rejects no record: one without a trace id is passed over, as is one whose value cannot be read if the id stands in it. A record is read
//! again if one of its topic, partition and offset is there; beyond the limit, if one of that partition with this offset or a later one
//! was counted.
//!
//! Each record is a part of the entry, with the first [`VALUE_BYTES_MAX`] bytes of its value; a trace keeps up to [`VALUES_BYTES_MAX`] of them.
//! So the entry, which is written anew with each record, stays small.

mod count;
mod keying;
mod settings;
mod show;
mod state;
mod stored;
#[cfg(test)]
mod tests;

pub use keying::TraceKeying;
pub use settings::{KEEP_DEFAULT, Reads, Settings};
pub use state::{Beyond, Kind, RECORDS_MAX, Trace, TracedRecord, VALUE_BYTES_MAX, VALUES_BYTES_MAX};

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use self::keying::Name;
use super::{Effect, Event, Family, Input, Processor, Transition};
use crate::model::{Key, Listing, Moment, Reject, Status, Timer, TimerKind, Timestamp};

/// The name of the processor: part of its topics, tasks and directories.
pub const TRACE: &str = "trace";

/// The only timer of an entry: its deletion.
const TIMER: TimerKind = TimerKind::Delay(0);
/// The only status. The number is stored.
const KEPT: Status = Status(0);

/// Keeps the records of topics by their trace ids. See the [module](self).
#[derive(Clone, Debug)]
pub struct Traces {
    keep: Duration,
    /// The keying steps, by topic.
    keyings: BTreeMap<String, TraceKeying>,
}

impl Traces {
    /// A processor with these settings.
    pub fn new(settings: &Settings) -> Self {
        let keying = |reads: &Reads| (reads.topic.clone(), TraceKeying::new(reads));
        Self { keep: settings.keep, keyings: settings.reads.iter().map(keying).collect() }
    }

    fn on_record(&self, state: Option<Trace>, event: &Event, now: Timestamp) -> Result<Transition<Trace>, Reject> {
        let record = &event.record;
        let mut trace = state.unwrap_or_else(|| Trace::begin(record.timestamp));
        if trace.has(record) {
            return Ok(Transition::to(trace).with(Effect::Count(count::REPEATED)));
        }
        let name = match event.parsed.get::<Name>() {
            Some(Name(name)) => name.clone(),
            // It has no name if the file has changed since it was keyed.
            None => {
                self.keyings.get(record.source.topic.as_str()).map(|keying| keying.name(record)).unwrap_or_default()
            }
        };
        let effects = match trace.add(record, &name) {
            Some(added) => vec![Effect::AddPart(stored::part(added)?), Effect::Count(count::KEPT)],
            None => vec![Effect::Count(count::BEYOND_LIMIT)],
        };
        let due = now.saturating_add(self.keep);
        Ok(Transition { state: Some(trace), effects }.with(Effect::Schedule(Timer { kind: TIMER, due })))
    }
}

impl Processor for Traces {
    type State = Trace;

    fn listing(&self, trace: &Trace) -> Listing {
        Listing::of(KEPT, Some(trace.last_at))
    }

    fn status_name(&self, _: Status) -> Cow<'static, str> {
        Cow::Borrowed("kept")
    }

    fn show(&self, key: &Key, trace: &Trace) -> Value {
        show::show(key, &self.status_name(KEPT), trace)
    }

    fn content(&self, _: &Key, trace: &Trace) -> Option<Value> {
        Some(show::content(trace))
    }

    fn metrics(&self) -> Vec<Family> {
        count::families()
    }

    fn step(&self, key: &Key, state: Option<Trace>, input: Input, at: Moment) -> Result<Transition<Trace>, Reject> {
        match input {
            Input::Record(event) => self.on_record(state, &event, at.wall),
            Input::Timer(Timer { kind: TIMER, .. }) => Ok(Transition::forget()),
            Input::Timer(Timer { kind: TimerKind::Delay(_) | TimerKind::Deadline(_), .. }) => {
                Ok(Transition { state, effects: Vec::new() })
            }
            Input::Outcome(outcome) => Ok(Transition { state, effects: vec![Effect::Settle(outcome.slot)] }),
            Input::Command(command) => Err(command.refusal((TRACE, key), "a trace has no commands")),
        }
    }
}
