//! A flow as JSON, for people.

use serde_json::{Map, Value, json};

use super::alert::{step_name, words};
use super::definition::{Definition, Form};
use super::form::TaskForm;
use super::graph::{Graph, Kind, ScopeId, StepId};
use super::progress::{Answer, Status, StepProgress};
use super::state::Flow;
use super::status::{is_for_person, is_waited_for};
use crate::model::{Key, Timestamp};

/// `key`, `status`, `flow`, `definition`, `started_at`, `updated_at`, `version`, `ending`, `at_steps`, `waits_for` (what it waits for or is held at), `steps` (`step`, `status`,
/// `attempt`, `reruns`, `reason`, `since`, `due`, `late_at`). A flow of a staged template has the fields of its instance document too:
/// `business_ref_no`, `component_name`, `workflow_name`, `stages`.
pub(super) fn show(key: &Key, flow: &Flow, status: &str, definition: Option<&Definition>) -> Value {
    let facts = &flow.facts;
    let mut shown = json!({
        "key": key.text(),
        "status": status,
        "flow": facts.name,
        "definition": facts.definition.to_string(),
        "started_at": facts.started_at.to_string(),
        "updated_at": facts.changed_at.to_string(),
        "version": facts.version,
        "ending": flow.progress.ending.as_ref().map(|ending| {
            let (word, reason) = words(ending);
            json!({ "ending": word, "reason": reason })
        }),
    });
    if let (Some(fields), Some(definition)) = (shown.as_object_mut(), definition) {
        let ids = || definition.graph.steps().map(|(id, _)| id);
        let status = |id: StepId| flow.progress.status(id);
        let waits =
            ids().filter(|id| is_waited_for(definition, *id, status(*id)) || matches!(status(*id), Status::Held(_)));
        let waits: Vec<Value> = waits.map(|id| wait(flow, definition, id)).collect();
        let names = waits.iter().filter_map(|wait| wait.get("step").cloned());
        fields.insert("at_steps".to_owned(), names.collect());
        fields.insert("waits_for".to_owned(), Value::from(waits));
        let steps: Vec<Value> = ids().map(|id| step(flow, definition, id)).collect();
        fields.insert("steps".to_owned(), Value::from(steps));
        if definition.form == Form::Template {
            instance(fields, key, flow, definition);
        }
    }
    shown
}

/// What a flow waits for, or is held at.
fn wait(flow: &Flow, definition: &Definition, id: StepId) -> Value {
    let progress = flow.progress.of(id);
    let task = definition.action(id).task();
    let is_human = is_for_person(definition, id, progress.status);
    let form = task.and_then(|task| task.form.as_ref());
    json!({
        "step": step_name(definition, id),
        "status": progress.status.as_str(),
        "since": progress.changed_at.to_string(),
        "human": is_human,
        "role": task.and_then(|task| task.role.as_deref()),
        "person": flow.facts.people.get(&id),
        "reason": Some(&progress.reason).filter(|reason| !reason.is_empty()),
        "form": form.map(TaskForm::schema),
        "form_fields": form.map(TaskForm::properties),
    })
}

fn step(flow: &Flow, definition: &Definition, id: StepId) -> Value {
    let StepProgress { status, attempt, reruns, due, late_at, changed_at, reason, .. } = flow.progress.of(id);
    let time = |at: &Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "step": step_name(definition, id),
        "status": status.as_str(),
        "attempt": attempt,
        "reruns": reruns,
        "reason": Some(reason).filter(|reason| !reason.is_empty()),
        "since": changed_at.to_string(),
        "due": time(due),
        "late_at": time(late_at),
    })
}

/// The fields of the instance document of a staged template: the template, with the status of each stage and task.
fn instance(fields: &mut Map<String, Value>, key: &Key, flow: &Flow, definition: &Definition) {
    let Ok(Value::Object(mut template)) = serde_json::from_str::<Value>(&definition.text) else { return };
    if let Some(Value::Array(stages)) = template.get_mut("stages") {
        for stage in stages.iter_mut().filter_map(Value::as_object_mut) {
            describe_stage(stage, flow, definition);
        }
    }
    template.insert("business_ref_no".to_owned(), Value::from(key.text()));
    for (name, value) in template {
        fields.entry(name).or_insert(value);
    }
}

fn describe_stage(stage: &mut Map<String, Value>, flow: &Flow, definition: &Definition) {
    let name = |fields: &Map<String, Value>, key: &str| fields.get(key)?.as_str().map(str::to_owned);
    let Some((id, scope)) = name(stage, "stage_name").and_then(|name| stage_of(&definition.graph, &name)) else {
        return;
    };
    stage.insert("status".to_owned(), Value::from(stage_word(flow.progress.status(id))));
    let Some(Value::Array(tasks)) = stage.get_mut("tasks") else { return };
    for task in tasks.iter_mut().filter_map(Value::as_object_mut) {
        let task_name = name(task, "task_name").unwrap_or_default();
        let mut ids = definition.graph.scope(scope).steps.iter();
        let Some(id) = ids.find(|id| *definition.graph.step(**id).name == *task_name) else { continue };
        let progress = flow.progress.of(*id);
        let is_early = flow.progress.has_early_answer(*id, &Answer::Done);
        let word = if is_early { "COMPLETED" } else { task_word(progress.status) };
        task.insert("status".to_owned(), Value::from(word));
        if progress.status != Status::Waiting || is_early {
            let is_asked = progress.status == Status::Active;
            let reason = if is_asked { Value::Null } else { Value::from(progress.reason.as_str()) };
            task.insert("reason".to_owned(), reason);
            task.insert("last_updated_time_pretty".to_owned(), Value::from(pretty(progress.changed_at)));
        }
    }
}

fn stage_of(graph: &Graph, name: &str) -> Option<(StepId, ScopeId)> {
    let id = graph.find(None, name)?;
    if let Kind::Scope(scope) = graph.step(id).kind { Some((id, scope)) } else { None }
}

/// The words of the instance document.
const fn stage_word(status: Status) -> &'static str {
    match status {
        Status::Waiting => "NOT STARTED",
        Status::Active | Status::Resting | Status::Failing(_) | Status::Held(_) | Status::Undoing => "ACTIVE",
        Status::Done | Status::Failed(_) | Status::Undone => "COMPLETED",
        Status::Skipped => "SKIPPED",
    }
}

const fn task_word(status: Status) -> &'static str {
    match status {
        Status::Waiting => "PENDING",
        Status::Active | Status::Resting | Status::Undoing => "SCHEDULED",
        Status::Failing(_) | Status::Held(_) | Status::Failed(_) => "FAILED",
        Status::Done | Status::Undone => "COMPLETED",
        Status::Skipped => "SKIPPED",
    }
}

/// A time as C's `%c` writes it: `Fri Jun 28 10:45:41 2019`, in UTC.
fn pretty(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.as_millis()) {
        Ok(instant) => instant.strftime("%a %b %e %H:%M:%S %Y").to_string(),
        Err(_) => at.to_string(),
    }
}
