//! The start of a flow, by a message or by a command.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Flows;
use super::commands::{DATA, FLOW};
use super::count;
use super::definition::{Definition, Form};
use super::message::{Incoming, field, text_field};
use super::progress::Progress;
use super::state::{Facts, Flow};
use super::turn::Turn;
use crate::model::{Key, Reject, RejectReason, Timestamp};
use crate::processor::place::Place;
use crate::processor::{Command, Effect, Transition};

/// What begins a flow.
struct Start {
    definition: Arc<Definition>,
    /// The data, a JSON text.
    data: String,
    /// Attributes that the flow's messages repeat.
    carried: BTreeMap<String, String>,
    /// True if a flow that has begun may begin anew.
    is_restart: bool,
}

impl Flows {
    /// A message of the type that begins a flow.
    pub(super) fn on_start(
        &self,
        key: &Key,
        state: Option<Flow>,
        incoming: &Incoming,
        now: Timestamp,
    ) -> Result<Transition<Flow>, Reject> {
        let carried = self.carry().iter().filter_map(|name| Some((name.clone(), field(&incoming.text, name)?)));
        let start = Start {
            definition: self.definition_of_start(incoming)?,
            data: String::from_utf8_lossy(&incoming.data).into_owned(),
            carried: carried.collect(),
            is_restart: field(&incoming.data, "restart").as_deref() == Some("true"),
        };
        self.begin(key, state, start, now)
    }

    /// An operator's or a program's command that begins a flow: the data is that of the message that it stands for.
    pub(super) fn on_start_command(
        &self,
        key: &Key,
        state: Option<Flow>,
        command: &Command,
        now: Timestamp,
    ) -> Result<Transition<Flow>, Reject> {
        let refused = |why: &str| command.refusal(("flow", key), why);
        let argument = |name: &str| command.arguments.get(name).map(String::as_str);
        let data = argument(DATA).unwrap_or("{}");
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(data)
            .map_err(|error| refused(&format!("`data` is no JSON object: {error}")))?;
        let definition = match argument(FLOW) {
            Some(name) => self.definitions.named(name),
            None => self.definitions.only(),
        };
        let Some(definition) = definition.cloned() else {
            return Err(refused(&format!("name one of the flows: {}", self.definitions.names())));
        };
        // The attribute in which messages have the key.
        let keys = self.settings.reads.iter().filter_map(|reads| match &reads.key {
            Place::Value(pointer) => pointer.tokens().first().filter(|_| pointer.tokens().len() == 1),
            Place::Attribute(name) => Some(name),
            Place::Header(_) | Place::Key | Place::KeyField(_) => None,
        });
        let keys: Vec<&String> = keys.collect();
        let text = serde_json::Value::from(key.text()).to_string();
        let carried = self.carry().iter().filter(|name| keys.contains(name)).map(|name| (name.clone(), text.clone()));
        let start = Start { definition, data: data.to_owned(), carried: carried.collect(), is_restart: false };
        self.begin(key, state, start, now).map_err(|reject| refused(&reject.detail))
    }

    fn carry(&self) -> &[String] {
        self.settings.writes.as_ref().map(|writes| writes.carry.as_slice()).unwrap_or_default()
    }

    fn begin(&self, key: &Key, state: Option<Flow>, start: Start, now: Timestamp) -> Result<Transition<Flow>, Reject> {
        let Start { definition, data, carried, is_restart } = start;
        let former = match state {
            // The same record twice is one start, or one restart.
            Some(flow) if flow.facts.start == data && *flow.facts.name == *definition.name => {
                return Ok(Transition::to(flow).with(Effect::Count(count::ALREADY_STARTED)));
            }
            Some(flow) if is_restart => Some(flow),
            Some(flow) => {
                let detail = format!(
                    "flow {key} has begun already, on {}, with other data (ALREADY_EXISTS): a `{}` with `\"restart\": true` begins it anew",
                    flow.facts.started_at, definition.start
                );
                return Err(Reject::new(RejectReason::Conflict, detail));
            }
            None => None,
        };
        let mut progress = Progress::new(&definition.graph, now);
        if let Some(former) = &former {
            let has_same_steps = former.facts.definition == definition.digest;
            progress.continue_attempts(&former.progress, has_same_steps);
        }
        let former = former.map(|former| former.facts);
        let facts = Facts {
            name: definition.name.to_string(),
            definition: definition.digest,
            start: data,
            carried,
            results: BTreeMap::new(),
            people: BTreeMap::new(),
            started_at: now,
            changed_at: now,
            version: former.as_ref().map_or(0, |former| former.version),
            ends: former.as_ref().map_or(0, |former| former.ends),
            commands: former.map(|former| former.commands).unwrap_or_default(),
        };
        let mut turn = Turn::new(key, (&definition, &self.settings), facts, now);
        turn.push(Effect::Count(count::STARTED));
        Ok(turn.run(progress, |engine| {
            engine.start();
            true
        }))
    }

    /// The definition by which a message begins a flow: of templates the one with its `component_name`.
    fn definition_of_start(&self, incoming: &Incoming) -> Result<Arc<Definition>, Reject> {
        let started = |definition: &&Arc<Definition>| *definition.start == *incoming.kind;
        if let Some(name) = text_field(&incoming.data, "component_name") {
            if let Some(definition) = self.definitions.named(&name).filter(started) {
                return Ok(Arc::clone(definition));
            }
            if self.settings.writes.is_none() {
                let known = self.definitions.names();
                let detail = format!("there is no template of the component `{name}`; there are {known}");
                return Err(Reject::new(RejectReason::BadValue, detail));
            }
        }
        let is_named = |definition: &&Arc<Definition>| definition.form == Form::Template;
        self.definitions.only().filter(started).filter(|it| !is_named(it)).cloned().ok_or_else(|| {
            let detail =
                format!("`/component_name` of a {} is missing; the template's name stands there", incoming.kind);
            Reject::new(RejectReason::MissingField, detail)
        })
    }
}
