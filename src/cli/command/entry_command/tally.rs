//! What became of the commands to several entries.

use std::collections::BTreeMap;

use crate::runtime::{Audit, AuditVerdict, CommandError};

/// What became of commands, counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) accepted: usize,
    rejected: usize,
    unanswered: usize,
    unsent: usize,
}

impl Tally {
    /// Counts an answer, and tells it.
    pub(super) fn add(&mut self, id: &str, answer: Result<Audit, CommandError>) -> String {
        match answer {
            Ok(audit) => {
                let change = match &audit.verdict {
                    AuditVerdict::Accepted => {
                        self.accepted += 1;
                        change_of(&audit)
                    }
                    AuditVerdict::Rejected { detail, .. } => {
                        self.rejected += 1;
                        format!("rejected: {detail}")
                    }
                };
                format!("{id}  {change}")
            }
            Err(error) => {
                self.unanswered += 1;
                format!("{id}  no answer: {error}")
            }
        }
    }

    /// Counts an entry to which no command is sent, and tells it.
    pub(super) fn leave_out(&mut self, id: &str, why: &str) -> String {
        self.unsent += 1;
        format!("{id}  not sent: {why}")
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { accepted, rejected, unanswered, unsent } = self;
        write!(f, "{accepted} accepted, {rejected} rejected")?;
        for (number, what) in [(unanswered, "without an answer"), (unsent, "not sent")] {
            if *number > 0 {
                write!(f, ", {number} {what}")?;
            }
        }
        Ok(())
    }
}

/// Arguments, each after a blank: ` until=2026-12-01T05:00:00.000Z`.
pub(in crate::cli::command) fn listed(arguments: &BTreeMap<String, String>) -> String {
    arguments.iter().map(|(name, value)| [" ", name, "=", value].concat()).collect()
}

/// `accepted: open/waiting-children -> cancelled`.
pub(in crate::cli::command) fn change_of(audit: &Audit) -> String {
    let names = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(" ") };
    let (before, after) = (names(&audit.before), names(&audit.after));
    if before == after { format!("accepted: {after}") } else { format!("accepted: {before} -> {after}") }
}
