//! Staged templates in JSON: stages in their order, tasks that need others of their stage.
//!
//! ```json
//! { "workflow_name": "Deliver Pizza", "component_name": "ITALIAN", "stages": [
//!     { "stage_name": "ORDER", "stage_order": 1.0, "tasks": [
//!         { "task_name": "confirm_order", "parent_task": [], "task_type": "SERVICE", "task_queue": "confirm_order_queue" } ] } ] }
//! ```
//!
//! All mistakes are told at once: an unknown or doubled name, a parent in another stage, a circle, a field of another type.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::alert::FLOWS;
use super::definition::{Action, Definition, Form, Task};
use super::form::{FORM, TaskForm};
use super::graph::{Graph, Kind, Owner, STEPS_MAX, Step, StepId};
use super::send::MESSAGES;
use crate::codec::json::fields;
use crate::model::Topic;

/// The mistakes of a template, each with its place and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct TemplateMistakes(pub Vec<String>);

impl fmt::Display for TemplateMistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// The types of tasks.
const SERVICE: &str = "SERVICE";
const HUMAN: &str = "HUMAN";

/// The fields of a task that are no extra fields.
const OWN_FIELDS: [&str; 4] = ["task_name", "parent_task", "task_type", "task_queue"];

/// A stage of a template.
struct Stage<'a> {
    /// `None`: it is missing, which is told.
    name: Option<String>,
    order: Option<f64>,
    tasks: Vec<Fields<'a>>,
}

/// Reads a template.
pub fn parse(text: &str) -> Result<Definition, TemplateMistakes> {
    let mut reader = Reader::default();
    let read = reader.template(text);
    match read {
        Some(definition) if reader.mistakes.is_empty() => Ok(definition),
        Some(_) | None => Err(TemplateMistakes(reader.mistakes)),
    }
}

/// The fields of an object, and its place.
struct Fields<'a> {
    at: String,
    by_name: BTreeMap<String, &'a RawValue>,
    order: Vec<String>,
}

#[derive(Default)]
struct Reader {
    mistakes: Vec<String>,
}

impl Reader {
    fn mistake(&mut self, at: &str, what: impl fmt::Display) {
        let colon = if at.is_empty() { "" } else { ": " };
        self.mistakes.push(format!("{at}{colon}{what}"));
    }

    fn template(&mut self, text: &str) -> Option<Definition> {
        let root = self.object("", text)?;
        let name = self.required::<String>(&root, "component_name", "the name by which `StartWorkflow` finds it");
        self.optional::<String>(&root, "workflow_name");
        let list = self.required::<Vec<&RawValue>>(&root, "stages", "the list of stages");
        if list.as_ref().is_some_and(Vec::is_empty) {
            self.mistake("stages", "there is no stage, so a flow would end when it starts");
        }
        let stages = self.stages(list.unwrap_or_default());
        let mut definition = Definition::new(&name.unwrap_or_default(), Form::Template, text);
        let mut before = None;
        for stage in &stages {
            before = Some(self.stage(&mut definition, stage, before));
        }
        if definition.graph.len() > STEPS_MAX {
            let count = definition.graph.len();
            self.mistake("stages", format!("there are {count} stages and tasks, and a flow has at most {STEPS_MAX}"));
        }
        Some(definition)
    }

