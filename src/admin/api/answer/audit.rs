//! What became of a command, as a list tells it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::Time;
use crate::runtime::{Audit, AuditVerdict};

/// A command with what became of it: its record in the topic `<application>-audit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditRecord {
    /// The application.
    #[schema(examples("ctm"))]
    pub application: String,
    /// The offset of the record in the topic, which has one partition.
    pub offset: i64,
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
    /// Its arguments; long values are cut.
    pub arguments: BTreeMap<String, String>,
    /// Who sent it: the name of the token.
    #[schema(examples("ann"))]
    pub by: String,
    /// The reason that was given.
    pub why: String,
    /// When it was sent.
    pub sent_at: Time,
    /// When it was executed.
    pub at: Time,
    /// What became of it.
    pub verdict: Verdict,
    /// Why it was rejected, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("bad_command"))]
    pub reason: Option<String>,
    /// Why it was rejected, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The statuses of the entry before.
    pub before: Vec<String>,
    /// The statuses after; equal if it changed nothing.
    pub after: Vec<String>,
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditVerdict)]
pub enum Verdict {
    /// It was executed, or the entry was as it demands already.
    Accepted,
    /// The entry does not allow it, and is unchanged.
    Rejected,
}

impl AuditRecord {
    /// The audit of an application at this offset.
    pub fn new(application: &str, offset: i64, audit: Audit) -> Self {
        let (verdict, reason, detail) = match audit.verdict {
            AuditVerdict::Accepted => (Verdict::Accepted, None, None),
            AuditVerdict::Rejected { reason, detail } => (Verdict::Rejected, Some(reason), Some(detail)),
        };
        Self {
            application: application.to_owned(),
            offset,
            id: audit.id.to_string(),
            processor: audit.processor,
            key: audit.key,
            name: audit.name,
            arguments: audit.arguments,
            by: audit.by,
            why: audit.why,
            sent_at: audit.sent_at.into(),
            at: audit.at.into(),
            verdict,
            reason,
            detail,
            before: audit.before,
            after: audit.after,
        }
    }
}
