//! A step of the history, with the input that it has taken.

use serde_json::Value;

use super::message::text;

/// An input.
pub(super) enum Input<'a> {
    /// A message, as it is written in the source.
    Message { value: &'a Value, raw: &'a str },
    /// A command, with the step that it names.
    Command { id: &'a str, name: &'a str, step: &'a str },
    /// Answers are late.
    Deadline,
    /// A service has answered a call.
    Answered,
    /// Another timer, or a call without an answer.
    Other,
}

/// A step of the history.
pub(super) struct Transition<'a> {
    pub(super) input: Input<'a>,
    pub(super) before: Vec<&'a str>,
    pub(super) after: Vec<&'a str>,
    /// The outputs to which it has sent, in their order.
    pub(super) forwards: Vec<&'a str>,
    /// The targets that it has called.
    pub(super) acts: Vec<&'a str>,
    /// The kinds of its alerts.
    pub(super) alerts: Vec<&'a str>,
    pub(super) is_rejected: bool,
    /// True if it is counted as a message that has changed nothing.
    pub(super) is_ignored: bool,
    /// True if a command has opened an ended flow again; it may end again at once.
    pub(super) is_reopened: bool,
    /// The step as it is written, for violations.
    pub(super) text: String,
}

impl<'a> Transition<'a> {
    /// Reads a record of the history.
    pub(super) fn read(value: &'a Value, input: Input<'a>) -> Self {
        let effects = value.get("effects").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let named = |effect: &str| {
            let of = effects.iter().filter(|it| text(it, "effect") == effect);
            let times = |it: &Value| it.get("times").and_then(Value::as_u64).unwrap_or(1);
            of.flat_map(|it| (0..times(it)).map(|_| text(it, "name"))).collect::<Vec<_>>()
        };
        let statuses = |name: &str| {
            let list = value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            list.iter().filter_map(Value::as_str).collect()
        };
        Self {
            input,
            before: statuses("before"),
            after: statuses("after"),
            forwards: named("forward"),
            acts: named("act"),
            alerts: named("alert"),
            is_rejected: value.get("rejected").is_some(),
            is_ignored: named("count").iter().any(|count| count.starts_with("flow_messages_ignored_total")),
            is_reopened: named("count").contains(&"flows_total reopened"),
            text: value.to_string(),
        }
    }

    /// True if it sends or calls.
    pub(super) fn sends(&self) -> bool {
        !self.forwards.is_empty() || !self.acts.is_empty()
    }

    pub(super) fn is_closed_before(&self) -> bool {
        is_closed(&self.before)
    }

    pub(super) fn is_closed_after(&self) -> bool {
        is_closed(&self.after)
    }

    pub(super) fn is_held_before(&self) -> bool {
        self.before.contains(&"open/held")
    }

    pub(super) fn is_held_after(&self) -> bool {
        self.after.contains(&"open/held")
    }
}

fn is_closed(statuses: &[&str]) -> bool {
    statuses.iter().any(|status| status.starts_with("closed/"))
}