    /// The stages in their order.
    fn stages<'a>(&mut self, list: Vec<&'a RawValue>) -> Vec<Stage<'a>> {
        let mut stages: Vec<Stage<'a>> = Vec::new();
        for (index, raw) in list.into_iter().enumerate() {
            let at = format!("stages[{index}]");
            let Some(object) = self.object(&at, raw.get()) else { continue };
            let name = self.required::<String>(&object, "stage_name", "the stage's name");
            let order = self.required::<f64>(&object, "stage_order", "a number: stages run in its order");
            let tasks = self.optional::<Vec<&RawValue>>(&object, "tasks").unwrap_or_default();
            let tasks = tasks.into_iter().enumerate();
            let tasks = tasks.filter_map(|(task, raw)| self.object(&format!("{at}.tasks[{task}]"), raw.get()));
            let tasks = tasks.collect();
            if let Some(name) = name.as_ref().filter(|_| stages.iter().any(|other| other.name == name)) {
                self.mistake(&at, format!("a second stage is named `{name}`: give each its own name"));
            }
            let is_same = |other: &&Stage<'a>| other.order.is_some() && other.order == order;
            if let (Some(order), Some(other)) = (order, stages.iter().find(is_same)) {
                let other = other.name.as_deref().unwrap_or_default();
                self.mistake(
                    &at,
                    format!("`stage_order` {order} is that of `{other}` too: stages run one after another"),
                );
            }
            stages.push(Stage { name, order, tasks });
        }
        stages.sort_by(|one, other| one.order.unwrap_or_default().total_cmp(&other.order.unwrap_or_default()));
        stages
    }

    fn stage(&mut self, definition: &mut Definition, stage: &Stage<'_>, before: Option<StepId>) -> StepId {
        let graph = &mut definition.graph;
        let id = graph.next_step();
        let scope = graph.add_scope(Owner::Step(id));
        let stage_name = stage.name.as_deref().unwrap_or_default();
        let mut step = Step::new(stage_name, Graph::ROOT, Kind::Scope(scope));
        step.needs = before.into_iter().collect();
        graph.add_step(step);
        let mut known: Vec<(String, StepId)> = Vec::new();
        let mut parents: Vec<(&str, StepId, Vec<String>)> = Vec::new();
        for fields in &stage.tasks {
            let name = self.required::<String>(fields, "task_name", "the task's name");
            let is_doubled = name.as_ref().is_some_and(|name| known.iter().any(|(other, _)| other == name));
            let name = name.unwrap_or_default();
            let names = self.optional::<Vec<String>>(fields, "parent_task").unwrap_or_default();
            let task = self.task(fields);
            if is_doubled {
                self.mistake(
                    &fields.at,
                    format!("a second task of the stage is named `{name}`: give each its own name"),
                );
            }
            let task_id = definition.graph.add_step(Step::new(&*name, scope, Kind::Request));
            if let Some(task) = task {
                definition.set_action(task_id, Action::Task(task));
            }
            known.push((name, task_id));
            parents.push((&fields.at, task_id, names));
        }
        for (at, task_id, names) in parents {
            for name in names {
                match known.iter().find(|(other, _)| *other == name) {
                    Some((_, parent)) => definition.graph.step_mut(task_id).needs.push(*parent),
                    None => self.mistake(at, format!(
                        "its parent `{name}` is no task of stage `{stage_name}`: stages run one after another, so tasks of earlier ones are completed"
                    )),
                }
            }
        }
        self.refuse_circles(&definition.graph, &known);
        id
    }

    fn task(&mut self, fields: &Fields<'_>) -> Option<Task> {
        let queue = self.required::<String>(fields, "task_queue", "the topic of its worker");
        let kind = self.required::<String>(fields, "task_type", "`SERVICE` or `HUMAN`");
        if let Some(other) = kind.as_deref().filter(|kind| ![SERVICE, HUMAN].contains(kind)) {
            self.mistake(&fields.at, format!("`task_type` is `{other}`: write `{SERVICE}` or `{HUMAN}`"));
        }
        if let Some(queue) = queue.as_deref().filter(|queue| !Topic::is_legal(queue)) {
            self.mistake(
                &fields.at,
                format!("`task_queue` is `{queue}`, no name of a topic: take letters, digits, `.`, `_` and `-`"),
            );
        }
        if let Some(queue) = queue.as_deref().filter(|queue| is_own_output(queue)) {
            self.mistake(
                &fields.at,
                format!("`task_queue` is `{queue}`, a name that flows use: name the topic otherwise"),
            );
        }
        let role = self.optional::<String>(fields, "assigned_to");
        let form = if kind.as_deref() == Some(HUMAN) { self.form(fields) } else { None };
        let is_extra = |name: &&String| !OWN_FIELDS.contains(&name.as_str());
        let extra = |name: &String| Some((name.clone(), fields.by_name.get(name)?.get().to_owned()));
        Some(Task {
            queue: queue?.into(),
            is_human: kind? == HUMAN,
            role: role.map(Into::into),
            extras: fields.order.iter().filter(is_extra).filter_map(extra).collect(),
            input: None,
            form,
        })
    }

    /// The form of a person's task: an object. A field of this name may be something else to a front end of one's own.
    fn form(&mut self, fields: &Fields<'_>) -> Option<TaskForm> {
        let text = fields.by_name.get(FORM)?.get();
        if !text.starts_with('{') {
            return None;
        }
        TaskForm::parse(text)
            .map_err(|error| self.mistake(&fields.at, format!("`{FORM}` is no JSON Schema: {error}")))
            .ok()
    }

    /// Tasks that wait for each other would never begin.
    fn refuse_circles(&mut self, graph: &Graph, tasks: &[(String, StepId)]) {
        let mut left: Vec<StepId> = tasks.iter().map(|(_, id)| *id).collect();
        loop {
            let before = left.len();
            let waits = |id: &StepId, left: &[StepId]| graph.step(*id).needs.iter().any(|need| left.contains(need));
            let now = left.clone();
            left.retain(|id| waits(id, &now));
            if left.is_empty() {
                return;
            }
            if left.len() == before {
                // Those behind the circle are no part of it.
                let is_needed = |id: &StepId| left.iter().any(|other| graph.step(*other).needs.contains(id));
                let names: Vec<String> =
                    left.iter().filter(|id| is_needed(id)).map(|id| format!("`{}`", graph.step(*id).name)).collect();
                return self.mistake("", format!("{} wait for each other: remove one `parent_task`", names.join(", ")));
            }
        }
    }

    fn object<'a>(&mut self, at: &str, text: &'a str) -> Option<Fields<'a>> {
        match fields(text.as_bytes()) {
            Ok(read) => {
                // Of a field that is there twice the last counts, once.
                let mut order: Vec<String> = Vec::new();
                for (name, _) in &read {
                    order.retain(|other| other != name);
                    order.push(name.clone());
                }
                Some(Fields { at: at.to_owned(), by_name: read.into_iter().collect(), order })
            }
            Err(error) => {
                let text = error.to_string();
                let text = if at.is_empty() { &text } else { without_position(&text) };
                self.mistake(at, format!("expected a JSON object: {text}"));
                None
            }
        }
    }

    fn required<'a, T: Deserialize<'a>>(&mut self, fields: &Fields<'a>, name: &str, what: &str) -> Option<T> {
        if fields.by_name.get(name).is_none_or(|raw| raw.get() == "null") {
            self.mistake(&fields.at, format!("`{name}` is missing: {what}"));
            return None;
        }
        self.optional(fields, name)
    }

    fn optional<'a, T: Deserialize<'a>>(&mut self, fields: &Fields<'a>, name: &str) -> Option<T> {
        let raw = fields.by_name.get(name).filter(|raw| raw.get() != "null")?;
        match serde_json::from_str(raw.get()) {
            Ok(value) => Some(value),
            Err(error) => {
                self.mistake(&fields.at, format!("`{name}`: {}", without_position(&error.to_string())));
                None
            }
        }
    }
}

/// An error without its position within a value, which says nothing to a reader of the file.
fn without_position(error: &str) -> &str {
    error.split(" at line ").next().unwrap_or_default()
}

/// True for the name of an output of flows, which no queue may have: outputs are found by their names.
pub fn is_own_output(queue: &str) -> bool {
    [MESSAGES, FLOWS].contains(&queue)
}
