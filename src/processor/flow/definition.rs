//! A definition of flows: its graph, and what each step does.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::call::Call;
use super::form::TaskForm;
use super::graph::{Graph, StepId};
use super::mutation::Mutation;
use crate::template::{Expression, Template};

/// The type of the message that begins a flow of a staged template.
pub const START_WORKFLOW: &str = "StartWorkflow";

/// The type of the message to a worker.
pub(super) const START_TASK: &str = "StartTask";
/// A worker has done its task.
pub(super) const TASK_COMPLETED: &str = "TaskCompleted";
/// A worker could not do it.
pub(super) const TASK_FAILED: &str = "TaskFailed";
/// A task is to be done again.
pub(super) const TASK_PENDING: &str = "TaskPending";
/// The types of messages about tasks.
pub const TASK_WORDS: [&str; 3] = [TASK_COMPLETED, TASK_FAILED, TASK_PENDING];

/// The hash of a definition's text, equal on all machines. An instance keeps that of the definition with which it has begun.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest of a text.
    pub fn of(text: &str) -> Self {
        Self(*Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).as_bytes())
    }

    /// A short number of it for statuses. Of a few definitions no two have the same.
    pub(super) fn number(self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_be_bytes([a, b, c, d])
    }

    /// Reads what it is displayed as.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(|uuid| Self(*uuid.as_bytes()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Uuid::from_bytes(self.0).simple(), f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A definition of flows.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The name by which it is found: a template's `component_name`, a topology's name.
    pub name: Arc<str>,
    /// The hash of its text.
    pub digest: Digest,
    /// The text from which it was read.
    pub text: Arc<str>,
    /// The form of the text.
    pub form: Form,
    /// The type of the message that begins a flow.
    pub start: Arc<str>,
    /// The steps and their order.
    pub graph: Graph,
    /// What each step does, in the order of the graph.
    actions: Vec<Action>,
    /// The condition of each step that has one.
    conditions: Vec<(StepId, Expression)>,
    /// The mutation for tests of the simulator; without the feature `mutation` it has no effect.
    mutation: Option<Mutation>,
}

/// The form of a definition's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A staged template in JSON.
    Template,
    /// The key `flow` of a topology file.
    Steps,
}

/// What a step does beside its place in the graph.
#[derive(Clone, Debug)]
pub enum Action {
    /// Nothing of its own: a stage, a wait for a time, an end.
    None,
    /// A worker or a person is asked for a task.
    Task(Task),
    /// A message is sent, and an answer awaited if it has a type.
    Send(Message),
    /// A message of this type is awaited.
    Await(Arc<str>),
    /// A service is called.
    Call(Call),
}

/// A task.
#[derive(Clone, Debug)]
pub struct Task {
    /// The topic from which its worker reads.
    pub queue: Arc<str>,
    /// The role of the people who do it; `None`: a service does it.
    pub role: Option<Arc<str>>,
    /// True for a person's task.
    pub is_human: bool,
    /// Further fields of the message, with their JSON texts.
    pub extras: Vec<(String, String)>,
    /// The field `input` of the message.
    pub input: Option<Template>,
    /// What the result of a person is. It is one of the further fields too.
    pub form: Option<TaskForm>,
}

/// A message that a step sends.
#[derive(Clone, Debug)]
pub struct Message {
    /// The type.
    pub kind: Arc<str>,
    /// The data.
    pub data: Option<Template>,
    /// The type of the answer; `None`: none is awaited.
    pub reply: Option<Arc<str>>,
}

impl PartialEq for Definition {
    /// Equal if their texts are, and their names.
    fn eq(&self, other: &Self) -> bool {
        (self.digest, &self.name) == (other.digest, &other.name)
    }
}

impl Eq for Definition {}

impl Definition {
    /// A definition without steps, of a text.
    pub fn new(name: &str, form: Form, text: &str) -> Self {
        Self {
            name: name.into(),
            digest: Digest::of(text),
            text: text.into(),
            form,
            start: START_WORKFLOW.into(),
            graph: Graph::default(),
            actions: Vec::new(),
            conditions: Vec::new(),
            mutation: None,
        }
    }

    /// The same definition, whose flows break a rule.
    #[must_use]
    pub fn with_mutation(self, mutation: Option<Mutation>) -> Self {
        Self { mutation, ..self }
    }

    /// True if this mutation is set; always false without the feature `mutation`.
    pub(super) fn breaks(&self, mutation: Mutation) -> bool {
        cfg!(feature = "mutation") && self.mutation == Some(mutation)
    }

    /// Says what a step does.
    pub fn set_action(&mut self, id: StepId, action: Action) {
        let index = usize::from(id.0);
        if self.actions.len() <= index {
            self.actions.resize(index + 1, Action::None);
        }
        if let Some(place) = self.actions.get_mut(index) {
            *place = action;
        }
    }

    /// Gives a step a condition.
    pub fn set_condition(&mut self, id: StepId, condition: Expression) {
        self.graph.step_mut(id).has_condition = true;
        self.conditions.push((id, condition));
    }

    /// What a step does.
    pub fn action(&self, id: StepId) -> &Action {
        self.actions.get(usize::from(id.0)).unwrap_or(&Action::None)
    }

    /// The condition of a step.
    pub fn condition(&self, id: StepId) -> Option<&Expression> {
        self.conditions.iter().find(|(step, _)| *step == id).map(|(_, condition)| condition)
    }

    /// The topics to which its tasks are sent, without repetitions.
    pub fn queues(&self) -> Vec<&Arc<str>> {
        let mut queues: Vec<&Arc<str>> = self.actions.iter().filter_map(|it| it.task().map(|it| &it.queue)).collect();
        queues.sort();
        queues.dedup();
        queues
    }

    /// Its calls, each with its step; their order numbers their acts.
    pub fn calls(&self) -> impl Iterator<Item = (StepId, &Call)> {
        self.graph.steps().filter_map(|(id, _)| match self.action(id) {
            Action::Call(call) => Some((id, call)),
            Action::None | Action::Task(_) | Action::Send(_) | Action::Await(_) => None,
        })
    }

    /// The types of messages that its steps wait for.
    pub fn awaited(&self) -> impl Iterator<Item = &Arc<str>> {
        self.actions.iter().filter_map(Action::awaited)
    }
}

impl Action {
    /// The task.
    pub fn task(&self) -> Option<&Task> {
        if let Self::Task(task) = self { Some(task) } else { None }
    }

    /// The type of the message that it waits for.
    pub fn awaited(&self) -> Option<&Arc<str>> {
        match self {
            Self::Send(Message { reply, .. }) => reply.as_ref(),
            Self::Await(kind) => Some(kind),
            Self::None | Self::Task(_) | Self::Call(_) => None,
        }
    }
}
