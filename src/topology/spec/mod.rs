//! A topology as its file says it, checked: every mistake is reported at once, with path, line and what to do.
//!
//! ```yaml
//! name: control-m
//! sources:
//!   - { topic: ctm-parent-events,   member: parent, bundle: /id,        id: /id, expects: /children }
//!   - { topic: ctm-children-events, member: child,  bundle: /parent_id, id: /id, position: /position }
//! bundle: { children: 1, sla: 24h }
//! submissions: ctm-submissions
//! deliver: { control_m: { template: templates/bundle.json, server: smprod, retention_days: 14 } }
//! ```
//!
//! `topologies/README.md` is the reference of the keys. Whether the template exists is seen by whoever reads it.

mod read;

use std::path::PathBuf;

use crate::model::Topic;
use crate::processor::bundle::Rules;

/// The topic of submissions when a file names none.
pub const SUBMISSIONS_DEFAULT: &str = "ctm-submissions";

/// A topology's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The topology's name.
    pub name: String,
    /// Where members come from, and what a bundle is.
    pub rules: Rules,
    /// Where complete bundles go.
    pub submissions: Topic,
    /// What happens to them then; `None`: others read the topic.
    pub deliver: Option<ControlM>,
}

/// Delivery to Control-M.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlM {
    /// The job definition's template.
    pub template: PathBuf,
    /// The Control-M server.
    pub server: String,
    /// Handed to the template.
    pub retention_days: u32,
}

#[cfg(test)]
mod tests;
