//! The table of the rules.

use std::fmt;

use super::definition::Definition;
use super::place::Places;
use super::{command, folder, job, service, signal, wait};
use crate::template::Severity;

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// The stable name, for records and reports.
    pub name: &'static str,
    /// An error is not sent.
    pub severity: Severity,
    /// True if Control-M itself refuses a definition that breaks it; false: it accepts it, and does something else than meant.
    pub refused: bool,
    /// What to do.
    pub remedy: &'static str,
    find: fn(&Definition<'_>, &mut Places),
}

/// A place that breaks a rule.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// The place, as a JSON pointer; empty for the whole definition.
    pub pointer: String,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, pointer, what } = self;
        let place = if pointer.is_empty() { "the definition" } else { pointer };
        write!(f, "{place}: {what}: {} (rule {})", rule.remedy, rule.name)
    }
}

impl Rule {
    pub(super) fn findings(&'static self, definition: &Definition<'_>) -> impl Iterator<Item = Finding> {
        let mut places = Places::default();
        (self.find)(definition, &mut places);
        places.into_iter().map(move |(pointer, what)| Finding { rule: self, pointer, what })
    }

    /// A rule that Control-M checks.
    const fn refused(name: &'static str, find: fn(&Definition<'_>, &mut Places), remedy: &'static str) -> Self {
        Self { name, severity: Severity::Error, refused: true, remedy, find }
    }

    /// A rule for what Control-M accepts, and no bundle is right with.
    const fn error(name: &'static str, find: fn(&Definition<'_>, &mut Places), remedy: &'static str) -> Self {
        Self { refused: false, ..Self::refused(name, find, remedy) }
    }

    /// A rule for what may be meant.
    const fn warning(name: &'static str, find: fn(&Definition<'_>, &mut Places), remedy: &'static str) -> Self {
        Self { severity: Severity::Warning, ..Self::error(name, find, remedy) }
    }
}

impl Rule {
    /// A rule for an order of a deployed folder, which is no definition.
    pub(in super::super) const fn of_order(name: &'static str, remedy: &'static str) -> Self {
        Self::refused(name, nothing, remedy)
    }

    /// A rule for what may be meant in an order.
    pub(in super::super) const fn of_order_warning(name: &'static str, remedy: &'static str) -> Self {
        Self::warning(name, nothing, remedy)
    }
}

/// Finds nothing in a definition.
const fn nothing(_: &Definition<'_>, _: &mut Places) {}

/// All rules.
pub static RULES: [Rule; 29] = [
    Rule::refused("folder", folder::any, "define a folder as an object at the top"),
    Rule::refused("folder_type", folder::types, "write `Folder` or `SimpleFolder`"),
    Rule::refused(
        "folder_name",
        folder::names,
        "use 1 to 64 characters without blanks, ' $ / * ? \" and the special characters of Latin-1",
    ),
    Rule::warning(
        "folder_server",
        folder::servers,
        "write `\"ControlmServer\": \"{{ server_name }}\"`, by which it is looked up",
    ),
    Rule::warning(
        "folder_keep",
        folder::removed,
        "write `\"DaysKeepActive\": \"{{ retention_days }}\"` and no `CleanEndedOK`: a submit in doubt shortly before New Day finds \
         nothing after it, and the folder is submitted a second time",
    ),
    Rule::refused("folder_jobs", folder::jobs, "define a job in it, with a `Type` that begins with `Job:`"),
    Rule::refused("job_name", job::names, "use 1 to 64 characters: shorter ids, or a shorter prefix"),
    Rule::refused("job_name_unique", job::unique, "give each job of a folder a name of its own"),
    Rule::warning("job_name_colon", job::colons, "use ids without colons, or write a backslash before it"),
    Rule::refused("required", job::required, "write it, it is mandatory for this type"),
    Rule::refused("name_property", job::properties, "use a shorter name without blanks"),
    Rule::refused("event_name", job::event_names, "use 1 to 255 characters without blanks, ( ) | and '"),
    Rule::refused("event_count", job::event_counts, "let jobs in between wait for groups of children"),
    Rule::error(
        "event_producer",
        wait::without_producer,
        "add it in a job (`AddEvents`, with the same `Date`), or name it in `deliver.control_m.external_events` of the topology",
    ),
    Rule::error("event_cycle", wait::cycles, "take one of the events, or of the steps of the flow, out of the cycle"),
    Rule::warning("event_leak", wait::never_deleted, "delete it in the job that waits for it (`DeleteEvents`)"),
    Rule::warning(
        "event_date",
        wait::dated,
        "write `\"Date\": \"NoDate\"` on both sides, so that a new day changes nothing",
    ),
    Rule::warning("event_keep", wait::not_kept, "write `\"DaysKeepActive\": \"{{ retention_days }}\"`"),
    Rule::error(
        "signal_wait",
        signal::not_waited_for,
        "let a job wait for each of `events` (`WaitForEvents`), with `\"Date\": \"NoDate\"`: the work must not begin before all members are there",
    ),
    Rule::error(
        "signal_keep",
        signal::not_kept,
        "write `\"DaysKeepActive\": \"{{ retention_days }}\"` for the folder, which waits for members until the bundle expires",
    ),
    Rule::warning("signal_leak", signal::never_deleted, "delete it in the job that waits for it (`DeleteEvents`)"),
    Rule::refused("flow", folder::flows, "name two jobs of the folder or more, in the order in which they run"),
    Rule::refused("pool_quantity", job::pools, "write a number, such as `\"Quantity\": \"1\"`"),
    Rule::warning("action_type", job::actions, "write its type, such as `\"Type\": \"Mail\"`"),
    Rule::refused("service_name", service::names, "use 1 to 64 characters"),
    Rule::warning(
        "service_name_blank",
        service::blanks,
        "BMC's documentation forbids blanks, and its examples have them: leave them out",
    ),
    Rule::refused("complete_in", service::times, "write hours and minutes, such as `23:59`"),
    Rule::refused("complete_once", service::both_times, "leave one of them out"),
    Rule::error(
        "command_value",
        command::values,
        "put it between double quotes, where a value must not have \" $ ` \\ % !, and where nothing reads it twice, or leave it out of the command",
    ),
];
