//! The transitions to an end: the outcome record, and what people are told when it is a bad one.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::super::{Count, Effect, Forward, Transition};
use super::journal::{End, Journal, Open, Proof};
use super::submit::schedule;
use super::{Delivery, count};
use crate::model::{Alert, Headers, Key, Reject, Severity, Timestamp};

/// The output that gets one record when a delivery comes to its end.
///
/// Value: JSON `{"bundle_id", "outcome": "submitted" | "failed" | "unknown", "folder", "run_id"?, "job_id"?, "attempts",
/// "template_revision", "at", "detail"?}`; `run_id` when the submit was answered, `job_id` when a look-up found the folder.
/// Headers: `CloudEvents` 1.0 in binary mode (its Kafka protocol binding, section 3.2).
pub const OUTCOMES: &str = "outcomes";

/// The value of an outcome record.
#[derive(Serialize)]
struct Record<'a> {
    bundle_id: &'a str,
    outcome: &'static str,
    folder: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<&'a str>,
    attempts: u32,
    template_revision: &'a str,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

impl Delivery {
    /// Control-M has the folder.
    pub(super) fn succeed(&self, key: &Key, open: Open, proof: Proof, now: Timestamp) -> Transition<Journal> {
        let counted = match proof {
            Proof::Run(_) => count::ACCEPTED,
            Proof::Job(_) => count::FOUND,
        };
        let end = End { proof: Some(proof), ..end(open, None, now) };
        let forward = outcome(key, "submitted", &end);
        self.ended(Journal::Submitted(end), forward, counted, now)
    }

    /// Control-M does not have the folder, and trying again is of no use.
    pub(super) fn fail(&self, key: &Key, open: Open, reject: Reject, now: Timestamp) -> Transition<Journal> {
        let end = end(open, Some(reject.detail), now);
        let forward = outcome(key, "failed", &end);
        let alert = alert("delivery_failed", "was not submitted", &end);
        // The input of this step may be an outcome, which has no record of its own: so the reason says where it stands.
        let detail = format!("submission {}: {}", end.origin, end.detail.as_deref().unwrap_or_default());
        self.ended(Journal::Failed(end), forward, count::FAILED, now)
            .with(alert)
            .with(Effect::DeadLetter(Reject { reason: reject.reason, detail }))
    }

    /// Nobody here can tell any more whether Control-M has had the folder.
    pub(super) fn give_up(&self, key: &Key, open: Open, detail: String, now: Timestamp) -> Transition<Journal> {
        let end = end(open, Some(detail), now);
        let forward = outcome(key, "unknown", &end);
        let alert = alert("delivery_unknown", "may or may not have been submitted and is not submitted again", &end);
        self.ended(Journal::Unknown(end), forward, count::UNKNOWN, now).with(alert)
    }

    fn ended(&self, journal: Journal, forward: Effect, counted: Count, now: Timestamp) -> Transition<Journal> {
        Transition::to(journal)
            .with(schedule(now.saturating_add(self.settings.keep)))
            .with(forward)
            .with(Effect::Count(counted))
    }
}

fn end(open: Open, detail: Option<String>, at: Timestamp) -> End {
    let Open { folder, template_revision, origin, attempts, .. } = open;
    End { folder, template_revision, origin, attempts, at, proof: None, detail }
}

fn outcome(key: &Key, outcome: &'static str, end: &End) -> Effect {
    let bundle_id = key.text();
    let (run_id, job_id) = match &end.proof {
        Some(Proof::Run(id)) => (Some(id.as_str()), None),
        Some(Proof::Job(id)) => (None, Some(id.as_str())),
        None => (None, None),
    };
    let record = Record {
        bundle_id: &bundle_id,
        outcome,
        folder: &end.folder,
        run_id,
        job_id,
        attempts: end.attempts,
        template_revision: &end.template_revision,
        at: end.at.to_string(),
        detail: end.detail.as_deref(),
    };
    // A struct of texts and numbers always has a form in JSON.
    let value = serde_json::to_vec(&record).unwrap_or_default();
    // One delivery has one end, so its name and the end's name are an id that a repeated step gives again.
    let headers = Headers::new()
        .with("content-type", "application/json")
        .with("ce_specversion", "1.0")
        .with("ce_id", format!("{}-{outcome}", end.folder))
        .with("ce_source", "sheaf/delivery")
        .with("ce_type", format!("sheaf.delivery.{outcome}.v1"))
        .with("ce_time", record.at)
        .about(key);
    Effect::Forward(Forward::new(OUTCOMES, Bytes::from(value)).with_headers(headers))
}

fn alert(kind: &str, what: &str, end: &End) -> Effect {
    let detail = end.detail.as_deref().unwrap_or_default();
    let details = BTreeMap::from([
        ("folder".to_owned(), json!(end.folder)),
        ("attempts".to_owned(), json!(end.attempts)),
        ("submission".to_owned(), json!(end.origin)),
        ("template_revision".to_owned(), json!(end.template_revision)),
        ("detail".to_owned(), json!(detail)),
    ]);
    Effect::Alert(Alert {
        kind: kind.to_owned(),
        severity: Severity::Critical,
        at: end.at,
        message: format!("{} {what}: {detail}", end.folder),
        details,
    })
}
