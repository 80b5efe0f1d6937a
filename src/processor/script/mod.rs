//! Workflows as code: an ordinary async function whose state lives in Kafka.
//!
//! A record of the topic that it reads begins a thread of the script, or gives a thread what it waits for. Nothing of the function is stored but its inputs:
//! each step runs it again from the first one, up to where it waits. So an entry is small, and each input is one part of it.
//!
//! | file | content |
//! |---|---|
//! | [`engine`] | runs scripts |
//! | `versions` | the script of today, and those with which threads have begun |
//! | `event` | what a record says, and the keying step |
//! | `thread`, `stored` | the state and its encoding |
//! | `turn` | one step of a thread |
//! | `replay` | a thread that is run again from its inputs |
//! | `command` | what operators can do |
//! | `cache` | realms of threads that wait |
//! | `check` | tries a script without a broker |
//! | `show` | a thread as JSON |
//! | `count` | metrics |
//!
//! # The wire
//!
//! The key of a record is the id of a thread. The value `new:` and JSON begins the thread: `main` is called with it. Any other value is JSON, `{"ref": id,
//! "value": any}` or `{"ref": id, "error": any}`: the `await` of `W.suspend` with this id returns the value, or throws the error. [`Format::Text`] is another
//! way to write the same.
//!
//! # The table
//!
//! | state | `new:` | a known `ref` | any other JSON | what is no event |
//! |---|---|---|---|---|
//! | none | begins | counted | counted | rejected |
//! | waits | begins anew | goes on | counted | rejected |
//!
//! Whether something waits for a `ref` is known from the entry, so that an event of no use costs nothing. A step that fails is rejected as a whole: a topic that the script has not declared, an endless loop, no memory. When `main` has returned or thrown, the
//! entry is deleted.

mod cache;
mod check;
mod command;
pub(crate) mod count;
pub mod engine;
mod event;
mod replay;
mod show;
mod stored;
#[cfg(test)]
mod tests;
mod thread;
mod turn;
mod versions;

pub use check::{Findings, check};
pub use command::{CANCEL, COMMANDS, DELETE, MIGRATE};
pub use event::{Format, ThreadKeying};
pub use thread::{Entered, Given, Thread};
pub use versions::{Script, Versions};

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use event::Said;
use turn::{Place, Turn};

use super::archive::{Archive, Texts};
use super::{CommandSpec, Effect, Event, Family, Input, Learned, Processor, Transition};
use crate::model::{Key, Listing, Moment, Reject, Status, Timestamp};

/// The name of the processor: part of its topics, tasks and directories.
pub const SCRIPT: &str = "script";

/// The types of the library of scripts, for editors: TypeScript declarations.
pub const TYPES: &str = include_str!("engine/workflow.d.ts");

/// The only status. The number is stored.
const WAITING: Status = Status(0);

/// Runs the threads of a script. See the [module](self).
#[derive(Clone, Debug)]
pub struct Scripts {
    place: Place,
}

impl Scripts {
    /// A processor for this script and the topic with the events of its threads.
    pub fn new(versions: Versions, reads: impl Into<String>) -> Self {
        Self { place: Place { versions, reads: reads.into(), format: Format::Json, cache: 64 << 20 } }
    }

    /// The same for records in this format.
    #[must_use]
    pub fn reading(self, format: Format) -> Self {
        Self { place: Place { format, ..self.place } }
    }

    /// The same with so many bytes of realms that each thread of the system holds; 0 for none, so that each step runs all before it again.
    #[must_use]
    pub fn holding(self, bytes: usize) -> Self {
        Self { place: Place { cache: bytes, ..self.place } }
    }

    fn on_record(&self, key: &Key, state: Option<Thread>, event: &Event) -> Result<Transition<Thread>, Reject> {
        let (said, place) = (Said::by(&event.record, self.place.format)?, &self.place);
        match (said, state) {
            (Said::Entered(entered @ Entered { given: Given::Begin(_), .. }), former) => {
                Turn::begin(place, entered.at, former.is_some()).run(key, entered)
            }
            (Said::Entered(entered), Some(thread)) if entered.is_for(&thread) => {
                Turn::go_on(place, thread)?.run(key, entered)
            }
            (Said::Entered(_) | Said::Nothing, Some(thread)) => {
                Ok(Transition::to(thread).with(Effect::Count(count::UNKNOWN_REF)))
            }
            (Said::Entered(_) | Said::Nothing, None) => {
                Ok(Transition::forget().with(Effect::Count(count::UNKNOWN_THREAD)))
            }
        }
    }
}

impl Processor for Scripts {
    type State = Thread;

    const KEEPS_TRACE: bool = true;

    fn listing(&self, thread: &Thread) -> Listing {
        Listing::of(WAITING, Some(thread.begun))
    }

    fn status_name(&self, _: Status) -> Cow<'static, str> {
        Cow::Borrowed("open/waiting")
    }

    fn open_since(&self, _: Status, begun: Timestamp) -> Option<Timestamp> {
        Some(begun)
    }

    fn show(&self, key: &Key, thread: &Thread) -> Value {
        show::show(key, &self.status_name(WAITING), thread, &self.place.versions)
    }

    fn content(&self, key: &Key, thread: &Thread) -> Option<Value> {
        Some(show::content(key, thread, &self.place.versions))
    }

    fn commands(&self) -> &'static [CommandSpec] {
        COMMANDS
    }

    fn metrics(&self) -> Vec<Family> {
        count::families()
    }

    fn refuses_replay(&self) -> Option<&'static str> {
        Some("its records would have services do their work again")
    }

    fn definitions(&self) -> Texts {
        self.place.versions.texts()
    }

    fn learn(&self, texts: &Texts, archive: Arc<dyn Archive>) -> Learned {
        self.place.versions.learn(texts, archive)
    }

    fn step(&self, key: &Key, state: Option<Thread>, input: Input, _: Moment) -> Result<Transition<Thread>, Reject> {
        match input {
            Input::Record(event) => self.on_record(key, state, &event),
            Input::Timer(_) => Ok(Transition { state, effects: Vec::new() }),
            Input::Outcome(outcome) => Ok(Transition { state, effects: vec![Effect::Settle(outcome.slot)] }),
            Input::Command(command) => command::on_command(&self.place, key, state, &command),
        }
    }
}
