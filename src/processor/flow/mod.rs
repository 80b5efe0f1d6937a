//! The flow processor: staged workflows, human tasks, sagas and event flows, by one graph.
//!
//! A flow has steps, which send messages, ask workers and people for tasks, and wait for answers and times. Its definition is a
//! staged template in JSON, or the key `flow` of a topology file; an instance keeps the one with which it has begun. The key of an
//! entry is the flow's own (`business_ref_no`, a trace id).
//!
//! | file | content |
//! |---|---|
//! | `graph` | the steps, what each needs, and the scopes that contain them |
//! | [`engine`] | the rules by which a flow goes on |
//! | `progress` | the status of each step |
//! | `definition`, `definitions` | what each step does; the definitions of an application |
//! | `form` | the forms of people's tasks |
//! | `template` | staged templates |
//! | `message` | the messages: their types, keys, correlation ids, and what workers say |
//! | `state` | the state and its encoding |
//! | `turn` | one input: what the engine asks for becomes effects |
//! | `start`, `apply` | the start; the transitions by messages and timers |
//! | [`commands`], `command` | an operator's commands, and the transitions by them |
//! | `send`, `call` | the records that steps send; calls of services |
//! | `alert`, `count` | alerts and the record of an end; metrics |
//! | `status`, `show` | the statuses for lists; a flow as JSON |
//! | `settings` | the settings of an application's flows |
//! | `mutation` | mutations for tests of the simulator |
//!
//! # The table
//!
//! | state | start | answer | timer | command |
//! |---|---|---|---|---|
//! | none | begins | rejected | nothing | rejected |
//! | open | the same data: nothing; `restart`: begins anew; else rejected (`ALREADY_EXISTS`) | see [`engine`] | retries, sleeps, reminders, late answers | see [`commands`] |
//! | ended | as above | nothing, and people are told | deleted after `keep_closed` | `rerun` opens it again, others are rejected |

mod alert;
mod apply;
mod call;
mod command;
pub mod commands;
mod count;
mod definition;
mod definitions;
pub mod engine;
mod form;
#[cfg(test)]
mod former_attempt;
mod graph;
mod message;
mod mutation;
mod progress;
mod send;
mod settings;
mod show;
mod start;
mod state;
mod status;
mod template;
#[cfg(test)]
mod tests;
mod turn;

pub use alert::FLOWS;
pub use call::{CALLS_MAX, Call};
pub use definition::{Action, Definition, Digest, Form, Message, START_WORKFLOW, TASK_WORDS, Task};
pub use definitions::{Compile, Definitions};
pub use form::{FORM, TaskForm};
pub use graph::{Graph, Kind, Owner, Retry, STEPS_MAX, Scope, ScopeId, Step, StepId, Trouble};
pub use message::{MessageKeying, Reads};
pub use mutation::Mutation;
pub use progress::{Answer, Ending, Progress, Status, StepProgress};
pub use send::MESSAGES;
pub use settings::{KEEP_CLOSED_DEFAULT, Settings, WriteFormat, Writes};
pub use state::{COMMANDS_KEPT, Facts, Flow};
pub use template::{TemplateMistakes, is_own_output, parse as parse_template};

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use self::message::{Incoming, ReadMode};
use super::archive::{Archive, Texts};
use super::{CommandSpec, Deleted, Effect, Event, Family, Input, Learned, Processor, Transition};
use crate::model::{Key, Listing, Moment, Reject, Status as ListStatus, Target, Timer, Timestamp};

/// The name of the processor: part of its topics, tasks and directories.
pub const FLOW: &str = "flow";

/// The time after which a rejected timer fires again.
const RETRY_REJECTED_AFTER: Duration = Duration::from_mins(1);

/// Runs flows. See the [module](self) for the states.
#[derive(Clone, Debug)]
pub struct Flows {
    settings: Settings,
    definitions: Definitions,
    /// The readers of the sources, by topic.
    readers: BTreeMap<String, MessageKeying>,
}

impl Flows {
    /// A processor of flows of these definitions.
    pub fn new(settings: Settings, definitions: Definitions) -> Self {
        let mode = ReadMode {
            // The topics of staged templates have no other messages.
            is_closed: settings.writes.is_none(),
            embeds_key: settings.writes.as_ref().is_some_and(|writes| writes.embeds_key),
        };
        let reader = |reads: &Reads| (reads.topic.clone(), MessageKeying::new(reads, &definitions, mode));
        let readers = settings.reads.iter().map(reader).collect();
        Self { settings, definitions, readers }
    }

    /// The keying step of each source.
    pub fn keyings(&self) -> impl Iterator<Item = (&str, MessageKeying)> {
        self.settings.reads.iter().filter_map(|reads| Some((&*reads.topic, self.readers.get(&reads.topic)?.clone())))
    }

