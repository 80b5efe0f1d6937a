//! A command that a processor takes, and what became of one.

use serde::Serialize;
use utoipa::ToSchema;

use crate::processor::{ArgumentKind, ArgumentSpec, CommandSpec};
use crate::runtime;

/// A command of a processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Command {
    /// Its name.
    #[schema(examples("extend"))]
    pub name: String,
    /// What it does.
    pub help: String,
    /// Its arguments.
    pub arguments: Vec<Argument>,
    /// The statuses of the entries that it changes: a name, or what it begins with up to a `/`.
    #[schema(examples(json!(["open", "breached"])))]
    pub statuses: Vec<String>,
    /// True if its effects cannot be taken back by another command. It needs the role `admin`.
    pub dangerous: bool,
}

/// An argument of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Argument {
    /// Its name.
    #[schema(examples("until"))]
    pub name: String,
    /// What it means.
    pub help: String,
    /// True if the command cannot do without it.
    pub required: bool,
    /// The form of its value.
    pub kind: ArgumentForm,
    /// The words that it may be, if there are only these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// The form of an argument's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArgumentForm {
    /// A time of RFC 3339.
    Time,
    /// One of its choices.
    Word,
    /// Any text.
    Text,
}

impl From<&CommandSpec> for Command {
    fn from(spec: &CommandSpec) -> Self {
        Self {
            name: spec.name.to_owned(),
            help: spec.help.to_owned(),
            arguments: spec.arguments.iter().map(Into::into).collect(),
            statuses: spec.statuses.iter().map(|status| (*status).to_owned()).collect(),
            dangerous: spec.is_dangerous,
        }
    }
}

impl From<&ArgumentSpec> for Argument {
    fn from(spec: &ArgumentSpec) -> Self {
        let (kind, choices): (_, &[&str]) = match spec.kind {
            ArgumentKind::Time => (ArgumentForm::Time, &[]),
            ArgumentKind::OneOf(words) => (ArgumentForm::Word, words),
            ArgumentKind::Text => (ArgumentForm::Text, &[]),
        };
        Self {
            name: spec.name.to_owned(),
            help: spec.help.to_owned(),
            required: spec.is_required,
            kind,
            choices: choices.iter().map(|word| (*word).to_owned()).collect(),
        }
    }
}

/// A command that was executed, as its record in the topic `<app>-audit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Audit {
    /// The id of the command.
    #[schema(examples("5e6c3fcd-2a45-4f0e-9d0c-4f1b7f3f2a11"))]
    pub id: String,
    /// The processor.
    #[schema(examples("bundle"))]
    pub processor: String,
    /// The key of the entry.
    pub key: String,
    /// The name of the command.
    #[schema(examples("extend"))]
    pub name: String,
    /// Who sent it: the name of the token.
    #[schema(examples("ann"))]
    pub by: String,
    /// The reason that was given.
    pub why: String,
    /// When it was executed.
    #[schema(format = DateTime)]
    pub at: String,
    /// The statuses of the entry before.
    pub before: Vec<String>,
    /// The statuses after; equal if the entry was as the command demands.
    pub after: Vec<String>,
}

impl From<runtime::Audit> for Audit {
    fn from(audit: runtime::Audit) -> Self {
        Self {
            id: audit.id.to_string(),
            processor: audit.processor,
            key: audit.key,
            name: audit.name,
            by: audit.by,
            why: audit.why,
            at: audit.at.to_string(),
            before: audit.before,
            after: audit.after,
        }
    }
}
