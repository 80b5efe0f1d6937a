//! The alerts of flows, and the record of an end.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

use super::definition::Definition;
use super::graph::StepId;
use super::progress::{Ending, StepProgress};
use super::state::Facts;
use crate::model::{Alert, Headers, Key, Severity, Timestamp};
use crate::processor::{Effect, Forward};

/// The output of records about the ends of flows.
///
/// Value: JSON `{"flow", "key", "ending": "completed" | "failed" | "cancelled", "reason"?, "started_at", "at"}`. Headers:
/// `CloudEvents` 1.0 in binary mode.
pub const FLOWS: &str = "flows";

/// A step is in trouble that nothing handles.
const HELD: &str = "flow_held";
/// A flow has ended by a `fail` step.
const FAILED: &str = "flow_failed";
/// A step still waits after the time for a reminder.
const REMINDER: &str = "flow_reminder";
/// An answer came too late, for a former attempt, after the end, or for no step.
const ANSWER_IGNORED: &str = "flow_answer_ignored";

/// The kinds of alerts.
pub(super) const ALERTS: [&str; 4] = [HELD, FAILED, REMINDER, ANSWER_IGNORED];

/// A flow about which people are told.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) key: &'a Key,
    pub(super) definition: &'a Definition,
    pub(super) now: Timestamp,
}

impl About<'_> {
    /// A step is held.
    pub(super) fn held(&self, step: StepId, progress: &StepProgress) -> Effect {
        let (flow, key, name) = (&self.definition.name, self.key, self.name(step));
        let message = format!("flow {flow} {key} is held at {name}: {}", progress.reason);
        let remedy = format!(
            "mend the cause, then `sheaf flows rerun {key} --step {name}`; or complete, fail or skip the step, or cancel the flow"
        );
        self.alert(
            HELD,
            Severity::Critical,
            (message, remedy),
            &[("step", json!(name)), ("attempt", json!(progress.attempt)), ("reason", json!(progress.reason))],
        )
    }

    /// A step still waits.
    pub(super) fn reminder(&self, step: StepId, role: Option<&str>, person: Option<&str>) -> Effect {
        let (flow, key, name) = (&self.definition.name, self.key, self.name(step));
        let by = match (person, role) {
            (Some(person), _) => format!(" of {person}"),
            (None, Some(role)) => format!(" of a {role}"),
            (None, None) => String::new(),
        };
        let message = format!("flow {flow} {key} still waits for {name}{by}");
        let remedy = format!("look at it with `sheaf flows show {key}`");
        let details = [("step", json!(name)), ("role", json!(role)), ("person", json!(person))];
        self.alert(REMINDER, Severity::Warning, (message, remedy), &details)
    }

    /// The flow has failed.
    pub(super) fn failed(&self, reason: &str) -> Effect {
        let (flow, key) = (&self.definition.name, self.key);
        let message = format!("flow {flow} {key} has failed: {reason}");
        let remedy = format!("if it is to go on, `sheaf flows rerun {key} --step NAME`");
        self.alert(FAILED, Severity::Warning, (message, remedy), &[("reason", json!(reason))])
    }

    /// An answer has changed nothing, and may matter to somebody.
    pub(super) fn answer_ignored(&self, what: &str, why: &str) -> Effect {
        let (flow, key) = (&self.definition.name, self.key);
        let message = format!("{what} for flow {flow} {key} changes nothing: {why}");
        let remedy = "if it should count, `sheaf flows complete`, or rerun the step";
        self.alert(ANSWER_IGNORED, Severity::Info, (message, remedy.to_owned()), &[("message", json!(what))])
    }

    /// The record of an end.
    pub(super) fn end(&self, facts: &Facts, ending: &Ending) -> Effect {
        let (word, reason) = words(ending);
        let mut value = json!({
            "flow": self.definition.name,
            "key": self.key.text(),
            "ending": word,
            "started_at": facts.started_at.to_string(),
            "at": self.now.to_string(),
        });
        if let (Some(fields), Some(reason)) = (value.as_object_mut(), reason) {
            fields.insert("reason".to_owned(), Value::from(reason));
        }
        let headers = Headers::new()
            .with("content-type", "application/json")
            .with("ce_specversion", "1.0")
            // Ends of a flow are counted, so the id is unique, and equal when the step is run again.
            .with("ce_id", format!("{}-{}-{}", self.definition.name, self.key.text(), facts.ends))
            .with("ce_source", "sheaf/flow")
            .with("ce_type", format!("sheaf.flow.{word}.v1"))
            .with("ce_time", self.now.to_string())
            .about(self.key);
        Effect::Forward(Forward::new(FLOWS, Bytes::from(value.to_string())).with_headers(headers))
    }

    /// A step, with its stage: `PREPARE/make_food`.
    pub(super) fn name(&self, step: StepId) -> String {
        step_name(self.definition, step)
    }

    fn alert(
        &self,
        kind: &str,
        severity: Severity,
        (message, remedy): (String, String),
        details: &[(&str, Value)],
    ) -> Effect {
        let own = [("flow", json!(self.definition.name))];
        let details = own.iter().chain(details).map(|(name, value)| ((*name).to_owned(), value.clone()));
        let details = details.collect::<BTreeMap<_, _>>();
        let alert = Alert { kind: kind.to_owned(), severity, at: self.now, message, details };
        Effect::Alert(alert.with_remedy(remedy))
    }
}

/// The word of an ending, and its reason.
pub(super) fn words(ending: &Ending) -> (&'static str, Option<&str>) {
    match ending {
        Ending::Completed => ("completed", None),
        Ending::Failed(reason) => ("failed", Some(reason)),
        Ending::Cancelled => ("cancelled", None),
    }
}

/// A step, with the step that contains it: `PREPARE/make_food`.
pub(super) fn step_name(definition: &Definition, step: StepId) -> String {
    let own = &definition.graph.step(step).name;
    match definition.graph.stage_of(step) {
        Some(stage) => format!("{}/{own}", stage.name),
        None => own.to_string(),
    }
}