    /// The definition of a flow, if this process has read it and it has the steps of the flow.
    fn known(&self, flow: &Flow) -> Option<Arc<Definition>> {
        self.definitions.known(flow.facts.definition).filter(|definition| flow.progress.is_of(&definition.graph))
    }

    fn on_record(
        &self,
        key: &Key,
        state: Option<Flow>,
        event: &Event,
        now: Timestamp,
    ) -> Result<Transition<Flow>, Reject> {
        if let Some(incoming) = event.parsed.get::<Incoming>() {
            return self.on_message(key, state, incoming, now);
        }
        let read = self.readers.get(event.record.source.topic.as_str()).map(|reader| reader.read(&event.record));
        match read.transpose()?.flatten() {
            Some((_, incoming)) => self.on_message(key, state, &incoming, now),
            // The file has changed since it was keyed.
            None => Ok(Transition { state, effects: Vec::new() }),
        }
    }
}

impl Processor for Flows {
    type State = Flow;

    const KEEPS_TRACE: bool = true;

    /// Flows wait for hours and days.
    fn is_at_rest(flow: &Flow) -> bool {
        flow.progress.ending.is_some()
    }

    fn listing(&self, flow: &Flow) -> Listing {
        status::listing(flow, self.known(flow).as_deref())
    }

    fn status_name(&self, status: ListStatus) -> Cow<'static, str> {
        status::name(status, &self.definitions)
    }

    fn open_since(&self, status: ListStatus, at: Timestamp) -> Option<Timestamp> {
        status::is_open(status).then_some(at)
    }

    fn show(&self, key: &Key, flow: &Flow) -> Value {
        let listing = self.listing(flow);
        let status = listing.statuses.as_slice().first().map(|status| self.status_name(*status)).unwrap_or_default();
        show::show(key, flow, &status, self.known(flow).as_deref())
    }

    fn content(&self, _: &Key, flow: &Flow) -> Option<Value> {
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
        let definition = self.known(flow)?;
        let result = |(id, text): (&StepId, &String)| (definition.graph.step(*id).name.to_string(), json(text));
        let results: serde_json::Map<String, Value> = flow.facts.results.iter().map(result).collect();
        Some(serde_json::json!({ "start": json(&flow.facts.start), "results": results }))
    }

    fn refuses_replay(&self) -> Option<&'static str> {
        Some("its messages would have services and workers do their work again; see `sheaf flows rerun`")
    }

    fn metrics(&self) -> Vec<Family> {
        count::families()
    }

    fn targets(&self) -> Vec<Target> {
        let all = self.definitions.all();
        let names: BTreeSet<&str> = all.iter().flat_map(|it| it.calls()).map(|(_, call)| &*call.to).collect();
        names.into_iter().map(Target::new).collect()
    }

    fn definitions(&self) -> Texts {
        self.definitions.texts()
    }

    fn learn(&self, texts: &Texts, archive: Arc<dyn Archive>) -> Learned {
        let unreadable = self.definitions.learn(texts, archive);
        let outputs = self.definitions.queues().iter().map(ToString::to_string).collect();
        Learned { outputs, unreadable }
    }

    fn queues_acts(&self) -> bool {
        true
    }

    /// The timer again, in a minute: without it nothing would take up sleeps and tries.
    fn timer_after_rejection(&self, deleted: Deleted, at: Moment) -> Option<Timer> {
        let kind = match deleted {
            Deleted::Timer(kind) => kind,
            Deleted::Act(_) => turn::DELAY,
        };
        Some(Timer { kind, due: at.wall.saturating_add(RETRY_REJECTED_AFTER) })
    }

    fn commands(&self) -> &'static [CommandSpec] {
        commands::COMMANDS
    }

    fn alerts(&self) -> &'static [&'static str] {
        &alert::ALERTS
    }

    fn step(&self, key: &Key, state: Option<Flow>, input: Input, at: Moment) -> Result<Transition<Flow>, Reject> {
        let now = at.wall;
        match (input, state) {
            (Input::Record(event), state) => self.on_record(key, state, &event, now),
            (Input::Timer(_), None) => Ok(Transition::forget()),
            (Input::Timer(timer), Some(flow)) => self.on_timer(key, flow, timer, now),
            (Input::Outcome(outcome), None) => {
                Ok(Transition { state: None, effects: vec![Effect::Settle(outcome.slot)] })
            }
            (Input::Outcome(outcome), Some(flow)) => self.on_outcome(key, flow, outcome, now),
            (Input::Command(command), state) => self.on_command(key, state, &command, now),
        }
    }
}
