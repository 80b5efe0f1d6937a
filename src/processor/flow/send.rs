//! The records that steps send: the message to a worker, and the messages of services.

use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;

use super::definition::{Definition, Message, START_TASK, Task};
use super::graph::StepId;
use super::message::embedded;
use super::settings::{WriteFormat, Writes};
use crate::model::{Headers, Key, Timestamp};
use crate::processor::Forward;

/// The attribute with the correlation id.
const CORRELATION: &str = "correlationid";

/// The output of messages.
pub const MESSAGES: &str = "messages";

/// The fields of the message to a worker that are not those of a template.
const OWN_FIELDS: [&str; 7] =
    ["business_ref_no", "component_name", "event_name", "stage_name", "task_name", "task_type", "input"];

/// An attempt of a step of a flow.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) key: &'a Key,
    pub(super) definition: &'a Definition,
    pub(super) step: StepId,
    /// The number of the attempt; those of a restarted flow go on.
    pub(super) number: u32,
}

impl Attempt<'_> {
    /// The id of what an attempt sends: a UUID of version 5 (RFC 9562, section 5.5) of flow, key, step and attempt, so
    /// that it is the same when the step is run again after a crash.
    pub(super) fn correlation(&self) -> String {
        let graph = &self.definition.graph;
        let stage = graph.stage_of(self.step).map_or("", |stage| &*stage.name);
        let step = &graph.step(self.step).name;
        let (flow, key) = (&self.definition.name, self.key.text());
        let name = format!("{flow}\0{key}\0{stage}\0{step}\0{}", self.number);
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
    }

    /// The key of a call whose first try has this number: a UUID of version 5 too.
    pub(super) fn idempotency_key(&self) -> String {
        let step = &self.definition.graph.step(self.step).name;
        let (flow, key) = (&self.definition.name, self.key.text());
        let name = format!("{flow}\0{key}\0call\0{step}\0{}", self.number);
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
    }

    /// The message to a worker: its own fields, then those of the template as they are written, then its input.
    pub(super) fn start_task(&self, task: &Task, input: Option<&str>) -> Forward {
        let Self { key, definition, step, .. } = *self;
        let mut object = Object::default();
        object.text("business_ref_no", &key.text());
        object.text("component_name", &definition.name);
        object.text("event_name", START_TASK);
        if let Some(stage) = definition.graph.stage_of(step) {
            object.text("stage_name", &stage.name);
        }
        object.text("task_name", &definition.graph.step(step).name);
        object.text("task_type", if task.is_human { "HUMAN" } else { "SERVICE" });
        // A template may have a field `input` of its own.
        let is_own = |name: &str| OWN_FIELDS.contains(&name) && (name != "input" || input.is_some());
        for (name, value) in task.extras.iter().filter(|(name, _)| !is_own(name)) {
            object.field(name, value);
        }
        if let Some(input) = input {
            object.field("input", input);
        }
        let id = self.correlation();
        let headers = Headers::new()
            .with("content-type", "application/json")
            .with("type", START_TASK)
            .with("id", id.clone())
            .with("correlationid", id);
        Forward::new(task.queue.clone(), object.finish()).with_headers(headers)
    }

    /// A message of a service, with these attributes of the message that has begun the flow.
    pub(super) fn message(
        &self,
        message: &Message,
        data: &str,
        (writes, carried, now): (&Writes, &std::collections::BTreeMap<String, String>, Timestamp),
    ) -> Forward {
        let id = self.correlation();
        let mut object = Object::default();
        if writes.format == WriteFormat::CloudEvents {
            object.text("specversion", "1.0");
            object.text("id", &id);
            object.text("source", &writes.source);
            object.text("time", &now.to_string());
            object.text("datacontenttype", "application/json");
        }
        object.text("type", &message.kind);
        let correlation = if writes.embeds_key { embedded(self.key, &id) } else { id };
        let own = [(CORRELATION, Value::from(correlation).to_string())];
        // An answer is found by the message's own id.
        let is_own = |name: &str| name == CORRELATION && (message.reply.is_some() || !carried.contains_key(name));
        for (name, value) in own.iter().filter(|(name, _)| is_own(name)) {
            object.field(name, value);
        }
        for (name, value) in carried.iter().filter(|(name, _)| !is_own(name)) {
            object.field(name, value);
        }
        for (name, value) in &writes.set {
            object.text(name, value);
        }
        object.field("data", data);
        let headers = Headers::new()
            .with(
                "content-type",
                match writes.format {
                    WriteFormat::CloudEvents => "application/cloudevents+json",
                    WriteFormat::Json => "application/json",
                },
            )
            .with(writes.type_header.clone(), message.kind.to_string());
        Forward::new(MESSAGES, object.finish()).with_headers(headers)
    }
}

/// A JSON object that is written field by field, in their order.
#[derive(Default)]
struct Object(String);

impl Object {
    /// A field with a value that is JSON.
    fn field(&mut self, name: &str, value: &str) {
        self.0.push_str(if self.0.is_empty() { "{" } else { "," });
        self.0.push_str(&Value::from(name).to_string());
        self.0.push(':');
        self.0.push_str(value);
    }

    fn text(&mut self, name: &str, text: &str) {
        self.field(name, &Value::from(text).to_string());
    }

    fn finish(mut self) -> Bytes {
        self.0.push_str(if self.0.is_empty() { "{}" } else { "}" });
        Bytes::from(self.0)
    }
}
