//! The messages of a run, and the ids of attempts.

use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use super::definition::{Flow, MESSAGES_TOPIC, Sends, Step};
use crate::model::Record;

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim::swarm) enum Says {
    Done,
    Failed,
    Refused,
    /// The task is to be done again.
    Pending,
}

/// The id of an attempt: a UUID of version 5 of flow, key, stage, step and number.
pub(in crate::sim::swarm) fn id(flow: Flow, key: &str, step: &Step, number: u32) -> String {
    let name = format!("{}\0{key}\0{}\0{}\0{number}", flow.name(), step.stage, step.name);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

/// The message that begins a flow; `number` is a part of its data.
pub(in crate::sim::swarm) fn start(flow: Flow, key: &str, number: u64) -> Value {
    json!({
        "event_name": flow.start(), "business_ref_no": key, "component_name": flow.name(), "traceid": key,
        "express": !number.is_multiple_of(3), "amount": number % 4,
    })
}

/// The answer of a step, with its correlation id if it has one.
pub(in crate::sim::swarm) fn answer(key: &str, step: &Step, says: Says, id: Option<String>) -> Value {
    let kind = match (step.sends, says) {
        (Sends::Message(_, Some(reply)) | Sends::Await(reply), _) => reply,
        (_, Says::Done) => "TaskCompleted",
        (_, Says::Failed | Says::Refused) => "TaskFailed",
        (_, Says::Pending) => "TaskPending",
    };
    let mut value = json!({ "event_name": kind, "business_ref_no": key });
    if let Some(fields) = value.as_object_mut() {
        if let Sends::Task(_) = step.sends {
            fields.insert("task_name".to_owned(), Value::from(step.name));
            if !step.stage.is_empty() {
                fields.insert("stage_name".to_owned(), Value::from(step.stage));
            }
        }
        if says == Says::Refused {
            fields.insert("refused".to_owned(), Value::from(true));
        }
        if let Some(id) = id {
            fields.insert("correlationid".to_owned(), Value::from(id));
        }
    }
    value
}

/// The value of a record as JSON; null if it is none.
pub(in crate::sim::swarm) fn value(record: &Record) -> Value {
    record.value.as_deref().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
}

/// The text of a field.
pub(in crate::sim::swarm) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The value of a message as bytes.
pub(in crate::sim::swarm) fn bytes(value: &Value) -> Bytes {
    Bytes::from(value.to_string())
}

/// What a step has sent.
#[derive(Clone, Debug)]
pub(in crate::sim::swarm) struct Ask {
    pub(in crate::sim::swarm) key: String,
    /// `None` for a record that no step of the flow sends.
    pub(in crate::sim::swarm) step: Option<&'static Step>,
    pub(in crate::sim::swarm) id: String,
}

impl Ask {
    /// Reads a record of a topic of tasks or messages.
    pub(in crate::sim::swarm) fn read(flow: Flow, record: &Record) -> Self {
        let value = value(record);
        let is_message = record.source.topic.as_str() == MESSAGES_TOPIC;
        if is_message {
            let kind = text(&value, "type");
            let sends = |step: &&Step| matches!(step.sends, Sends::Message(own, _) if own == kind);
            return Self {
                key: text(&value, "traceid").to_owned(),
                step: flow.steps().iter().find(sends),
                id: text(&value, "correlationid").to_owned(),
            };
        }
        Self {
            key: text(&value, "business_ref_no").to_owned(),
            step: flow.step(text(&value, "task_name")),
            id: record.headers.text("id").unwrap_or_default().to_owned(),
        }
    }
}
