//! Records for the audit topic: one per command, accepted or rejected, written in the transaction of its step.
//!
//! So a command that is in no audit has done nothing yet. The topic has one partition: it is in the order in which commands were
//! written. `docs/schemas/audit.schema.json` has the fields.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use super::topology_plan::TopologyPlan;
use crate::model::{Headers, Key, OutRecord, Record, Reject, Statuses, Timestamp, Topic};
use crate::processor::Command;
use crate::topology::Node;

/// The `CloudEvents` type.
const EVENT_TYPE: &str = "sheaf.command.v1";
/// The longest text of a command that is recorded, in characters; a dead letter may be edited with a large value. All are cut, because
/// an audit that does not fit its topic would stop the partition.
const TEXT_MAX: usize = 1_024;
/// The longest key that is recorded, in bytes.
const KEY_MAX: usize = 1_024;
/// The most arguments that are recorded.
const ARGUMENTS_MAX: usize = 32;

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// The id of the command.
    pub id: Uuid,
    /// The processor.
    pub processor: String,
    /// The key of the entry.
    pub key: String,
    /// The name of the command.
    pub name: String,
    /// Its arguments; long values are cut.
    pub arguments: BTreeMap<String, String>,
    /// The operator.
    pub by: String,
    /// The reason given by the operator.
    pub why: String,
    /// The time at which it was sent.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub sent_at: Timestamp,
    /// The time at which it was executed.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub at: Timestamp,
    /// Whether it was executed.
    #[serde(flatten)]
    pub verdict: AuditVerdict,
    /// The names of the statuses before.
    pub before: Vec<String>,
    /// The names of the statuses after; equal if it changed nothing.
    pub after: Vec<String>,
}

/// Whether a command was executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum AuditVerdict {
    /// It was executed, or the entry was as it demands already.
    Accepted,
    /// The entry does not allow it, and is unchanged.
    Rejected {
        /// The reason, a word of [`RejectReason`](crate::model::RejectReason).
        reason: String,
        /// The details.
        detail: String,
    },
}

/// A command before its step, with the statuses of its entry.
#[derive(Debug)]
pub(super) struct Audited {
    command: Command,
    before: Statuses,
}

impl Audited {
    /// The command of an entry with these statuses.
    pub(super) fn new(command: &Command, before: Statuses) -> Box<Self> {
        Box::new(Self { command: command.clone(), before })
    }

    /// The record of the command, in the form of `CloudEvents`; `result` has the statuses after it. It has the same id if the step is
    /// repeated.
    pub(super) fn record(
        self,
        (plan, node): (&TopologyPlan, &Node),
        (key, at): (&Key, Timestamp),
        result: Result<Statuses, &Reject>,
    ) -> OutRecord {
        let Self { command, before } = self;
        let Command { id, name, arguments, by, why, at: sent_at, .. } = command;
        let names = |statuses: Statuses| {
            let names = statuses.as_slice().iter().map(|status| node.processor.status_name(*status).into_owned());
            names.collect::<Vec<_>>()
        };
        let (verdict, after) = match result {
            Ok(after) => (AuditVerdict::Accepted, after),
            Err(Reject { reason, detail }) => {
                (AuditVerdict::Rejected { reason: reason.as_str().to_owned(), detail: cut(detail.clone()) }, before)
            }
        };
        let arguments =
            arguments.into_iter().take(ARGUMENTS_MAX).map(|(name, value)| (cut(name), cut(value))).collect();
        let key = &recorded_key(key);
        let audit = Audit {
            id,
            processor: node.name.to_string(),
            key: key.text().into_owned(),
            name: cut(name),
            arguments,
            by: cut(by),
            why: cut(why),
            sent_at,
            at,
            verdict,
            before: names(before),
            after: names(after),
        };
        audit.record(key, (&plan.topology.name, &plan.audit))
    }
}

impl Audit {
    /// Its record for the audit topic of an application, in the form of `CloudEvents`.
    pub(super) fn record(&self, key: &Key, (topology, topic): (&str, &Topic)) -> OutRecord {
        let headers = Headers::new()
            .with("ce_specversion", "1.0")
            .with("ce_id", self.id.to_string())
            .with("ce_type", EVENT_TYPE)
            .with("ce_source", format!("/sheaf/{topology}/{}", self.processor))
            .with("ce_time", self.at.to_string())
            .about(key)
            .with("content-type", "application/json");
        // A struct of texts and numbers always serializes.
        let value = Bytes::from(serde_json::to_vec(self).unwrap_or_default());
        OutRecord::keyed(topic, key, value).with_headers(headers)
    }

    /// The audit of a record; `None` for one that sheaf did not write.
    pub fn read(record: &Record) -> Option<Self> {
        serde_json::from_slice(record.value.as_deref()?).ok()
    }
}

/// What is recorded of a key.
pub(super) fn recorded_key(key: &Key) -> Key {
    Key::from_slice(key.as_bytes().get(..KEY_MAX).unwrap_or(key.as_bytes()))
}

/// The first characters of a long value.
fn cut(value: String) -> String {
    match value.char_indices().nth(TEXT_MAX) {
        None => value,
        Some((end, _)) => format!("{} ({} bytes in all)", value.get(..end).unwrap_or_default(), value.len()),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn as_text<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}
