//! The commands of a processor: described for lists and command lines, and checked before they are written to an inbox.

use super::Command;
use crate::model::{Timestamp, is_status};

/// A command of a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandSpec {
    /// The name.
    pub name: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// The arguments.
    pub arguments: &'static [ArgumentSpec],
    /// The statuses of entries that it changes, by name, or by the part before a `/`: `open` stands for `open/waiting-parent` too.
    pub statuses: &'static [&'static str],
    /// True if its effects cannot be taken back by another command.
    pub is_dangerous: bool,
}

/// An argument of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgumentSpec {
    /// The name.
    pub name: &'static str,
    /// What it means, in one line.
    pub help: &'static str,
    /// The type of the value.
    pub kind: ArgumentKind,
    /// True if the command cannot do without it.
    pub is_required: bool,
}

/// The type of an argument's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// An instant of RFC 3339 (`2026-01-02T06:00:00Z`).
    Time,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Any text.
    Text,
}

/// A command that no processor would accept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCommand {
    /// The processor has no such command.
    #[error("there is no command `{name}`{}", there_is(.known))]
    Unknown {
        /// The name.
        name: String,
        /// The commands of the processor.
        known: Vec<&'static str>,
    },
    /// The command has no such argument.
    #[error("the command `{command}` has no argument `{argument}`{}", there_is(.known))]
    UnknownArgument {
        /// The command.
        command: &'static str,
        /// The argument.
        argument: String,
        /// The arguments of the command.
        known: Vec<&'static str>,
    },
    /// A required argument is absent.
    #[error("the command `{command}` needs the argument `{argument}`: {help}")]
    Missing {
        /// The command.
        command: &'static str,
        /// The argument.
        argument: &'static str,
        /// What it means.
        help: &'static str,
    },
    /// The value of an argument is not of its type.
    #[error("the argument `{argument}` of the command `{command}` is `{value}`: write {expected}")]
    Value {
        /// The command.
        command: &'static str,
        /// The argument.
        argument: &'static str,
        /// The value.
        value: String,
        /// What it should be.
        expected: String,
    },
}

/// Finds the specification of a command, and checks its arguments. The processor checks again, against the state of the entry.
pub fn check(specs: &'static [CommandSpec], command: &Command) -> Result<&'static CommandSpec, InvalidCommand> {
    let unknown =
        || InvalidCommand::Unknown { name: command.name.clone(), known: specs.iter().map(|spec| spec.name).collect() };
    let spec = specs.iter().find(|spec| spec.name == command.name).ok_or_else(unknown)?;
    for (name, value) in &command.arguments {
        let argument = spec.arguments.iter().find(|argument| argument.name == name);
        let argument = argument.ok_or_else(|| InvalidCommand::UnknownArgument {
            command: spec.name,
            argument: name.clone(),
            known: spec.arguments.iter().map(|argument| argument.name).collect(),
        })?;
        argument.kind.check(value).map_err(|expected| InvalidCommand::Value {
            command: spec.name,
            argument: argument.name,
            value: value.clone(),
            expected,
        })?;
    }
    let is_missing = |it: &&ArgumentSpec| it.is_required && !command.arguments.contains_key(it.name);
    match spec.arguments.iter().find(is_missing) {
        Some(ArgumentSpec { name, help, .. }) => {
            Err(InvalidCommand::Missing { command: spec.name, argument: name, help })
        }
        None => Ok(spec),
    }
}

impl CommandSpec {
    /// True if it changes entries of the status with this name.
    pub fn changes(&self, status: &str) -> bool {
        self.statuses.iter().any(|wanted| is_status(status, wanted))
    }
}

impl ArgumentKind {
    /// Checks a value; the error is what it should be.
    fn check(self, value: &str) -> Result<(), String> {
        match self {
            Self::Text => Ok(()),
            Self::Time => match value.parse::<Timestamp>() {
                Ok(_) => Ok(()),
                Err(error) => Err(error.to_string()),
            },
            Self::OneOf(words) if words.contains(&value) => Ok(()),
            Self::OneOf(words) => Err(words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")),
        }
    }
}

/// The end of a message that lists what there is.
fn there_is(names: &[&'static str]) -> String {
    if names.is_empty() { ": there is none".to_owned() } else { format!("; there is {}", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use uuid::Uuid;

    use super::*;

    const SPECS: &[CommandSpec] = &[CommandSpec {
        name: "extend",
        help: "moves the deadline",
        arguments: &[
            ArgumentSpec { name: "until", help: "the deadline", kind: ArgumentKind::Time, is_required: true },
            ArgumentSpec { name: "as", help: "a word", kind: ArgumentKind::OneOf(&["a", "b"]), is_required: false },
        ],
        statuses: &["open", "closed/late"],
        is_dangerous: false,
    }];

    fn checked(name: &str, arguments: &[(&str, &str)]) -> Result<&'static str, String> {
        let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let command = Command {
            id: Uuid::nil(),
            name: name.to_owned(),
            arguments: arguments.collect::<BTreeMap<_, _>>(),
            by: "ann".to_owned(),
            why: String::new(),
            at: Timestamp::from_millis(0),
            traceparent: None,
        };
        check(SPECS, &command).map(|spec| spec.name).map_err(|error| error.to_string())
    }

    #[test]
    fn a_command_is_checked_against_its_specification() {
        let time = ("until", "2026-01-02T06:00:00Z");
        assert_eq!(checked("extend", &[time]), Ok("extend"));
        assert_eq!(checked("extend", &[time, ("as", "b")]), Ok("extend"));
        for (name, arguments, words) in [
            ("delete", &[][..], "there is no command `delete`; there is extend"),
            ("extend", &[], "needs the argument `until`: the deadline"),
            ("extend", &[("until", "tomorrow")], "is `tomorrow`: write a time such as 2026-01-02T06:00:00Z"),
            ("extend", &[time, ("as", "c")], "is `c`: write `a` or `b`"),
            ("extend", &[time, ("by", "1h")], "has no argument `by`; there is until, as"),
        ] {
            let error = checked(name, arguments).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_status_is_named_whole_or_by_its_beginning() {
        let [spec] = SPECS else { panic!("there is one") };
        let changes = ["open", "open/waiting-parent", "closed/late", "closed", "opened"].map(|it| spec.changes(it));
        assert_eq!(changes, [true, true, true, false, false]);
    }
}
