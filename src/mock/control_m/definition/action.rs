//! The actions of `If` objects.

use serde_json::{Map, Value};

use super::super::answer::Problem;
use super::event::{self, EventRef};
use super::field::{inner, text};

/// Actions at the end of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mock::control_m) struct Condition {
    /// The ends at which they are taken.
    pub(in crate::mock::control_m) on: On,
    /// The actions.
    pub(in crate::mock::control_m) actions: Vec<Action>,
}

/// The ends of a job at which actions are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock::control_m) enum On {
    /// It ended OK.
    Ok,
    /// It ended not OK.
    NotOk,
    /// It ended.
    Any,
    /// It ended with that code.
    Code(i32),
}

/// What an action is told by.
pub(in crate::mock::control_m) const MAIL: &str = "Mail";
/// What an action is told by.
pub(in crate::mock::control_m) const NOTIFY: &str = "Notify";
/// The severity of what says none.
pub(in crate::mock::control_m) const REGULAR: &str = "R";

/// An action at the end of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mock::control_m) enum Action {
    /// Adds an event.
    AddEvent(EventRef),
    /// Deletes an event.
    DeleteEvent(EventRef),
    /// Orders a folder, or one job of it.
    Run {
        /// The Control-M server; empty means the job's.
        server: String,
        /// The folder.
        folder: String,
        /// The job; empty means all.
        job: String,
    },
    /// Runs the job again, as often as its `RerunLimit` says.
    Rerun,
    /// Makes it ended OK, or not.
    Set {
        /// Whether OK.
        ok: bool,
    },
    /// Tells somebody.
    Tell {
        /// `Mail` or `Notify`.
        by: &'static str,
        /// The message, or the subject.
        message: String,
        /// How urgent: `R`, `U` or `V` of `Urgency` Regular, Urgent or `VeryUrgent`.
        severity: &'static str,
    },
}

impl On {
    /// Whether a job that ended so is meant.
    pub(in crate::mock::control_m) const fn is_met(self, ok: bool, code: i32) -> bool {
        match self {
            Self::Ok => ok,
            Self::NotOk => !ok,
            Self::Any => true,
            Self::Code(wanted) => wanted == code,
        }
    }
}

/// Reads an object of the type `If` or `If:CompletionStatus`; other types of `If` do nothing here.
pub(super) fn condition(item: &str, object: &Map<String, Value>) -> Result<Option<Condition>, Problem> {
    if !matches!(text(object, "Type").as_str(), "If" | "If:CompletionStatus") {
        return Ok(None);
    }
    let status = text(object, "CompletionStatus");
    let on = match status.as_str() {
        "OK" => On::Ok,
        "NOTOK" | "NOK" => On::NotOk,
        "ANY" | "" => On::Any,
        code => code.parse().map(On::Code).map_err(|_error| unknown(item, code))?,
    };
    let mut actions = Vec::new();
    for (_, body) in inner(object) {
        actions.extend(action(item, body)?);
    }
    Ok(Some(Condition { on, actions }))
}

fn unknown(item: &str, status: &str) -> Problem {
    Problem::of(item, format!("Unknown CompletionStatus '{status}': expected OK, NOTOK, ANY or a number"))
}

fn action(item: &str, body: &Map<String, Value>) -> Result<Option<Action>, Problem> {
    let kind = text(body, "Type");
    let severity = match text(body, "Urgency").as_str() {
        "Urgent" => "U",
        "VeryUrgent" => "V",
        _ => REGULAR,
    };
    let message = [text(body, "Subject"), text(body, "Message")].join(" ").trim().to_owned();
    let tell = |by| Some(Action::Tell { by, message, severity });
    Ok(match kind.trim_start_matches("Action:") {
        "Event:Add" => Some(Action::AddEvent(event::named(item, body)?)),
        "Event:Delete" => Some(Action::DeleteEvent(event::named(item, body)?)),
        "Run" => Some(Action::Run {
            server: text(body, "ControlmServer"),
            folder: text(body, "Folder"),
            job: text(body, "Job"),
        }),
        "Rerun" => Some(Action::Rerun),
        "SetToOK" => Some(Action::Set { ok: true }),
        "SetToNotOK" => Some(Action::Set { ok: false }),
        "Notify" => tell(NOTIFY),
        "Mail" => tell(MAIL),
        // ctm-python-client 2.6.6 drops the type of a mail.
        "" if body.contains_key("To") && body.contains_key("Message") => tell(MAIL),
        _ => None,
    })
}
