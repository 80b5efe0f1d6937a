//! Jobs-as-code: the rules that a definition must obey before it is sent to Control-M.
//!
//! BMC publishes no schema of the language, and its `build` service is not asked per submit. These rules are the known limits of
//! names and lists, the properties that a type needs, and what Control-M accepts and never runs: a job that waits for an event
//! that nobody adds.
//!
//! ```text
//!  text ──serde_json──▶ object ──definition──▶ folders, jobs, lists of events ──each of RULES──▶ findings
//! ```
//!
//! | file | content |
//! |---|---|
//! | `rule` | [`RULES`], the table of the rules; [`Finding`] |
//! | `definition` | the folders and jobs of an object, and what they inherit |
//! | `event` | the lists of events of a job or a folder, and the actions that add or delete one |
//! | `folder`, `job` | folders and their names; jobs, their names and properties |
//! | `signal` | the events that are added while a bundle is incomplete |
//! | `wait` | events that nobody adds, or too late, or that outlive their day |
//! | `progress` | which jobs can run at all |
//! | `expression` | the value of a list with `AND`, `OR` and parentheses |
//! | `service` | SLA jobs |
//! | `command` | values in the text of a shell |
//! | `shell` | what a shell makes of a value in its place |
//! | `variable` | the texts that use a variable |
//! | `place`, `object` | JSON pointers; properties of objects |
//! | `limit` | the limits of names and lists |
//!
//! Not here, because it is told while the template is rendered ([`template`](crate::template)): one object without duplicate keys,
//! undefined variables, `%%` in a value, the largest text.

mod command;
mod definition;
mod event;
mod expression;
mod folder;
mod job;
mod limit;
mod object;
mod place;
mod progress;
mod rule;
mod service;
mod shell;
mod signal;
#[cfg(test)]
mod tests;
mod variable;
mod wait;

pub(super) use folder::is_forbidden;
pub use limit::{EVENTS_MAX, NAME_CHARS_MAX};
pub use rule::{Finding, RULES, Rule};

use serde_json::{Map, Value};

use crate::template::Rendered;
pub use definition::Waiting;
use definition::{Definition, Setting};

/// The findings of all rules in a rendered definition, in the order of [`RULES`].
///
/// `external` are the names of events that somebody else adds, `*` for any text, and `waiting` what an incomplete bundle waits for; `is_constant` tells that a value is a text that
/// stands in the template itself.
pub fn check(
    rendered: &Rendered,
    object: &Map<String, Value>,
    (external, waiting): (&[String], Waiting<'_>),
    is_constant: &dyn Fn(&str) -> bool,
) -> Vec<Finding> {
    let setting = Setting { text: &rendered.text, values: &rendered.values, external, waiting, is_constant };
    findings(&Definition::of(object, setting))
}

/// The findings in a definition of unknown origin; the error is that of the parser.
pub fn check_text(text: &str) -> Result<Vec<Finding>, serde_json::Error> {
    let object = serde_json::from_str(text)?;
    let setting = Setting { text, values: &[], external: &[], waiting: Waiting::default(), is_constant: &|_| true };
    Ok(findings(&Definition::of(&object, setting)))
}

fn findings(definition: &Definition<'_>) -> Vec<Finding> {
    RULES.iter().flat_map(|rule| rule.findings(definition)).collect()
}
